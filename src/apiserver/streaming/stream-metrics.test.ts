import assert from "node:assert/strict";
import { test } from "node:test";
import { newBadRequest } from "../../apimachinery/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import { textReply } from "../http/reply.ts";
import { counted, streamMetrics } from "./stream-metrics.ts";

test("streams are counted by how their requests came out", async () => {
  const registry = new MetricsRegistry();
  const { translated, tunnelled } = streamMetrics(registry);
  await counted(translated, 200, async () => ({ status: 101, headers: {}, body: { type: "taken" } }));
  await counted(tunnelled, 101, async () => ({ status: 101, headers: {}, body: { type: "taken" } }));
  await counted(translated, 200, async () => textReply(403, "no"));
  const fail = (error: Error) => counted(translated, 200, () => Promise.reject(error));
  await assert.rejects(fail(newBadRequest("no such protocol")));
  await assert.rejects(fail(new Error("lost")));
  const { body } = registry.render();
  for (const [code, count] of Object.entries({ 200: 1, 403: 1, 400: 1, 500: 1 })) {
    assert.ok(body.includes(`apiserver_stream_translator_requests_total{code="${code}"} ${count}`), code);
  }
  assert.ok(body.includes('apiserver_stream_tunnel_requests_total{code="101"} 1'));
});
