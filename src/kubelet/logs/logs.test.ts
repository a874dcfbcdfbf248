import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform, silentLog } from "../../base/index.ts";
import type { RuntimeService } from "../../cri/index.ts";
import type { Pod } from "../types.ts";
import { testContainer, testPod } from "../testing/fixtures.ts";
import { logContainerId } from "./log-target.ts";
import { parseNanoTime } from "./parse.ts";
import { type LogOptions, readLog } from "./reader.ts";
import { LogRotation } from "./rotation.ts";
import { tailLogText } from "./tail.ts";

const log = [
  "2026-01-01T00:00:01.1Z stdout F one",
  "2026-01-01T00:00:02.123456789Z stderr F two",
  "2026-01-01T00:00:03Z stdout P thr",
  "2026-01-01T00:00:04Z stdout F ee",
  "rubbish",
  "2026-01-01T00:00:05Z stdout F ",
  "",
].join("\n");

async function read(options: Partial<LogOptions>, text = log): Promise<string> {
  const { disk, clock } = createVirtualPlatform();
  await disk.write("/log", text);
  const all: LogOptions = { follow: false, timestamps: false, stream: "All", ...options };
  const parts: Uint8Array[] = [];
  const deps = { disk, clock, alive: async () => false };
  for await (const part of readLog(deps, "/log", all, new AbortController().signal)) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("options of a log, one by one", async () => {
  assert.equal(await read({}), "one\ntwo\nthree\n\n");
  assert.equal(await read({ stream: "Stderr" }), "two\n");
  assert.equal(await read({ tailLines: 2 }), "\n", "lines of the file are counted, whatever they hold");
  assert.equal(await read({ tailLines: 0 }), "");
  assert.equal(await read({ tailLines: 100 }), "one\ntwo\nthree\n\n");
  assert.equal(await read({ limitBytes: 6 }), "one\ntw");
  assert.equal(await read({ sinceNanos: parseNanoTime("2026-01-01T00:00:02.2Z") }), "three\n\n");
  assert.equal(
    await read({ timestamps: true, tailLines: 5 }),
    "2026-01-01T00:00:02.123456789Z two\n2026-01-01T00:00:03.000000000Z three\n2026-01-01T00:00:05.000000000Z \n",
  );
  assert.equal(await read({}, "2026-01-01T00:00:01Z stdout F cut off"), "cut off");
});

test("following goes on with what is written, through a rotation, until the container has ended", async () => {
  const { disk, clock } = createVirtualPlatform();
  await disk.write("/log", "2026-01-01T00:00:01Z stdout F old\n");
  let alive = true;
  const seen: string[] = [];
  const options: LogOptions = { follow: true, timestamps: false, stream: "All" };
  const done = (async () => {
    for await (const part of readLog(
      { disk, clock, alive: async () => alive },
      "/log",
      options,
      new AbortController().signal,
    )) {
      seen.push(Buffer.from(part).toString().trim());
    }
  })();
  await clock.advance(1_500);
  await disk.append("/log", "2026-01-01T00:00:02Z stdout F new\n");
  await clock.advance(1_500);
  await disk.write("/log", "2026-01-01T00:00:03Z stdout F x\n");
  await clock.advance(1_500);
  await disk.append("/log", "2026-01-01T00:00:04Z stdout F last\n");
  alive = false;
  await clock.advance(3_000);
  await done;
  assert.deepEqual(seen, ["old", "new", "x", "last"]);
});

test("a stopped reader ends the following", async () => {
  const { disk, clock } = createVirtualPlatform();
  await disk.write("/log", "");
  const controller = new AbortController();
  const options: LogOptions = { follow: true, timestamps: false, stream: "All" };
  const done = readLog({ disk, clock, alive: async () => true }, "/log", options, controller.signal).next();
  await clock.advance(5_000);
  controller.abort();
  assert.equal((await done).done, true);
});

test("the end of a log is a termination message", async () => {
  const { disk } = createVirtualPlatform();
  await disk.write("/log", log);
  assert.equal(await tailLogText(disk, "/log", 80, 2048), "one\ntwo\nthree\n\n");
  assert.equal(await tailLogText(disk, "/log", 80, 5), "ree\n\n");
});

test("whose log is meant, and why there is none", () => {
  const pod = (state: object, lastState = {}): Pod => ({
    ...testPod({ containers: [testContainer("main")] }),
    status: {
      containerStatuses: [
        {
          name: "main",
          state,
          lastState,
          containerID: "containerd://now",
          ready: false,
          restartCount: 0,
          image: "",
          imageID: "",
        },
      ],
    },
  });
  const ended = (id: string) => ({ terminated: { exitCode: 1, containerID: `containerd://${id}` } });
  assert.equal(logContainerId(pod({ running: {} }), "main", false), "now");
  assert.equal(logContainerId(pod(ended("now")), "main", false), "now");
  assert.equal(
    logContainerId(pod({ waiting: { reason: "CrashLoopBackOff" } }, ended("before")), "main", false),
    "before",
  );
  assert.equal(logContainerId(pod({ running: {} }, ended("before")), "main", true), "before");
  const cases: [Pod, string, boolean, RegExp][] = [
    [pod({ running: {} }), "main", true, /previous terminated container "main" in pod "web" not found/],
    [pod({ waiting: { reason: "ErrImagePull" } }), "main", false, /is waiting to start: image can't be pulled/],
    [pod({ waiting: { reason: "ImagePullBackOff" } }), "main", false, /trying and failing to pull image/],
    [
      pod({ waiting: { reason: "ContainerCreating" } }),
      "main",
      false,
      /container "main" in pod "web" is waiting to start: ContainerCreating/,
    ],
    [pod({ running: {} }), "nope", false, /container "nope" not found in pod "web"/],
  ];
  for (const [one, container, previous, message] of cases)
    assert.throws(() => logContainerId(one, container, previous), message);
});

test("large logs are renamed, compressed and dropped", async () => {
  const { disk, clock } = createVirtualPlatform({ startMs: Date.UTC(2026, 0, 1) });
  const reopened: string[] = [];
  const runtime = {
    reopenContainerLog: async ({ containerId }: { containerId: string }) => {
      reopened.push(containerId);
      await disk.write("/logs/0.log", "");
    },
  } as unknown as RuntimeService;
  const rotation = new LogRotation({
    disk,
    clock,
    log: silentLog,
    runtime,
    maxBytes: 10,
    maxFiles: 3,
    running: () => [],
  });
  await disk.makeDirectory("/logs");
  for (let round = 0; round < 4; round++) {
    await disk.write("/logs/0.log", "x".repeat(11));
    await rotation.rotateIfLarge("c", "/logs/0.log");
    await clock.advance(1_000);
  }
  assert.deepEqual(await disk.list("/logs"), ["0.log", "0.log.20260101-000002.gz", "0.log.20260101-000003"]);
  await disk.write("/logs/0.log", "small");
  await rotation.rotateIfLarge("c", "/logs/0.log");
  assert.equal(reopened.length, 4);
});
