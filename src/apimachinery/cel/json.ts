import { parseDuration, parseTimestamp } from "./times.ts";
import { type CelType, dynType, type ObjectType } from "./types.ts";
import { CelMap, Duration, EntriesMap, markList, Optional, Timestamp, Uint, type Value, CelError } from "./values.ts";
import { exactDurationText, timestampText } from "./times.ts";

/** A JSON value as an expression sees it. Its declared type says which numbers are ints and which texts are times. */
export function valueOf(json: unknown, type: CelType): Value {
  if (json === null || json === undefined) return null;
  if (typeof json === "bigint") return type.kind === "uint" ? new Uint(json) : json;
  switch (type.kind) {
    case "int":
      return typeof json === "number" && Number.isInteger(json) ? BigInt(json) : loose(json);
    case "uint":
      return typeof json === "number" ? new Uint(BigInt(json)) : loose(json);
    case "double":
      return typeof json === "number" ? json : loose(json);
    case "bytes":
      return typeof json === "string" ? new Uint8Array(Buffer.from(json, "base64")) : loose(json);
    case "timestamp":
      return typeof json === "string" ? (parseTimestamp(json) ?? dateOf(json) ?? json) : loose(json);
    case "duration":
      return typeof json === "string" ? (parseDuration(json) ?? json) : loose(json);
    case "list":
      return Array.isArray(json) ? listValue(json, type) : loose(json);
    case "map":
      return isObject(json) ? new JsonMap(json, type.value) : loose(json);
    case "object":
      return isObject(json) ? new JsonObject(json, type) : loose(json);
    default:
      return loose(json);
  }
}

function listValue(json: readonly unknown[], type: CelType & { kind: "list" }): Value {
  const list = json.map((item) => valueOf(item, type.element));
  return type.semantics === undefined ? list : markList(list, type.semantics);
}

/** The format `date`. */
function dateOf(text: string): Timestamp | undefined {
  return parseTimestamp(`${text}T00:00:00Z`);
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Without a schema, as Go decodes JSON: whole numbers are ints. */
function loose(json: unknown): Value {
  if (typeof json === "bigint") return json;
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : json;
  if (typeof json === "string" || typeof json === "boolean") return json;
  if (Array.isArray(json)) return json.map((item) => valueOf(item, dynType));
  return isObject(json) ? new JsonMap(json, dynType) : null;
}

/** Views a JSON object; values are made when asked for, once. */
class JsonMap extends CelMap {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #type: CelType;
  readonly #made = new Map<string, Value>();

  constructor(json: Readonly<Record<string, unknown>>, type: CelType) {
    super();
    this.#json = json;
    this.#type = type;
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: Value): Value | undefined {
    if (typeof key !== "string" || !Object.hasOwn(this.#json, key)) return undefined;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const json = this.#json[key];
    if (json === undefined) return undefined;
    const value = valueOf(json, this.#type);
    this.#made.set(key, value);
    return value;
  }
  keys(): readonly Value[] {
    return Object.keys(this.#json).filter((key) => this.#json[key] !== undefined);
  }
}

/** The same for a type whose fields are declared; expressions know them by their escaped names. */
class JsonObject extends CelMap {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #type: ObjectType;
  readonly #made = new Map<string, Value>();
  override readonly isObject = true;

  constructor(json: Readonly<Record<string, unknown>>, type: ObjectType) {
    super();
    this.#json = json;
    this.#type = type;
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const field = this.#type.fields === undefined ? { name: key, type: dynType } : this.#type.fields.get(key);
    if (field === undefined || !Object.hasOwn(this.#json, field.name)) return undefined;
    const json = this.#json[field.name];
    if (json === undefined || (json === null && field.type.kind !== "dyn")) return undefined;
    const value = valueOf(json, field.type);
    this.#made.set(key, value);
    return value;
  }
  keys(): readonly Value[] {
    const { fields } = this.#type;
    if (fields === undefined) return Object.keys(this.#json);
    return [...fields].flatMap(([key, { alias }]) => (alias !== true && this.get(key) !== undefined ? [key] : []));
  }
}

/** Back to JSON, as protobuf's JSON mapping has it. Throws `CelError` for what has no place in JSON. */
export function jsonOf(value: Value): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "number")
    return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return exactDurationText(value);
  if (value instanceof Optional) return value.value === undefined ? null : jsonOf(value.value);
  if (Array.isArray(value)) return (value as readonly Value[]).map(jsonOf);
  if (!(value instanceof CelMap)) throw new CelError("unsupported conversion to JSON");
  const object: Record<string, unknown> = {};
  for (const key of value.keys()) {
    if (typeof key !== "string") throw new CelError("only maps with string keys can be converted to JSON");
    Object.defineProperty(object, key, {
      value: jsonOf(value.get(key) ?? null),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

/** A message made by an expression, `Object.spec{…}`. */
export function structValue(name: string, fields: ReadonlyMap<string, Value>): CelMap {
  const map = new EntriesMap(name);
  for (const [field, value] of fields) map.add(field, value);
  return map;
}
