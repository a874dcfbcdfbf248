import { existsSync } from "node:fs";
import { join } from "node:path";
import { readSource, repositoryRoot } from "./repository.ts";

/** `rooms.json`: what each room under src/ may import. */
export interface Rooms {
  /** Room to the rooms it may import; `*` means all. */
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  /** Folders under src/ whose folders never import each other. */
  readonly siblings: readonly string[];
  /** Imports that are let through, each with its reason. */
  readonly exceptions: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
}

export function readRooms(): Rooms {
  return JSON.parse(readSource("rooms.json")) as Rooms;
}

/** The room a file is in, or `undefined` for one outside src/. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The rooms that have code already, in the order of rooms.json. */
export function builtRooms(rooms: Rooms): readonly string[] {
  return Object.keys(rooms.rooms).filter((room) => existsSync(join(repositoryRoot, "src", room, "index.ts")));
}
