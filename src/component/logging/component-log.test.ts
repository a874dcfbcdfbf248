import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { parseFlags } from "../flags/index.ts";
import { createComponentLog, logFlags } from "./component-log.ts";

function linesOf(...args: string[]): readonly string[] {
  const lines: string[] = [];
  const { values } = parseFlags(logFlags, args);
  const log = createComponentLog("kubelet", values, new VirtualClock(0), (line) => lines.push(line));
  log.debug("Detail");
  log.info("News");
  return lines;
}

test("verbosity and format are as the flags ask for", () => {
  assert.deepEqual(linesOf(), ["1970-01-01T00:00:00.000Z INFO  News component=kubelet"]);
  assert.equal(linesOf("-v4").length, 2);
  assert.match(linesOf("--logging-format=json")[0] ?? "", /^\{.*"msg":"News","component":"kubelet"\}$/);
  assert.throws(() => linesOf("--logging-format=xml"), /Unsupported log format/);
});
