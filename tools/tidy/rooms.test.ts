import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { projectFiles } from "../references/references.ts";
import { listFiles, readSource, repositoryRoot } from "../repository.ts";
import { builtRooms, readRooms, roomOf } from "../rooms.ts";

const headings = ["Owns", "Reads", "Writes", "How to test"];
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
      const found = [...readSource(`src/${room}/README.md`).matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      assert.deepEqual(
        headings.filter((heading) => !found.includes(heading)),
        [],
        `src/${room}/README.md lacks headings`,
      );
    });
  }

  test("the TypeScript projects are those that rooms.json asks for", () => {
    for (const [path, content] of projectFiles(rooms, builtRooms(rooms))) {
      assert.ok(exists(path) && readSource(path) === content, `${path} is not current: run ./k8ts tool references`);
    }
  });
});
