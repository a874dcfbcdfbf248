import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkRatchet, lowerRatchet } from "./ratchet.ts";
import { readRatchets } from "./ratchets.ts";
import { fileLinesMax, fileSizes, functionLinesMax, longFunctions } from "./sizes.ts";

describe("the size ratchet", () => {
  const sizes = new Map([
    ["new", 120],
    ["grown", 130],
    ["shrunk", 110],
    ["same", 150],
    ["small", 5],
  ]);
  const ratchet = { grown: 125, shrunk: 115, same: 150, gone: 200 };

  test("lets nothing new in and nothing grow, and follows what shrinks", () => {
    assert.deepEqual(checkRatchet("a file", 100, sizes, ratchet), [
      "new has 120 lines; a file has at most 100",
      "grown has grown from 125 to 130 lines; a file has at most 100",
      "shrunk has shrunk from 115 to 110 lines: run ./k8ts tool tidy",
      "gone is gone: run ./k8ts tool tidy",
    ]);
  });

  test("is only ever lowered", () => {
    assert.deepEqual(lowerRatchet(100, sizes, ratchet), { grown: 125, same: 150, shrunk: 110 });
  });
});

describe("the repository", () => {
  const { files, functions } = readRatchets();

  test("has no large file but those of the ratchet", () => {
    assert.equal(checkRatchet("a file", fileLinesMax, fileSizes(), files).join("\n"), "");
  });

  test("has no long function but those of the ratchet", () => {
    assert.equal(checkRatchet("a function", functionLinesMax, longFunctions(), functions).join("\n"), "");
  });
});
