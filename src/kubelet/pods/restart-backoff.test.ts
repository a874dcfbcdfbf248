import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { testContainer, testPod, testStatus, testView } from "../testing/fixtures.ts";
import { RestartBackoff } from "./restart-backoff.ts";

test("a container that is killed for its health waits as one that ends by itself", async () => {
  const clock = new VirtualClock();
  const events: string[] = [];
  const backoff = new RestartBackoff(clock, { event: (_target, _type, reason) => events.push(reason) });
  const pod = testPod();
  const container = testContainer("main");
  const finishedAtMs = clock.now();
  const ended = testStatus("main", { id: "main-0", state: "exited", exitCode: 137, finishedAtMs });
  const running = testStatus("main", { id: "main-1", restartCount: 1 });

  assert.equal(backoff.waiting(pod, testView([running]), "main"), undefined, "the first time it does not");
  backoff.note(pod, container, testView([ended]));
  // Not alive again: the one before is what it waits by.
  const view = testView([running, ended]);
  assert.match(backoff.waiting(pod, view, "main")?.message ?? "", /^back-off 10s restarting failed container=main/);
  assert.equal(backoff.wakeMs(pod, view, ["main"]), 10_000);
  assert.deepEqual(events, ["BackOff"]);
  await clock.advance(10_000);
  assert.equal(backoff.waiting(pod, view, "main"), undefined);
});
