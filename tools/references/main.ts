import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository.ts";
import { builtRooms, readRooms } from "../rooms.ts";
import { projectFiles } from "./references.ts";

// Writes the TypeScript project of every room from rooms.json: `./k8ts tool references`.
const rooms = readRooms();
for (const [path, content] of projectFiles(rooms, builtRooms(rooms))) {
  writeFileSync(join(repositoryRoot, path), content);
}
