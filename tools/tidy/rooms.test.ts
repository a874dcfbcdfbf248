import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { projectFiles } from "../references/references.ts";
import { listFiles, readSource, repositoryRoot } from "../repository.ts";
import { builtRooms, readRooms, roomOf } from "../rooms.ts";

/** As headings, or in bold, or for the test at the start of a paragraph. */
const parts: Readonly<Record<string, RegExp>> = {
  "what it owns": /^## Owns|\*\*Owns/m,
  "what it reads": /^## Reads|\*\*Reads/m,
  "what it writes": /^## Writes|\*\*Writes/m,
  "how to test it": /^## How to test|\*\*Test|^Test/m,
};
const exists = (path: string) => existsSync(join(repositoryRoot, path));

describe("rooms", () => {
  const rooms = readRooms();

  test("every folder under src/ is a room of rooms.json", () => {
    const found = new Set(listFiles(["src"]).map(roomOf));
    for (const room of found) {
      assert.ok(room !== undefined && rooms.rooms[room] !== undefined, `src/${room} is not in rooms.json`);
    }
  });

  for (const room of Object.keys(rooms.rooms)) {
    if (!exists(`src/${room}`)) continue;
    test(`${room} has a README that says what it owns, reads and writes, and how to test it`, () => {
      assert.ok(exists(`src/${room}/README.md`), `src/${room}/README.md is missing`);
      const text = readSource(`src/${room}/README.md`);
      const missing = Object.keys(parts).filter((part) => parts[part]?.test(text) !== true);
      assert.deepEqual(missing, [], `src/${room}/README.md does not say`);
    });
  }

  test("the TypeScript projects are those that rooms.json asks for", () => {
    for (const [path, content] of projectFiles(rooms, builtRooms(rooms))) {
      assert.ok(exists(path) && readSource(path) === content, `${path} is not current: run ./k8ts tool references`);
    }
  });
});
