import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { listFiles, readSource } from "../repository.ts";
import { type Rooms, readRooms } from "../rooms.ts";
import { checkCycles, checkLayers } from "./check-layers.ts";
import { importsOf } from "./imports.ts";

const sample: Rooms = {
  rooms: { base: [], client: ["base"], controllers: ["client", "base"], testing: ["*"] },
  siblings: ["controllers"],
  exceptions: [{ from: "src/base/odd.ts", to: "src/client/odd.ts", reason: "a test of exceptions" }],
};
const packages = { dependencies: ["ws", "@a/b"], devDependencies: ["fast-check"] };
const check = (path: string, source: string) => checkLayers(path, source, sample, packages);

describe("the layer checker", () => {
  test("finds every form of import, and none in comments", () => {
    const source = [
      'import a from "one";',
      "import {",
      "  b,",
      '} from "two";',
      'export * from "three";',
      'import "four";',
      'const c = await import("five");',
      'let d: import("six").D;',
      '// import e from "seven";',
      ' * import("eight")',
      'const text = "import x from";',
    ].join("\n");
    assert.deepEqual(
      importsOf(source).map(({ specifier, line }) => `${specifier}:${line}`),
      ["one:1", "two:4", "three:5", "four:6", "five:7", "six:8"],
    );
  });

  test("lets allowed imports through", () => {
    assert.deepEqual(check("src/client/a.ts", 'import { x } from "../base/index.ts";\nimport "./b.ts";'), []);
    assert.deepEqual(check("src/client/a.test.ts", 'import { x } from "../testing/index.ts";'), []);
    assert.deepEqual(check("test/a.test.ts", 'import { x } from "../src/controllers/index.ts";'), []);
    assert.deepEqual(check("src/controllers/job/a.ts", 'import { x } from "../common.ts";\nimport "@a/b/c";'), []);
    assert.deepEqual(check("src/controllers/job/a.test.ts", 'import { x } from "../cronjob/b.ts";'), []);
    assert.deepEqual(check("src/base/odd.ts", 'import { x } from "../client/odd.ts";'), []);
  });

  test("names the offending import and what is allowed", () => {
    assert.deepEqual(check("src/client/a.ts", '\nimport { x } from "../controllers/index.ts";'), [
      "src/client/a.ts:2 imports ../controllers/index.ts: client may import only base",
    ]);
    assert.deepEqual(check("src/base/a.ts", 'import type { X } from "../client/index.ts";'), [
      "src/base/a.ts:1 imports ../client/index.ts: base may import no other room",
    ]);
    assert.deepEqual(check("src/client/a.ts", 'export * from "../base/clock.ts";'), [
      "src/client/a.ts:1 imports ../base/clock.ts: other rooms enter base only through src/base/index.ts",
    ]);
    assert.deepEqual(check("src/controllers/job/a.ts", 'import "../cronjob/b.ts";'), [
      "src/controllers/job/a.ts:1 imports ../cronjob/b.ts: controllers/job and controllers/cronjob are siblings, which never import each other",
    ]);
    assert.match(check("src/client/a.ts", 'import "../testing/index.ts";')[0] ?? "", /client may import only base/);
    assert.match(check("src/client/a.ts", 'import "../../tools/a.ts";')[0] ?? "", /only from src/);
    assert.match(check("src/client/a.ts", 'import "lodash";')[0] ?? "", /not in package.json/);
    assert.match(check("src/client/a.ts", 'import "fast-check";')[0] ?? "", /development dependency/);
    assert.match(check("src/unknown/a.ts", 'import "../base/index.ts";')[0] ?? "", /unknown is not in rooms.json/);
  });

  test("finds cycles and unknown rooms in rooms.json", () => {
    assert.deepEqual(checkCycles({ ...sample, rooms: { a: ["b"], b: ["a"] } }), ["rooms.json: a → b → a is a cycle"]);
    assert.deepEqual(checkCycles({ ...sample, rooms: { a: ["x"] } }), ["rooms.json: a may import x, which is no room"]);
  });
});

describe("the repository", () => {
  const rooms = readRooms();

  test("keeps to its layers", () => {
    const manifest = JSON.parse(readSource("package.json")) as Record<string, Record<string, string> | undefined>;
    const declared = {
      dependencies: Object.keys(manifest.dependencies ?? {}),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
    };
    const problems = listFiles(["src", "bin", "tools", "test", "bench"], ".ts").flatMap((path) =>
      path.startsWith("src/dashboard/app/") ? [] : checkLayers(path, readSource(path), rooms, declared),
    );
    assert.equal(problems.join("\n"), "");
  });

  test("has no cycle in its layers, and a reason for every exception", () => {
    assert.deepEqual(checkCycles(rooms), []);
    for (const { from, to, reason } of rooms.exceptions)
      assert.ok(reason.length > 10, `${from} → ${to} needs a reason`);
  });
});
