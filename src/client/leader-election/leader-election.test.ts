import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../api/index.ts";
import { SeededRandom, silentLog, VirtualClock } from "../../base/index.ts";
import { FakeClient, fakeFailure } from "../fake/fake-client.ts";
import { LeaderElector, LeadershipLostError } from "./leader-elector.ts";

function setUp(): {
  clock: VirtualClock;
  client: FakeClient;
  elector: (identity: string, log: string[]) => LeaderElector;
} {
  const clock = new VirtualClock();
  const client = new FakeClient({ clock });
  const elector = (identity: string, log: string[]): LeaderElector =>
    new LeaderElector({
      client,
      clock,
      random: new SeededRandom(identity),
      log: silentLog,
      namespace: "kube-system",
      leaseName: "test",
      identity,
      lead: (signal) =>
        new Promise((resolve) => {
          log.push(`${identity} leads at ${clock.monotonic()}`);
          signal.addEventListener("abort", () => {
            log.push(`${identity} stops`);
            resolve();
          });
        }),
    });
  return { clock, client, elector };
}

const leases = { group: "coordination.k8s.io", version: "v1", resource: "leases" };

test("one leads, and the other takes over at once when the first leaves in good order", async () => {
  const { clock, elector } = setUp();
  const log: string[] = [];
  const a = new AbortController();
  const b = new AbortController();
  const runs = [elector("a", log).run(a.signal), elector("b", log).run(b.signal)];
  await clock.advance(60_000);
  assert.deepEqual(log, ["a leads at 0"]);
  a.abort();
  await clock.advance(6_000);
  assert.deepEqual(log.slice(0, 2), ["a leads at 0", "a stops"]);
  assert.match(log[2] ?? "", /^b leads at 6\d{4}/);
  b.abort();
  await Promise.all(runs);
});

test("a leader that cannot renew gives up before another may lead", async () => {
  const { clock, client, elector } = setUp();
  const log: string[] = [];
  const a = new AbortController();
  const b = new AbortController();
  const first = elector("a", log);
  const failed = assert.rejects(first.run(a.signal), LeadershipLostError);
  await clock.advance(4_000);
  const second = elector("b", log).run(b.signal);
  await clock.advance(4_000);
  client.react((action) => {
    const holder = (action.object as Lease | undefined)?.spec.holderIdentity;
    if (action.verb === "update" && holder !== "b") throw fakeFailure(503, "ServiceUnavailable", "cut off");
  });
  await clock.advance(40_000);
  await failed;
  assert.equal(log[1], "a stops");
  assert.match(log[2] ?? "", /^b leads/);
  const lease = await client.resource<Lease>(leases).namespace("kube-system").get("test");
  assert.equal(lease.spec.holderIdentity, "b");
  assert.equal(lease.spec.leaseTransitions, 1);
  b.abort();
  await second;
});
