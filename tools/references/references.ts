import type { Rooms } from "../rooms.ts";

/**
 * The TypeScript project of every room, as path → content. A room's project holds its code without tests and refers
 * to the rooms it may import, so the compiler itself finds a forbidden import; `tsc --build` also checks only the
 * rooms that changed and those above them.
 */
export function projectFiles(rooms: Rooms, built: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const room of built) {
    const allowed = rooms.rooms[room] ?? [];
    const references = built.filter((other) => other !== room && (allowed.includes("*") || allowed.includes(other)));
    files.set(`src/${room}/tsconfig.json`, render(roomProject(room, references)));
  }
  files.set("tsconfig.rooms.json", render({ files: [], references: built.map((room) => ({ path: `src/${room}` })) }));
  return files;
}

function roomProject(room: string, references: readonly string[]): object {
  const types = `../../.cache/types/${room}`;
  return {
    extends: "../../tsconfig.json",
    compilerOptions: {
      composite: true,
      noEmit: false,
      emitDeclarationOnly: true,
      rootDir: ".",
      outDir: types,
      tsBuildInfoFile: `${types}/tsconfig.tsbuildinfo`,
    },
    include: ["**/*.ts", "**/*.json"],
    exclude: ["**/*.test.ts", "**/*.bench.ts", "app", "tsconfig.json"],
    references: references.map((other) => ({ path: `../${other}` })),
  };
}

function render(content: object): string {
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
