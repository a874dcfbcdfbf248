import type { PathHandler } from "../handlers/router.ts";
import { jsonReply } from "../http/reply.ts";
import type { DiscoverySource } from "./plain.ts";

const fixed = ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];

/** `/`: which paths there are. */
export function rootPath(source: DiscoverySource): PathHandler {
  return {
    handle(request) {
      if (request.target !== "/" && !request.target.startsWith("/?")) return undefined;
      const groups = source
        .groupVersions()
        .flatMap(({ group, version }) =>
          group === "" ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
        );
      return jsonReply(200, { paths: [...new Set(["/api", "/apis", ...groups, ...fixed])].sort() });
    },
  };
}
