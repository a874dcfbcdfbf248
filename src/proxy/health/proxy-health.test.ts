import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { ProxyHealth } from "./proxy-health.ts";

test("a proxy is unhealthy when a change waits too long; a node that goes only concerns load balancers", async () => {
  const clock = new VirtualClock();
  let stays = true;
  const told: string[] = [];
  const health = new ProxyHealth({
    ...{ clock, family: "IPv4", timeoutMs: 60_000, nodeEligible: () => stays },
    answered: (path, status) => told.push(`${path} ${status}`),
  });
  const ask = (path: string) => {
    const { status, body = "{}" } = health.answer(path) ?? {};
    const { healthy, nodeEligible, status: families } = JSON.parse(body) as Record<string, unknown>;
    return [status, healthy, nodeEligible, families];
  };
  assert.deepEqual(ask("/healthz"), [200, true, true, undefined], "it still starts");
  health.queued();
  await clock.advance(61_000);
  assert.deepEqual(ask("/livez"), [200, true, undefined, undefined]);
  health.updated();
  const lastUpdated = new Date(clock.now()).toISOString();
  assert.deepEqual(ask("/healthz"), [200, true, true, { IPv4: { lastUpdated, healthy: true } }]);
  health.queued();
  await clock.advance(30_000);
  health.queued();
  await clock.advance(29_000);
  assert.equal(ask("/livez")[0], 200);
  await clock.advance(1_000);
  assert.deepEqual(ask("/healthz"), [503, false, true, { IPv4: { lastUpdated, healthy: false } }]);
  assert.equal(ask("/livez")[0], 503);
  health.updated();
  stays = false;
  assert.deepEqual(ask("/healthz").slice(0, 3), [503, true, false]);
  assert.deepEqual(ask("/livez").slice(0, 3), [200, true, undefined]);
  assert.equal(health.answer("/"), undefined);
  assert.deepEqual(told.slice(0, 2), ["healthz 200", "livez 200"]);
});
