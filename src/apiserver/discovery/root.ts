import type { PathHandler } from "../handlers/router.ts";
import { jsonReply } from "../http/reply.ts";
import type { DiscoverySource } from "./plain.ts";

const fixed = [
  "/.well-known/openid-configuration",
  "/api",
  "/apis",
  "/apis/",
  "/metrics",
  "/metrics/slis",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/",
  "/openid/v1/jwks",
  "/version",
];

/** `/`: which paths there are; `more` names those of the health checks and other pages. */
export function rootPath(source: DiscoverySource, more: () => readonly string[]): PathHandler {
  return {
    handle(request) {
      if (request.target !== "/" && !request.target.startsWith("/?")) return undefined;
      const groups = source
        .groupVersions()
        .flatMap(({ group, version }) =>
          group === "" ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
        );
      return jsonReply(200, { paths: [...new Set([...groups, ...more(), ...fixed])].sort() });
    },
  };
}
