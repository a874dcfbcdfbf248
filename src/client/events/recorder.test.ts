import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../api/index.ts";
import { silentLog, VirtualClock } from "../../base/index.ts";
import { FakeClient } from "../fake/fake-client.ts";
import { EventBroadcaster, type EventRecorder } from "./recorder.ts";

const resource = { group: "", version: "v1", resource: "events" };
const about = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "web", uid: "1" };

async function withRecorder(
  work: (recorder: EventRecorder, clock: VirtualClock) => Promise<void>,
): Promise<readonly Event[]> {
  const clock = new VirtualClock();
  const client = new FakeClient({ clock });
  const broadcaster = new EventBroadcaster({ client, clock, log: silentLog });
  const controller = new AbortController();
  const running = broadcaster.run(controller.signal);
  await work(broadcaster.recorder("tester"), clock);
  await clock.settle();
  controller.abort();
  await running;
  return (await client.resource<Event>(resource).list()).items;
}

test("equal events are counted", async () => {
  const events = await withRecorder(async (recorder, clock) => {
    for (let time = 0; time < 3; time += 1) {
      recorder.event(about, "Normal", "Pulled", "same");
      await clock.advance(1_000);
    }
  });
  assert.deepEqual(
    events.map(({ count, message, firstTimestamp, lastTimestamp, source }) => ({
      count,
      message,
      firstTimestamp,
      lastTimestamp,
      source,
    })),
    [
      {
        count: 3,
        message: "same",
        firstTimestamp: "2026-01-01T00:00:00Z",
        lastTimestamp: "2026-01-01T00:00:02Z",
        source: { component: "tester" },
      },
    ],
  );
});

test("many similar events are combined, and an object that makes too many is not heard", async () => {
  const events = await withRecorder(async (recorder) => {
    for (let index = 0; index < 40; index += 1) recorder.event(about, "Warning", "Failed", `attempt ${index}`);
  });
  assert.equal(events.length, 10);
  const combined = events.find((event) => event.message?.startsWith("(combined from similar events): ") === true);
  assert.equal(combined?.count, 16);
});
