import { dirname, join } from "node:path/posix";
import { isTest } from "../repository.ts";
import { type Rooms, roomOf } from "../rooms.ts";
import { type Import, importsOf } from "./imports.ts";

export interface Packages {
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

/**
 * Checks one file's imports. Each problem is one line that names the import, the rule and what is allowed.
 * Paths are from the top of the repository.
 */
export function checkLayers(path: string, source: string, rooms: Rooms, packages: Packages): readonly string[] {
  const problems: string[] = [];
  for (const found of importsOf(source)) {
    const problem = found.specifier.startsWith(".")
      ? relativeProblem(path, join(dirname(path), found.specifier), rooms)
      : packageProblem(path, found, packages);
    if (problem !== undefined) problems.push(`${path}:${found.line} imports ${found.specifier}: ${problem}`);
  }
  return problems;
}

/** Rooms that reach themselves by what they may import. */
export function checkCycles(rooms: Rooms): readonly string[] {
  const done = new Set<string>();
  const problems: string[] = [];
  const visit = (room: string, trail: readonly string[]): void => {
    if (trail.includes(room)) {
      problems.push(`rooms.json: ${[...trail.slice(trail.indexOf(room)), room].join(" → ")} is a cycle`);
    } else if (!done.has(room)) {
      for (const next of rooms.rooms[room] ?? []) {
        if (next !== "*" && rooms.rooms[next] === undefined)
          problems.push(`rooms.json: ${room} may import ${next}, which is no room`);
        else if (next !== "*") visit(next, [...trail, room]);
      }
      done.add(room);
    }
  };
  for (const room of Object.keys(rooms.rooms)) visit(room, []);
  return problems;
}

function relativeProblem(path: string, target: string, rooms: Rooms): string | undefined {
  if (rooms.exceptions.some((exception) => exception.from === path && exception.to === target)) return undefined;
  const from = roomOf(path);
  const to = roomOf(target);
  if (to === undefined) {
    return from === undefined || isTest(path) || target === "package.json"
      ? undefined
      : "code in src/ imports only from src/";
  }
  if (from === to) return siblingProblem(path, target, rooms);
  if (rooms.rooms[to] === undefined) return `${to} is not in rooms.json`;
  // A benchmark measures parts that are nobody else's business.
  if (path.startsWith("bench/")) return undefined;
  return permissionProblem(path, from, to, rooms) ?? entryProblem(target, to);
}

function permissionProblem(path: string, from: string | undefined, to: string, rooms: Rooms): string | undefined {
  // Tests may use the test helpers; so may everything outside src/.
  if (from === undefined || (to === "testing" && isTest(path))) return undefined;
  const allowed = rooms.rooms[from];
  if (allowed === undefined) return `${from} is not in rooms.json`;
  if (allowed.includes("*") || allowed.includes(to)) return undefined;
  return `${from} may import ${allowed.length === 0 ? "no other room" : `only ${allowed.join(", ")}`}`;
}

function entryProblem(target: string, to: string): string | undefined {
  if (target === `src/${to}/index.ts`) return undefined;
  return `other rooms enter ${to} only through src/${to}/index.ts`;
}

function siblingProblem(path: string, target: string, rooms: Rooms): string | undefined {
  // A test may bring together what works together in a cluster.
  if (isTest(path)) return undefined;
  for (const folder of rooms.siblings) {
    const from = siblingOf(path, folder);
    const to = siblingOf(target, folder);
    if (from !== undefined && to !== undefined && from !== to) {
      return `${folder}/${from} and ${folder}/${to} are siblings, which never import each other`;
    }
  }
  return undefined;
}

function siblingOf(path: string, folder: string): string | undefined {
  const prefix = `src/${folder}/`;
  const rest = path.startsWith(prefix) ? path.slice(prefix.length) : "";
  return rest.includes("/") ? rest.slice(0, rest.indexOf("/")) : undefined;
}

function packageProblem(path: string, found: Import, packages: Packages): string | undefined {
  if (found.specifier.startsWith("node:")) return undefined;
  const name = /^(@[^/]+\/[^/]+|[^/]+)/.exec(found.specifier)?.[1] ?? "";
  if (packages.dependencies.includes(name)) return undefined;
  if (!packages.devDependencies.includes(name)) return `${name} is not in package.json`;
  const development = isTest(path) || !/^(src|bin)\//.test(path) || path.startsWith("src/testing/");
  return development ? undefined : `${name} is a development dependency, for tests and tools only`;
}
