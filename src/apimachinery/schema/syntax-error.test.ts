import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonSyntaxError } from "./syntax-error.ts";

test("faults are named as Go names them", () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ["[1 2]", "invalid character '2' after array element"],
    ["{}x", "invalid character 'x' after top-level value"],
    ["\u{feff}{}", "invalid character 'ï' looking for beginning of value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ["[1,]", "invalid character ']' looking for beginning of value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ["1ex", "invalid character 'x' in exponent of numeric literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ["[".repeat(10_001), "invalid character '[' exceeded max depth"],
  ];
  for (const [text, message] of cases) assert.equal(jsonSyntaxError(text), message, text.slice(0, 20));
});

test("it refuses exactly what JSON.parse refuses", () => {
  const text = '{"a": [1, -2.5e+3, true, null, "x\\n\\u00e9"], "b": {"c": {}}, "d": ""}';
  const characters = ['"', "{", "]", ",", ":", "0", "-", ".", "e", "\\", " ", "t", ""];
  for (let at = 0; at <= text.length; at++) {
    for (const character of characters) {
      for (const rest of [text.slice(at), text.slice(at + 1)]) {
        const changed = text.slice(0, at) + character + rest;
        assert.equal(jsonSyntaxError(changed) === undefined, parses(changed), changed);
      }
    }
  }
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
