import { MetricsRegistry } from "../../component/index.ts";
import type { PathHandler } from "../handlers/router.ts";

/** `/metrics` or another path, in the Prometheus text format or as OpenMetrics. */
export function metricsPath(registry: MetricsRegistry, path = "/metrics"): PathHandler {
  return {
    handle(request) {
      if (request.target.split("?")[0] !== path) return undefined;
      const accept = request.headers["accept"];
      const format = MetricsRegistry.formatFor(typeof accept === "string" ? accept : undefined);
      const { contentType, body } = registry.render(format);
      return {
        status: 200,
        headers: { "content-type": contentType },
        body: { type: "bytes", bytes: Buffer.from(body) },
      };
    },
  };
}
