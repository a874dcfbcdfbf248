import { newBadRequest, newFailure, newRequestEntityTooLarge } from "../errors/status.ts";
import { deepEqual } from "../validation/equal.ts";
import { isJsonObject, setMember } from "./json-value.ts";

/** Operations in one JSON patch. */
export const maxJsonPatchOperations = 10_000;
/** What all `copy` operations of one patch may add, in characters of JSON. */
const maxCopiedLength = 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: unknown;
}

type Container = unknown[] | Record<string, unknown>;

/**
 * RFC 6902 with upstream's extension that a negative index counts from the end. Returns a new document that shares
 * what did not change with the old one, which is never written to. Throws `StatusError`: 400 for what is no patch,
 * 413 beyond the limits, 422 for an operation that does not apply.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = parsePatch(patch);
  const patcher = new JsonPatcher(document);
  for (const operation of operations) patcher.apply(operation);
  return patcher.document;
}

function parsePatch(patch: unknown): readonly Operation[] {
  if (!Array.isArray(patch)) {
    throw newBadRequest(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type jsonpatch.Patch`);
  }
  if (patch.length > maxJsonPatchOperations) {
    const limit = `The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${patch.length}`;
    throw newRequestEntityTooLarge(limit);
  }
  return patch.map(parseOperation);
}

function jsonKind(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function parseOperation(operation: unknown): Operation {
  if (!isJsonObject(operation)) {
    const kind = Array.isArray(operation) ? "array" : jsonKind(operation);
    throw newBadRequest(`json: cannot unmarshal ${kind} into Go value of type jsonpatch.Operation`);
  }
  const { op, path, from, value } = operation;
  return { op: typeof op === "string" ? op : "unknown", path: tokensOf(path), from: tokensOf(from), value };
}

/** Like upstream's library, which passes over what stands before the first slash. */
function tokensOf(pointer: unknown): readonly string[] {
  if (typeof pointer !== "string") return [];
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Upstream says no more than this to the client. */
function doesNotApply(): Error {
  return newFailure(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

class JsonPatcher {
  document: unknown;
  /** Containers made here, which may be written to. */
  readonly #own = new WeakSet<Container>();
  #copied = 0;

  constructor(document: unknown) {
    this.document = document;
  }

  apply({ op, path, from, value }: Operation): void {
    switch (op) {
      case "add":
        return this.#add(path, value);
      case "remove":
        this.#remove(path);
        return;
      case "replace":
        return this.#replace(path, value);
      case "move":
        return this.#add(path, this.#remove(from));
      case "copy":
        return this.#copy(from, path);
      case "test":
        return this.#test(path, value);
      default:
        throw doesNotApply();
    }
  }

  #add(path: readonly string[], value: unknown): void {
    const [container, key] = this.#writable(path);
    if (!Array.isArray(container)) setMember(container, key, value ?? null);
    else if (key === "-") container.push(value ?? null);
    else container.splice(indexOf(key, container.length, container.length), 0, value ?? null);
  }

  #remove(path: readonly string[]): unknown {
    const [container, key] = this.#writable(path);
    if (Array.isArray(container)) return container.splice(indexOf(key, container.length, container.length - 1), 1)[0];
    if (!Object.hasOwn(container, key)) throw doesNotApply();
    const value = container[key];
    delete container[key];
    return value;
  }

  #replace(path: readonly string[], value: unknown): void {
    if (path.length === 0) {
      this.document = asContainer(value);
      return;
    }
    const [container, key] = this.#writable(path);
    if (Array.isArray(container)) container[indexOf(key, container.length, container.length - 1)] = value ?? null;
    // Upstream's library replaces what is not there, too.
    else setMember(container, key, value ?? null);
  }

  #copy(from: readonly string[], path: readonly string[]): void {
    if (from.length === 0) throw doesNotApply();
    const value = this.#member(from);
    this.#copied += JSON.stringify(value)?.length ?? 0;
    if (this.#copied > maxCopiedLength) throw doesNotApply();
    // The copy and the original are one value now, so neither may be changed in place any more.
    this.#disown(value);
    this.#add(path, value);
  }

  #test(path: readonly string[], value: unknown): void {
    if (!deepEqual(path.length === 0 ? this.document : this.#member(path), value ?? null)) throw doesNotApply();
  }

  /** A member that is not there tests equal to null, and is copied as such. */
  #member(path: readonly string[]): unknown {
    const container = this.#container(path);
    const key = path.at(-1) ?? "";
    if (Array.isArray(container)) return container[indexOf(key, container.length, container.length - 1)];
    return Object.hasOwn(container, key) ? (container[key] ?? null) : null;
  }

  /** The container that holds the last token, for reading. */
  #container(path: readonly string[]): Container {
    let at: unknown = this.document;
    for (const token of path.slice(0, -1)) at = memberOf(asContainer(at), token);
    return asContainer(at);
  }

  /** The same for writing: every container on the way is made our own first. */
  #writable(path: readonly string[]): [Container, string] {
    if (path.length === 0) throw doesNotApply();
    let container = this.#owned(this.document);
    this.document = container;
    for (const token of path.slice(0, -1)) {
      const inner = this.#owned(memberOf(container, token));
      if (Array.isArray(container)) container[indexOf(token, container.length, container.length - 1)] = inner;
      else setMember(container, token, inner);
      container = inner;
    }
    return [container, path.at(-1) ?? ""];
  }

  #owned(value: unknown): Container {
    const container = asContainer(value);
    if (this.#own.has(container)) return container;
    const copy = Array.isArray(container) ? [...container] : { ...container };
    this.#own.add(copy);
    return copy;
  }

  #disown(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    this.#own.delete(value as Container);
    for (const inner of Object.values(value)) this.#disown(inner);
  }
}

function asContainer(value: unknown): Container {
  if (typeof value !== "object" || value === null) throw doesNotApply();
  return value as Container;
}

function memberOf(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexOf(key, container.length, container.length - 1)];
  if (!Object.hasOwn(container, key)) throw doesNotApply();
  return container[key];
}

function indexOf(key: string, length: number, last: number): number {
  if (!/^[-+]?[0-9]{1,9}$/.test(key)) throw doesNotApply();
  const given = Number(key);
  const index = given < 0 ? given + length : given;
  if (index < 0 || index > last) throw doesNotApply();
  return index;
}
