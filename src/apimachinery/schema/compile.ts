import { ProtobufReader } from "../protobuf/reader.ts";
import { ReverseWriter } from "../protobuf/reverse-writer.ts";
import { type CompiledType, type JsonObject, TypeFamily } from "./compiled-type.ts";
import { type Decoded, DecodeError, type DecodeOptions, type KindCodec, type ObjectSchema } from "./contract.ts";
import { rememberEmpties } from "./empties.ts";
import { readExactly } from "./exact-reader.ts";
import { goJson } from "./go-json.ts";
import { misfit } from "./misfit.ts";
import { scanText } from "./scan-text.ts";
import { jsonSyntaxError } from "./syntax-error.ts";
import { keyMark, walkState } from "./walk-state.ts";

/** At most as deep as Go's scanner follows, and no deeper than the stack allows. */
const maxDepth = 5_000;

/** Encoding is synchronous, so one writer, whose buffer is kept, serves all. */
const writer = new ReverseWriter();

/**
 * Compiles the codec of one kind. Nothing is generated before first use, and then only for the types that objects
 * really contain. Kinds that share types share a `family`.
 */
export function compile<T = unknown>(schema: ObjectSchema, family: TypeFamily = new TypeFamily()): KindCodec<T> {
  return new CompiledCodec<T>(schema, family.type(schema));
}

class CompiledCodec<T> implements KindCodec<T> {
  readonly schema: ObjectSchema;
  readonly #type: CompiledType;

  constructor(schema: ObjectSchema, type: CompiledType) {
    this.schema = schema;
    this.#type = type;
  }

  decode(json: string, options: DecodeOptions): Decoded<T> {
    const value = parse(json);
    const scan = scanText(json);
    if (scan.deepest > maxDepth) throw new DecodeError(jsonSyntaxError(json) ?? "exceeded max depth");
    if (!scan.hasFractions && !scan.hasLongNumbers) {
      const object = this.#walk(value, true);
      const clean = options.unknownFields === "ignore" || (walkState.unknown === 0 && walkState.keys === scan.keys);
      if (object !== undefined && clean) return { object: object as T, problems: [] };
    }
    return this.#decodeExactly(json, options);
  }

  decodeValue(value: unknown, options: DecodeOptions): Decoded<T> {
    const object = this.#walk(value, false);
    if (object === undefined || (options.unknownFields === "report" && walkState.unknown > 0)) {
      return this.#decodeExactly(JSON.stringify(value) ?? "null", options);
    }
    return { object: object as T, problems: [] };
  }

  applyDefaults(object: T): void {
    this.#type.defaults(object as JsonObject);
  }

  normalize(object: T): T {
    return this.decodeValue(object, { unknownFields: "ignore" }).object;
  }

  encode(object: T): string {
    walkState.nulls = true;
    walkState.own = true;
    try {
      const json = goJson(this.#type.walk(object));
      return walkState.marked ? json.replaceAll(`"${keyMark}`, '"') : json;
    } catch (error) {
      if (error !== misfit) throw error;
    } finally {
      walkState.nulls = false;
      walkState.own = false;
      walkState.marked = false;
    }
    return this.encode(this.normalize(object));
  }

  encodeProtobuf(object: T): Uint8Array {
    try {
      this.#type.encode(this.#walk(object, true) ?? (this.normalize(object) as JsonObject), writer);
      return writer.finish();
    } catch (error) {
      writer.discard();
      throw error;
    }
  }

  decodeProtobuf(bytes: Uint8Array): T {
    const reader = new ProtobufReader(bytes);
    const value: JsonObject = {};
    this.#type.read(reader, reader.length, value);
    const object = this.#walk(value, true);
    if (object === undefined) throw new DecodeError(readExactly(JSON.stringify(value), this.schema).error ?? "invalid");
    return object as T;
  }

  /** Undefined for a value that does not fit. */
  #walk(value: unknown, own: boolean): JsonObject | undefined {
    walkState.keys = 0;
    walkState.unknown = 0;
    walkState.own = own;
    walkState.empties = false;
    try {
      const object = this.#type.walk(value);
      if (walkState.empties) rememberEmpties(object, this.schema);
      return object;
    } catch (error) {
      if (error === misfit) return undefined;
      if (error instanceof RangeError) throw new DecodeError("exceeded max depth");
      throw error;
    } finally {
      walkState.own = false;
    }
  }

  #decodeExactly(json: string, options: DecodeOptions): Decoded<T> {
    const { value, problems, error } = readExactly(json, this.schema);
    if (error !== undefined) throw new DecodeError(error);
    const object = this.#walk(value, true);
    if (object === undefined) throw new Error(`${this.schema.name}: the two decoders disagree`);
    return { object: object as T, problems: options.unknownFields === "report" ? problems : [] };
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) throw new DecodeError(jsonSyntaxError(json) ?? error.message);
    throw error;
  }
}
