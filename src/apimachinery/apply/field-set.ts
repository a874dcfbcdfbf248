import { canonicalElement, compareElements, type PathElement } from "./path-element.ts";

/**
 * A set of paths in the very form of `managedFields[].fieldsV1`, so that nothing is decoded or encoded on the way.
 * At the root each key is the first element of some paths. A node below is `{}` for a member without further paths,
 * and has the key `.` where it is a member and has further paths. Immutable; parts are shared freely. Keys are in
 * upstream's order.
 */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

type Building = Record<string, FieldSet>;

export const emptySet: FieldSet = Object.freeze({});
/** A node that is a member and nothing more. */
export const leaf: FieldSet = emptySet;
const self = ".";

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether a node below the root is itself a member. */
export function isMember(node: FieldSet): boolean {
  return self in node || isEmptySet(node);
}

export function hasChildren(node: FieldSet): boolean {
  for (const key in node) if (key !== self) return true;
  return false;
}

/** Makes a node of sorted children; undefined where nothing is left. */
function nodeOf(member: boolean, children: Building | undefined): FieldSet | undefined {
  if (children === undefined || isEmptySet(children)) return member ? leaf : undefined;
  return member ? { [self]: leaf, ...children } : children;
}

/** A node that has `children` and is a member. */
export function memberNode(children: FieldSet): FieldSet {
  return isEmptySet(children) ? leaf : { [self]: leaf, ...children };
}

/** The same set with its keys in order. */
export function sorted(set: Building): FieldSet {
  let last: string | undefined;
  for (const key in set) {
    if (last !== undefined && compareElements(last, key) > 0) return sortKeys(set);
    if (key !== self) last = key;
  }
  return set;
}

function sortKeys(set: FieldSet): FieldSet {
  const result: Building = {};
  if (set[self] !== undefined) result[self] = leaf;
  const keys = Object.keys(set).filter((key) => key !== self);
  // Among fields alone the order is that of the texts.
  keys.sort(keys.every((key) => key.startsWith("f:")) ? undefined : compareElements);
  for (const key of keys) result[key] = set[key] ?? leaf;
  return result;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  return isEmptySet(a) ? b : unionChildren(a, b);
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  return nodeOf(isMember(a) || isMember(b), unionChildren(a, b)) ?? leaf;
}

function unionChildren(a: FieldSet, b: FieldSet): Building {
  const result: Building = {};
  let added = false;
  for (const key in a) {
    if (key === self) continue;
    const [left, right] = [a[key] ?? leaf, b[key]];
    result[key] = right === undefined ? left : unionNodes(left, right);
  }
  for (const key in b) {
    if (key === self || key in result) continue;
    result[key] = b[key] ?? leaf;
    added = true;
  }
  return added ? (sorted(result) as Building) : result;
}

/** What of `a` is not in `b`; paths below a member of `b` stay. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtractChildren(a, b, false) ?? emptySet;
}

/** What of `a` is neither in `b` nor below a member of it. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtractChildren(a, b, true) ?? emptySet;
}

function subtractChildren(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  let rests: Map<PathElement, FieldSet | undefined> | undefined;
  for (const key in b) {
    const left = a[key];
    if (left === undefined || key === self) continue;
    const rest = subtractNode(left, b[key] ?? leaf, recursive);
    if (rest !== left) (rests ??= new Map()).set(key, rest);
  }
  if (rests === undefined) return a;
  // Built anew: an object that members were deleted from stays slow.
  const result: Building = {};
  for (const key in a) {
    const rest = rests.has(key) ? rests.get(key) : a[key];
    if (rest !== undefined) result[key] = rest;
  }
  return result;
}

function subtractNode(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  const removed = isMember(b);
  if (recursive && removed) return undefined;
  const member = isMember(a) && !removed;
  const children = subtractChildren(a, b, recursive);
  if (children === a && (member || !isMember(a))) return a;
  const { [self]: _, ...rest } = children ?? emptySet;
  return nodeOf(member, rest);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return a === b ? a : intersectChildren(a, b);
}

function intersectChildren(a: FieldSet, b: FieldSet): Building {
  const result: Building = {};
  for (const key in a) {
    const [left, right] = [a[key], b[key]];
    if (key === self || left === undefined || right === undefined) continue;
    const both = nodeOf(isMember(left) && isMember(right), intersectChildren(left, right));
    if (both !== undefined) result[key] = both;
  }
  return result;
}

/** Every path, members of a level before what lies below them, as upstream lists conflicts. */
export function pathsOf(set: FieldSet): readonly (readonly PathElement[])[] {
  const paths: (readonly PathElement[])[] = [];
  collect(set, [], paths);
  return paths;
}

function collect(set: FieldSet, prefix: readonly PathElement[], paths: (readonly PathElement[])[]): void {
  for (const key in set) if (key !== self && isMember(set[key] ?? leaf)) paths.push([...prefix, key]);
  for (const key in set) if (key !== self) collect(set[key] ?? leaf, [...prefix, key], paths);
}

export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) node = node?.[element];
  return path.length > 0 && node !== undefined && isMember(node);
}

/** The smallest set that holds these paths. */
export function setOf(...paths: readonly (readonly PathElement[])[]): FieldSet {
  return paths
    .map((path) => path.reduceRight((node: FieldSet, element) => ({ [element]: node }), leaf))
    .reduce(union, emptySet);
}

/**
 * Checks a set that a client sent and writes it as this code would. Elements of unknown kinds are dropped. Throws
 * where an element cannot be parsed.
 */
export function parseFieldSet(fields: unknown): FieldSet {
  return parseNode(fields, true) ?? emptySet;
}

function parseNode(fields: unknown, root: boolean): FieldSet | undefined {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return root ? emptySet : leaf;
  const source = fields as Record<string, unknown>;
  const result: Building = {};
  let changed = false;
  for (const key in source) {
    if (key === self) {
      result[self] = leaf;
      continue;
    }
    const element = canonicalElement(key);
    const node = element === undefined ? undefined : parseNode(source[key], false);
    if (element !== undefined && node !== undefined) result[element] = node;
    if (element !== key || node !== source[key]) changed = true;
  }
  if (root) delete result[self];
  const ordered = sorted(result);
  return changed || ordered !== result ? ordered : (source as Building);
}
