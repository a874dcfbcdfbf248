import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../../base/index.ts";
import { formatTraceparent, parseTraceparent, startSpan } from "./traceparent.ts";

const header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("a header is read and written", () => {
  const context = parseTraceparent(header);
  assert.ok(context !== undefined);
  assert.equal(context.sampled, true);
  assert.equal(formatTraceparent(context), header);
  assert.ok(parseTraceparent(header.replace(/^00/, "cc") + "-what-comes-later") !== undefined);
});

test("what the specification says to ignore is ignored", () => {
  const ignored = [undefined, "", "x", header.replace(/^00/, "ff"), `${header}-more`, header.toUpperCase()];
  ignored.push(
    header.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0".repeat(32)),
    header.replace("00f067aa0ba902b7", "0".repeat(16)),
  );
  for (const one of ignored) assert.equal(parseTraceparent(one), undefined, String(one));
});

test("a span stays in its parent's trace, or begins one", () => {
  const random = new SeededRandom(1);
  const parent = parseTraceparent(header);
  const child = startSpan(random, parent);
  assert.equal(child.traceId, parent?.traceId);
  assert.notEqual(child.spanId, parent?.spanId);
  assert.deepEqual(parseTraceparent(formatTraceparent(startSpan(random)))?.sampled, false);
});
