import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { test } from "node:test";
import { MemoryDisk, silentLog, VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import type { AuditEvent, AuditSink } from "./contract.ts";
import { auditErrors, BatchBackend, BlockingBackend, LogSink, truncatingSink, WebhookSink } from "./index.ts";

const never = new AbortController().signal;

function event(auditID: string, more: Partial<AuditEvent> = {}): AuditEvent {
  const stamp = "2026-01-01T00:00:00.000000Z";
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID,
    stage: "ResponseComplete",
    requestURI: "/",
    verb: "get",
    user: {},
    requestReceivedTimestamp: stamp,
    stageTimestamp: stamp,
    ...more,
  };
}

async function directory() {
  const clock = new VirtualClock();
  const disk = new MemoryDisk(clock);
  await disk.makeDirectory("/log");
  return { clock, disk };
}

/** Keeps what it is given; fails as often as it is told. */
class Receiver implements AuditSink {
  readonly name = "webhook";
  readonly batches: string[][] = [];
  failures = 0;
  open: PromiseWithResolvers<void> | undefined;

  async write(events: readonly AuditEvent[]): Promise<void> {
    await this.open?.promise;
    if (this.failures-- > 0) throw new Error("not now");
    this.batches.push(events.map(({ auditID }) => auditID));
  }
}

test("the log is written in lines, rotated by size, and old files go", async () => {
  const { clock, disk } = await directory();
  const sink = new LogSink({ clock, disk, path: "/log/audit.log", bytesMax: 400, backupsMax: 1 });
  for (let index = 0; index < 6; index++) {
    await sink.write([event(`event-${index}`)]);
    await clock.advance(1_000);
  }
  const files = await disk.list("/log");
  assert.equal(files.length, 2, files.join(" "));
  assert.match(files[0] ?? "", /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
  const newest = (await disk.readText("/log/audit.log")).trim().split("\n");
  assert.equal((JSON.parse(newest.at(-1) ?? "") as AuditEvent).auditID, "event-5");
});

test("the log is nobody else's to read, and its directory is made", async () => {
  const { clock, disk } = await directory();
  const sink = new LogSink({ clock, disk, path: "/log/deep/audit.log", bytesMax: 100 });
  for (const id of ["a", "b"]) await sink.write([event(id)]);
  const files = await disk.list("/log/deep");
  assert.equal(files.length, 2);
  for (const name of files) assert.equal(((await disk.status(`/log/deep/${name}`))?.mode ?? 0) & 0o777, 0o600);
});

test("old files are compressed if so asked, and go by age", async () => {
  const { clock, disk } = await directory();
  const sink = new LogSink({ clock, disk, path: "/log/audit.log", bytesMax: 100, daysMax: 2, compress: true });
  for (let index = 0; index < 3; index++) {
    await sink.write([event(`event-${index}`)]);
    await clock.advance(2 * 86_400_000);
  }
  const [backup = "", ...others] = (await disk.list("/log")).filter((name) => name.endsWith(".log.gz"));
  assert.deepEqual(others, []);
  assert.match(gunzipSync(await disk.read(`/log/${backup}`)).toString(), /"auditID":"event-1"/);
});

test("what is written at the same time goes out together, and each waits for its own", async () => {
  const { clock, disk } = await directory();
  let appends = 0;
  const append = disk.append.bind(disk);
  disk.append = (path, data) => {
    appends++;
    return append(path, data);
  };
  const sink = new LogSink({ clock, disk, path: "/log/audit.log" });
  await Promise.all(Array.from({ length: 50 }, (_, index) => sink.write([event(String(index))])));
  assert.ok(appends <= 2, String(appends));
  assert.equal((await disk.readText("/log/audit.log")).trim().split("\n").length, 50);
});

test("the legacy format is one line of names and values", async () => {
  const { clock, disk } = await directory();
  const sink = new LogSink({ clock, disk, path: "/log/audit.log", format: "legacy" });
  await sink.write([
    event("one", {
      verb: "create",
      user: { username: "ann", groups: ["a", 'b"c'] },
      impersonatedUser: { username: "bob" },
      sourceIPs: ["192.0.2.1"],
      userAgent: "kubectl",
      objectRef: { namespace: "default" },
      requestURI: "/api/v1/namespaces/default/pods",
      responseStatus: { metadata: {}, code: 201 },
    }),
    event("two"),
  ]);
  const lines = (await disk.readText("/log/audit.log")).trim().split("\n");
  assert.equal(
    lines[0],
    '2026-01-01T00:00:00.000000Z AUDIT: id="one" stage="ResponseComplete" ip="192.0.2.1" method="create" ' +
      'user="ann" groups="a","b\\"c" as="bob" asgroups=<lookup> user-agent="kubectl" namespace="default" ' +
      'uri="/api/v1/namespaces/default/pods" response="201"',
  );
  assert.match(lines[1] ?? "", /user="<none>" groups=<none> as="<self>" .*namespace="<none>" .*response="<deferred>"$/);
});

test("batches go when they are full or their wait is over; what is too much is counted", async () => {
  const clock = new VirtualClock();
  const sink = new Receiver();
  const metrics = new MetricsRegistry();
  const onLost = auditErrors(metrics)("webhook");
  const log = silentLog;
  const backend = new BatchBackend({
    ...{ clock, log, sink, onLost },
    bufferMax: 5,
    batchMax: 3,
    waitMs: 30_000,
    parallel: 1,
  });
  for (let index = 0; index < 7; index++) backend.record(event(String(index)));
  const ended = new AbortController();
  const running = backend.run(ended.signal);
  await clock.advance(29_000);
  assert.deepEqual(sink.batches, [["0", "1", "2"]]);
  await clock.advance(1_000);
  assert.deepEqual(sink.batches.at(-1), ["3", "4"]);
  backend.record(event("last"));
  ended.abort();
  await running;
  assert.deepEqual(sink.batches.at(-1), ["last"]);
  assert.ok(metrics.render().body.includes('apiserver_audit_error_total{plugin="webhook"} 2'));
});

test("batches are throttled, and a slow receiver does not hold up the others", async () => {
  const clock = new VirtualClock();
  const sink = new Receiver();
  sink.open = Promise.withResolvers();
  const throttle = { qps: 1, burst: 2 };
  const backend = new BatchBackend({
    ...{ clock, log: silentLog, sink, throttle },
    bufferMax: 100,
    batchMax: 1,
    waitMs: 30_000,
    parallel: 10,
  });
  const ended = new AbortController();
  const running = backend.run(ended.signal);
  for (let index = 0; index < 4; index++) backend.record(event(String(index)));
  await clock.advance(0);
  sink.open.resolve();
  sink.open = undefined;
  await clock.advance(500);
  assert.deepEqual(sink.batches, [["0"], ["1"]]);
  await clock.advance(600);
  assert.deepEqual(sink.batches.at(-1), ["2"]);
  await clock.advance(1_000);
  assert.deepEqual(sink.batches.at(-1), ["3"]);
  ended.abort();
  await running;
});

test("a receiver is asked five times, later each time", async () => {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const post = async (): Promise<void> => {
    asked.push(clock.monotonic());
    throw new Error("not now");
  };
  const sink = new WebhookSink({ clock, post, backoffMs: 1_000 });
  const writing = sink.write([event("x")], never);
  writing.catch(() => {});
  await clock.advance(60_000);
  await assert.rejects(writing, /not now/);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  assert.deepEqual(waits, [1_000, 1_500, 2_250, 3_375]);
});

test("blocking backends have requests wait; only a strict one has them refused", async () => {
  const sink = new Receiver();
  sink.open = Promise.withResolvers();
  const blocking = new BlockingBackend({ sink, log: silentLog, strict: false });
  let done = false;
  const recorded = blocking.record(event("a")).then((stored) => {
    done = true;
    return stored;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(done, false);
  sink.open.resolve();
  assert.equal(await recorded, true);
  sink.failures = 2;
  assert.equal(await blocking.record(event("b")), true);
  const strict = new BlockingBackend({ sink, log: silentLog, strict: true });
  assert.equal(await strict.record(event("c")), false);
  assert.equal(await strict.record(event("d")), true);
});

test("events that are too large lose their bodies, batches are split, and the rest is lost", async () => {
  const sink = new Receiver();
  const seen: AuditEvent[] = [];
  const write = sink.write.bind(sink);
  sink.write = (events) => {
    seen.push(...events);
    return write(events);
  };
  let lost = 0;
  const small = JSON.stringify(event("a")).length;
  const limits = { eventBytesMax: small + 60, batchBytesMax: 2 * small };
  const truncating = truncatingSink(sink, limits, (count) => {
    lost += count;
  });
  const large = event("b", { requestObject: "x".repeat(500), responseObject: "y".repeat(500) });
  await truncating.write([event("a"), event("c"), large, event("d", { userAgent: "z".repeat(500) })], never);
  assert.deepEqual(sink.batches, [["a", "c"], ["b"]]);
  assert.equal(seen[2]?.requestObject, undefined);
  assert.deepEqual(seen[2]?.annotations, { "audit.k8s.io/truncated": "true" });
  assert.equal(lost, 1);
});
