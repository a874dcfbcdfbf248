import type { Chain, ElementMap, ElementSet, Table } from "./table.ts";

const ELEMENTS_PER_COMMAND = 500;

/** The batch that replaces whatever table of that name exists by this one, in one transaction. */
export function replaceTable(table: Table): string {
  const head = [`add table ${table.family} ${table.name}`, `delete table ${table.family} ${table.name}`];
  const empty: Table = { ...table, chains: new Map(), sets: new Map(), maps: new Map() };
  return text([...head, addTable(table), ...changes(empty, table)]);
}

/** The batch that takes a table away; nothing there is not an error. */
export function removeTable({ family, name }: Pick<Table, "family" | "name">): string {
  return text([`add table ${family} ${name}`, `delete table ${family} ${name}`]);
}

/**
 * The smallest batch, in units of chains and elements, that leads from one state to the other; empty when they are
 * equal. Both must be of the same family and name.
 */
export function diffTables(before: Table, after: Table): string {
  return text(changes(before, after));
}

/**
 * A transaction's commands are checked one by one, so the order matters: what is referred to comes before and goes
 * after what refers to it.
 */
function changes(before: Table, after: Table): string[] {
  const id = `${after.family} ${after.name}`;
  const chains = compare(before.chains, after.chains, sameChain);
  const sets = compare(before.sets, after.sets, sameSetKind);
  const maps = compare(before.maps, after.maps, sameMapKind);
  const commands: string[] = [];

  for (const [name, chain] of chains.added) commands.push(addChain(id, name, chain));
  for (const [name, set] of sets.added) commands.push(addSet(id, name, set));
  for (const [name, map] of maps.added) commands.push(addMap(id, name, map));
  for (const [name] of [...chains.changed, ...chains.removed]) commands.push(`flush chain ${id} ${name}`);
  for (const [name, chain] of [...chains.added, ...chains.changed]) {
    for (const rule of chain.rules) commands.push(`add rule ${id} ${name} ${rule}`);
  }
  for (const [name, set] of after.sets) commands.push(...setChanges(id, name, before.sets.get(name), set));
  for (const [name, map] of after.maps) commands.push(...mapChanges(id, name, before.maps.get(name), map));
  for (const [name] of maps.removed) commands.push(`delete map ${id} ${name}`);
  for (const [name] of chains.removed) commands.push(`delete chain ${id} ${name}`);
  for (const [name] of sets.removed) commands.push(`delete set ${id} ${name}`);
  return commands;
}

interface Comparison<T> {
  readonly added: readonly (readonly [string, T])[];
  readonly changed: readonly (readonly [string, T])[];
  readonly removed: readonly (readonly [string, T])[];
}

function compare<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>, same: (a: T, b: T) => boolean) {
  const added: [string, T][] = [];
  const changed: [string, T][] = [];
  const removed: [string, T][] = [];
  for (const [name, value] of after) {
    const old = before.get(name);
    if (old === undefined) added.push([name, value]);
    else if (old !== value && !same(old, value)) changed.push([name, value]);
  }
  for (const [name, value] of before) if (!after.has(name)) removed.push([name, value]);
  return { added, changed, removed } satisfies Comparison<T>;
}

function sameChain(a: Chain, b: Chain): boolean {
  if (JSON.stringify(a.hook) !== JSON.stringify(b.hook)) throw new Error("a base chain's hook cannot be changed");
  return (
    a.rules === b.rules || (a.rules.length === b.rules.length && a.rules.every((rule, at) => rule === b.rules[at]))
  );
}

function sameSetKind(a: ElementSet, b: ElementSet): boolean {
  if (setBody(a) !== setBody(b)) throw new Error("a set's type and flags cannot be changed");
  return true;
}

function sameMapKind(a: ElementMap, b: ElementMap): boolean {
  if (mapBody(a) !== mapBody(b)) throw new Error("a map's type and flags cannot be changed");
  return true;
}

function setChanges(id: string, name: string, before: ElementSet | undefined, after: ElementSet): string[] {
  if (before === after) return [];
  const old = before?.elements ?? new Set<string>();
  const removed = [...old].filter((element) => !after.elements.has(element));
  const added = [...after.elements].filter((element) => !old.has(element));
  return [...elements("delete", id, name, removed), ...elements("add", id, name, added)];
}

function mapChanges(id: string, name: string, before: ElementMap | undefined, after: ElementMap): string[] {
  if (before === after) return [];
  const old = before?.elements ?? new Map<string, string>();
  const removed: string[] = [];
  const added: string[] = [];
  for (const [key, value] of old) if (after.elements.get(key) !== value) removed.push(`${key} : ${value}`);
  for (const [key, value] of after.elements) if (old.get(key) !== value) added.push(`${key} : ${value}`);
  return [...elements("delete", id, name, removed), ...elements("add", id, name, added)];
}

function elements(verb: "add" | "delete", id: string, name: string, items: readonly string[]): string[] {
  const commands: string[] = [];
  for (let at = 0; at < items.length; at += ELEMENTS_PER_COMMAND) {
    commands.push(`${verb} element ${id} ${name} { ${items.slice(at, at + ELEMENTS_PER_COMMAND).join(", ")} }`);
  }
  return commands;
}

function addTable({ family, name, comment }: Table): string {
  return `add table ${family} ${name}${comment === undefined ? "" : ` { comment "${comment}" ; }`}`;
}

function addChain(id: string, name: string, { hook }: Chain): string {
  if (hook === undefined) return `add chain ${id} ${name}`;
  const policy = hook.policy === undefined ? "" : ` policy ${hook.policy} ;`;
  return `add chain ${id} ${name} { type ${hook.type} hook ${hook.at} priority ${hook.priority} ;${policy} }`;
}

function addSet(id: string, name: string, set: ElementSet): string {
  return `add set ${id} ${name} { ${setBody(set)} }`;
}

function addMap(id: string, name: string, map: ElementMap): string {
  return `add map ${id} ${name} { ${mapBody(map)} }`;
}

function setBody({ type, flags = [], timeoutSeconds }: ElementSet): string {
  const timeout = timeoutSeconds === undefined ? "" : ` timeout ${timeoutSeconds}s ;`;
  const merge = flags.includes("interval") ? " auto-merge ;" : "";
  return `type ${type} ;${flagsOf(flags)}${timeout}${merge}`;
}

function mapBody({ type, value, flags = [] }: ElementMap): string {
  return `type ${type} : ${value} ;${flagsOf(flags)}`;
}

function flagsOf(flags: readonly string[]): string {
  return flags.length === 0 ? "" : ` flags ${flags.join(", ")} ;`;
}

function text(commands: readonly string[]): string {
  return commands.length === 0 ? "" : `${commands.join("\n")}\n`;
}
