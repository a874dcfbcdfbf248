import { createRequire } from "node:module";
import { quote } from "../validation/quote.ts";
import type * as Engine from "./engine.ts";

const require = createRequire(import.meta.url);

interface YamlEngine {
  readonly loadDocuments: typeof Engine.loadDocuments;
  readonly dumpDocument: typeof Engine.dumpDocument;
  readonly YAMLException: typeof Engine.YAMLException;
}

/** Loaded with the first document: most of what a server reads and writes is JSON. */
function engine(): YamlEngine {
  return require("./engine.ts") as YamlEngine;
}

/** Text that is no YAML, or no YAML that can become JSON. `message` begins `yaml: `, as go-yaml's. */
export class YamlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "YamlError";
  }
}

export interface ParsedYaml {
  readonly value: unknown;
  /** Keys that came more than once, in go-yaml's words (`line 3: key "a" already set in map`); the last one won. */
  readonly duplicates: readonly string[];
}

/** What aliases may unfold to, in nodes, beyond what was written. */
const maxExpandedNodes = 1_000_000;

/** One document, YAML or JSON, as JSON values. An empty text is null. Throws `YamlError`. */
export function parseYaml(text: string): ParsedYaml {
  const first = splitYaml(text)[0];
  return first === undefined ? { value: null, duplicates: [] } : parseDocument(first);
}

/** Every document of a stream; empty ones are left out. Throws `YamlError`. */
export function parseYamlDocuments(text: string): readonly unknown[] {
  return guarded(text, () => engine().loadDocuments(text, true)).filter(
    (value) => value !== null && value !== undefined,
  );
}

/** What sigs.k8s.io/yaml says where a caller wanted a decoded object. */
export function yamlConversionMessage(error: YamlError): string {
  return `error converting YAML to JSON: ${error.message}`;
}

function parseDocument(text: string): ParsedYaml {
  if (text.trim() === "") return { value: null, duplicates: [] };
  const load = (lastKeyWins: boolean): unknown => engine().loadDocuments(text, lastKeyWins)[0] ?? null;
  const duplicates: string[] = [];
  const value = guarded(text, () => {
    try {
      return load(false);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      duplicates.push(...duplicateKeys(text, error));
      return load(true);
    }
  });
  return { value, duplicates };
}

type DuplicateKey = Engine.YAMLException & { readonly mark: { readonly line: number; readonly position: number } };

function isDuplicateKey(error: unknown): error is DuplicateKey {
  const { YAMLException } = engine();
  return error instanceof YAMLException && error.mark !== undefined && error.reason.includes("duplicated mapping key");
}

const maxDuplicates = 100;

/** The engine stops at the first duplicate: each is given another name, and the text is read again. */
function duplicateKeys(text: string, first: DuplicateKey): string[] {
  const found: string[] = [];
  let error: unknown = first;
  let rest = text;
  while (isDuplicateKey(error) && found.length < maxDuplicates) {
    const { line, position } = error.mark;
    const written = writtenKey(rest, position);
    found.push(`line ${line + 1}: key ${quote(keyOf(written, rest[position - 1]))} already set in map`);
    rest = `${rest.slice(0, position)}k8ts-duplicate-${found.length}${rest.slice(position + written.length)}`;
    error = problemOf(rest);
  }
  return found;
}

function problemOf(text: string): unknown {
  try {
    engine().loadDocuments(text, false);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A key as it is written, without its quotes. */
function writtenKey(text: string, position: number): string {
  const quoted = text[position - 1];
  const pattern = quoted === '"' ? doubleQuoted : quoted === "'" ? singleQuoted : plainKey;
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? "";
}

const doubleQuoted = /(?:[^"\\]|\\[^])*/y;
const singleQuoted = /(?:[^']|'')*/y;
const plainKey = /[^\n]*?(?=\s*:(?:\s|$)|\s*[,}\]\n]|$)/y;

function keyOf(written: string, quoted: string | undefined): string {
  if (quoted === '"' && written.includes("\\")) return String(engine().loadDocuments(`"${written}"`, true)[0]);
  return quoted === "'" ? written.replaceAll("''", "'") : written;
}

/** YAML as upstream writes it: keys in alphabetical order, no references. */
export function formatYaml(value: unknown): string {
  return engine().dumpDocument(value);
}

/** Splits a stream at its document markers, as kubectl's reader does. */
export function splitYaml(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .split(/^---(?=[ \t\r]*(?:#.*)?$)[^\n]*\n?/m)
    .filter((part) => part.trim() !== "");
}

function guarded<T>(text: string, parse: () => T): T {
  try {
    const value = parse();
    if (text.includes("*")) checkExpansion(value);
    checkFinite(value);
    return value;
  } catch (error) {
    if (error instanceof engine().YAMLException) throw new YamlError(goYamlMessage(error));
    if (error instanceof RangeError) throw new YamlError("yaml: exceeded max depth of 10000");
    throw error;
  }
}

/** What go-yaml says of the usual mistakes. */
const wording: readonly (readonly [RegExp, string])[] = [
  [/tab characters must not be used/, "found character that cannot start any token"],
  [/bad indentation of a mapping entry|multiline key may not/, "could not find expected ':'"],
  [/bad indentation of a sequence entry/, "did not find expected '-' indicator"],
  [/missed comma between flow|unexpected end of the stream within a flow/, "did not find expected ',' or ']'"],
  [/end of the (stream|document) within a (single|double) quoted/, "found unexpected end of stream"],
  [/unknown escape sequence/, "found unknown escape character"],
  [/non-printable characters/, "control characters are not allowed"],
  [/deficient indentation|end of the stream or a document separator/, "did not find expected key"],
  [/mapping values are not allowed|expected ':' after/, "mapping values are not allowed in this context"],
];

function goYamlMessage(error: Engine.YAMLException): string {
  const line = (error.mark?.line ?? 0) + 1;
  const unknownAlias = /unidentified alias "(.*)"/.exec(error.reason);
  if (unknownAlias !== null) return `yaml: unknown anchor '${unknownAlias[1]}' referenced`;
  const known = wording.find(([pattern]) => pattern.test(error.reason));
  return `yaml: line ${line}: ${known?.[1] ?? error.reason}`;
}

/** Aliases share nodes; whoever walks the value later would walk every copy. */
function checkExpansion(value: unknown): void {
  let nodes = 0;
  const walk = (node: unknown): void => {
    if (++nodes > maxExpandedNodes) throw new YamlError("yaml: document contains excessive aliasing");
    if (typeof node === "object" && node !== null) for (const inner of Object.values(node)) walk(inner);
  };
  walk(value);
}

function checkFinite(value: unknown): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    const text = Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    throw new YamlError(`json: unsupported value: ${text}`);
  }
  if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) checkFinite(inner);
}
