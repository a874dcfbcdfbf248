import { release } from "../../component/index.ts";
import { checkProduced } from "../handlers/negotiation.ts";
import { methodNotAllowedReply, type PathHandler } from "../handlers/router.ts";
import { headerText } from "../handlers/body.ts";
import { bytesReply, mediaJson } from "../http/reply.ts";

export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/** The Kubernetes release whose API this server speaks. */
export const apiVersionInfo: VersionInfo = release;

interface Runtime {
  readonly nodeVersion: string;
  readonly architecture: string;
}

/** `/version`. */
export function versionPath(runtime: Runtime): PathHandler {
  const body = Buffer.from(JSON.stringify(versionBody(runtime), undefined, 2));
  return {
    handle(request) {
      if (!/^\/version\/?(\?|$)/.test(request.target)) return undefined;
      if (request.method !== "GET") return methodNotAllowedReply();
      checkProduced(headerText(request, "accept"), [mediaJson]);
      return bytesReply(200, mediaJson, body);
    },
  };
}

/** With the field order of upstream's `version.Info`. */
function versionBody(platform: Runtime): unknown {
  const { major, minor, gitVersion } = apiVersionInfo;
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `node${platform.nodeVersion}`,
    compiler: "typescript",
    platform: `linux/${platform.architecture === "x64" ? "amd64" : platform.architecture}`,
  };
}
