import assert from "node:assert/strict";
import { validateHeaderValue } from "node:http";
import { test } from "node:test";
import { warningHeaders } from "./context.ts";

test("warnings in any script are headers that can be sent, and say what they said", () => {
  const [header = ""] = warningHeaders(['unknown field "поле\n日本"']);
  validateHeaderValue("warning", header);
  assert.equal(Buffer.from(header, "latin1").toString(), '299 - "unknown field \\"поле 日本\\""');
});
