import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GroupVersionFacts } from "../../src/apimachinery/index.ts";
import { formatFacts } from "./format.ts";
import { importSource, typesSource } from "./types-source.ts";

const sources = join(import.meta.dirname, "../../src");

/** Files whose content is not what the facts imply, by path, with what it should be. */
export function outdatedFiles(): Map<string, string> {
  const outdated = new Map<string, string>();
  const expect = (path: string, text: string): void => {
    if (readIfThere(path) !== text) outdated.set(path, text);
  };
  const versions = groupVersions();
  for (const [folder, directory] of versions) {
    const facts = readFacts(directory);
    expect(join(directory, "facts.json"), formatFacts(facts));
    expect(join(directory, "types.ts"), typesSource(folder, facts));
  }
  expect(join(sources, "api/types.ts"), indexSource(versions));
  return outdated;
}

export function factsByFolder(): Map<string, GroupVersionFacts> {
  return new Map([...groupVersions()].map(([folder, directory]) => [folder, readFacts(directory)]));
}

/** Folder as other versions name it (`core/v1`) and where it is. */
function groupVersions(): Map<string, string> {
  const found = new Map([["meta/v1", join(sources, "apimachinery/meta")]]);
  const api = join(sources, "api");
  for (const group of readdirSync(api, { withFileTypes: true })) {
    if (!group.isDirectory()) continue;
    for (const version of readdirSync(join(api, group.name), { withFileTypes: true })) {
      const directory = join(api, group.name, version.name);
      if (readIfThere(join(directory, "facts.json")) !== undefined)
        found.set(`${group.name}/${version.name}`, directory);
    }
  }
  return found;
}

/** A plain name goes to the first of these that has it; other versions' types of that name are reached by namespace. */
const precedence = ["core/v1", "apps/v1", "batch/v1", "autoscaling/v2"];

function indexSource(versions: ReadonlyMap<string, string>): string {
  const order = [...versions.keys()].filter((folder) => folder !== "meta/v1");
  const rank = (folder: string): number =>
    precedence.includes(folder) ? precedence.indexOf(folder) : precedence.length;
  order.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const taken = new Set<string>();
  const lines = order.flatMap((folder) => {
    const names = Object.keys(readFacts(versions.get(folder) ?? "").types).filter((name) => !taken.has(name));
    for (const name of names) taken.add(name);
    const path = `./${folder}/types.ts`;
    const whole = `export type * as ${namespaceOf(folder)} from "${path}";`;
    return names.length === 0 ? [whole] : [importSource(names, path, "export"), whole];
  });
  return `// Generated from the facts by ./k8ts tool facts.\n${lines.join("\n")}\n`;
}

/** `autoscaling/v2` is `autoscalingV2`. */
function namespaceOf(folder: string): string {
  return folder.replace("/v", "V");
}

function readFacts(directory: string): GroupVersionFacts {
  return JSON.parse(readFileSync(join(directory, "facts.json"), "utf8")) as GroupVersionFacts;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
