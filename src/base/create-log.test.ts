import assert from "node:assert/strict";
import { test } from "node:test";
import { CapturingLog, createLog, type LogOptions } from "./create-log.ts";
import type { LogLevel } from "./log.ts";

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) };

function lines(options: Partial<LogOptions>) {
  const written: string[] = [];
  return { written, log: createLog({ clock, sink: (line) => written.push(line), ...options }) };
}

test("text lines carry time, level, message and fields", () => {
  const { log, written } = lines({});
  log.with({ node: "n1" }).info("Pod started", { pod: "default/web", took: 3, why: "two words", skipped: undefined });
  log.debug("not written");
  log.error("It failed", { error: new Error("outer", { cause: new Error("inner") }) });
  assert.deepEqual(written, [
    '2026-01-02T03:04:05.006Z INFO  Pod started node=n1 pod=default/web took=3 why="two words"',
    '2026-01-02T03:04:05.006Z ERROR It failed error="outer: inner"',
  ]);
});

test("JSON lines are JSON, whatever the fields", () => {
  const { log, written } = lines({ format: "json", level: "debug" });
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  log.debug("A", { count: 5n, error: new Error("no") });
  log.warn("B", circular);
  assert.deepEqual(
    written.map((line) => JSON.parse(line)),
    [
      { ts: "2026-01-02T03:04:05.006Z", level: "debug", msg: "A", count: "5", error: "no" },
      { ts: "2026-01-02T03:04:05.006Z", level: "warn", msg: "B", fields: "not serializable" },
    ],
  );
});

test("the level may change while running", () => {
  let level: LogLevel = "error";
  const { log, written } = lines({ level: () => level });
  log.info("unseen");
  level = "info";
  log.info("seen");
  assert.equal(written.length, 1);
});

test("a capturing log keeps what was said", () => {
  const log = new CapturingLog();
  log.with({ a: 1 }).warn("Careful", { b: 2 });
  assert.deepEqual(log.entries, [{ level: "warn", message: "Careful", fields: { a: 1, b: 2 } }]);
  assert.deepEqual(log.messages("warn"), ["Careful"]);
});
