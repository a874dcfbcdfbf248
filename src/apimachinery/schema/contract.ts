import type { FieldFacts, TypeFacts } from "../facts.ts";

/**
 * The schema of a value, resolved and shared by built-in kinds (compiled from facts) and custom resources (compiled
 * from their structural schemas). Immutable; cyclic through the `fields` of named objects.
 */
export type Schema = ObjectSchema | ListSchema | MapSchema | ScalarSchema | AnySchema;

export interface ObjectSchema {
  readonly type: "object";
  /** `io.k8s.api.core.v1.PodSpec`; absent for inline schemas of custom resources. */
  readonly name?: string;
  /** Every field that may stand in the JSON object, those of inlined structs too, in the order of encoding. */
  readonly fields: ReadonlyMap<string, FieldSchema>;
  /** Structs whose fields stand among `fields` in JSON and in a message of their own in protobuf. */
  readonly inlined?: readonly InlinedSchema[];
  /** Unknown fields are kept (`x-kubernetes-preserve-unknown-fields`). */
  readonly preserveUnknown?: true;
  readonly atomic?: true;
}

export interface InlinedSchema {
  /** Protobuf field number. */
  readonly tag: number;
  readonly schema: ObjectSchema;
}

export interface FieldSchema {
  readonly name: string;
  readonly schema: Schema;
  readonly facts: FieldFacts;
  /** It came from an inlined struct. */
  readonly inlined?: true;
}

export interface ListSchema {
  readonly type: "list";
  readonly items: Schema;
  readonly list: "map" | "set" | "atomic";
  readonly keys: readonly string[];
  /** A named list of Go: in protobuf a message that repeats field 1. */
  readonly message?: true;
}

export interface MapSchema {
  readonly type: "map";
  readonly values: Schema;
  readonly map: "granular" | "atomic";
}

export interface ScalarSchema {
  readonly type:
    | "string"
    | "bool"
    | "int32"
    | "int64"
    | "double"
    | "bytes"
    | "Quantity"
    | "IntOrString"
    | "Time"
    | "MicroTime"
    | "Duration";
  readonly enum?: readonly string[];
}

/** Raw JSON of any shape. */
export interface AnySchema {
  readonly type: "any";
  /** Whoever owns a part of it owns the whole: Go's `RawExtension`. */
  readonly atomic?: true;
  /** It holds either an object of this schema or something simpler, and protobuf has a message that says which. */
  readonly union?: { readonly form: NonNullable<TypeFacts["union"]>; readonly schema: ObjectSchema };
}

export interface DecodeOptions {
  /**
   * What becomes of unknown and duplicate fields: dropped in silence, or dropped and reported (`Warn` and `Strict`
   * differ only in what the caller does with the report).
   */
  readonly unknownFields: "ignore" | "report";
  /** Nulls stay where the schema of a custom resource allows none, for validation to refuse: as what is applied has them upstream. */
  readonly keepNulls?: true;
}

export interface Decoded<T> {
  readonly object: T;
  /** Upstream's wording, in document order: `unknown field "spec.foo"`, `duplicate field "spec.bar"`. */
  readonly problems: readonly string[];
}

/**
 * Everything that moves objects of one kind in and out. Compiled once, at first use, from the schema. Objects are
 * plain JSON-shaped values whose keys stand in the schema's order; decoding always makes a new object that the
 * caller may change until it is handed to a cache, which freezes it.
 */
export interface KindCodec<T = unknown> {
  readonly schema: ObjectSchema;
  /**
   * From JSON text (or YAML already parsed by `decodeValue`). Throws `DecodeError` for malformed JSON and wrong types,
   * worded as upstream's decoder does.
   */
  decode(json: string, options: DecodeOptions): Decoded<T>;
  /** The same from a parsed value; duplicates can no longer be seen. */
  decodeValue(value: unknown, options: DecodeOptions): Decoded<T>;
  /** Fills defaults in place. Idempotent. Includes the kind's computed defaults once those are registered. */
  applyDefaults(object: T): void;
  /** A copy as decoding would have made it: fields in order, zeros as Go keeps them. Throws `DecodeError`. */
  normalize(object: T): T;
  /** JSON exactly as Go writes it: field order, omitted zeros, canonical quantities and times. No newline at the end. */
  encode(object: T): string;
  /** Without the `k8s\0` envelope. */
  encodeProtobuf(object: T): Uint8Array;
  decodeProtobuf(bytes: Uint8Array): T;
}

/** Input of which cannot be told what it is. `message` is what upstream's decoder says. */
export class UnrecognizedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnrecognizedError";
  }
}

/** Input that does not fit its schema. `message` is what upstream's decoder says. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DecodeError";
  }
}
