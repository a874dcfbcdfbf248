import {
  type Decoded,
  DecodeError,
  type DecodeOptions,
  fieldErrorMessage,
  invalid,
  type KindCodec,
  type KubeObject,
  type ObjectSchema,
  parseJson,
  UnrecognizedError,
  withoutEmpties,
} from "../../apimachinery/index.ts";
import { duplicateKeys } from "./duplicate-keys.ts";
import { applyDefaults } from "./schema/defaults.ts";
import { visitEmbedded } from "./schema/embedded.ts";
import { dropNulls } from "./schema/nulls.ts";
import { prune } from "./schema/prune.ts";
import { rootSchemaOf, type Structural } from "./schema/structural.ts";

type Fields = Record<string, unknown>;
/** Objects are JSON without a fixed shape; only their metadata is that of every kind. */
type CustomObject = KubeObject & Fields;

export interface CustomCodecOptions {
  readonly apiVersion: string;
  readonly kind: string;
  readonly structural: Structural | undefined;
  /** `spec.preserveUnknownFields`, or no schema at all. */
  readonly preserveUnknown: boolean;
  /** Reads and writes an object that has nothing but its metadata. Upstream: PartialObjectMetadata. */
  readonly metadata: KindCodec;
}

/** How objects of a custom resource move in and out. There is no protobuf form. */
export class CustomCodec implements KindCodec<CustomObject> {
  readonly schema: ObjectSchema;
  readonly #options: CustomCodecOptions;

  constructor(options: CustomCodecOptions) {
    this.#options = options;
    const metadata = options.metadata.schema.fields.get("metadata")?.schema as ObjectSchema;
    this.schema = rootSchemaOf(options.structural, metadata, `${options.apiVersion}.${options.kind}`);
  }

  decode(json: string, options: DecodeOptions): Decoded<CustomObject> {
    let value: unknown;
    try {
      value = parseJson(json);
    } catch {
      // The metadata's codec words syntax errors as Go does.
      this.#options.metadata.decode(json, options);
      throw new DecodeError("invalid character looking for beginning of value");
    }
    const duplicates = options.unknownFields === "report" ? duplicateKeys(json) : [];
    // Other than those of built-in kinds, objects have to say what they are.
    const isObject = typeof value === "object" && !Array.isArray(value);
    const { kind = "", apiVersion = "" } = (isObject ? (value ?? {}) : { kind: "?" }) as Fields;
    if (kind === "" || kind === null) throw new UnrecognizedError(`Object 'Kind' is missing in '${json}'`);
    const decoded = this.#decodeOwned(value, options);
    if (apiVersion === "" || apiVersion === null) decoded.object.apiVersion = "";
    return { object: decoded.object, problems: [...duplicates, ...decoded.problems] };
  }

  decodeValue(value: unknown, options: DecodeOptions): Decoded<CustomObject> {
    return this.#decodeOwned(structuredClone(value), options);
  }

  /** Of a value that nobody else holds. */
  #decodeOwned(value: unknown, options: DecodeOptions): Decoded<CustomObject> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new DecodeError(
        `json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type map[string]interface {}`,
      );
    }
    const fields = value as Fields;
    const { metadata, problems } = this.#metadataOf(fields, options);
    const object = this.#ordered(fields, metadata);
    const { structural, preserveUnknown } = this.#options;
    if (structural === undefined) return { object, problems };
    const pruned = preserveUnknown ? [] : prune(object, structural);
    if (!preserveUnknown) dropNulls(object, structural, options.keepNulls);
    const embedded = this.#coerceEmbedded(object, structural, options);
    const unknown =
      options.unknownFields === "report" ? pruned.map((path) => `unknown field ${JSON.stringify(path)}`) : [];
    return { object, problems: [...problems, ...unknown, ...embedded] };
  }

  applyDefaults(object: CustomObject): void {
    const { structural } = this.#options;
    if (structural !== undefined) applyDefaults(object, structural);
  }

  normalize(object: CustomObject): CustomObject {
    return this.decodeValue(object, { unknownFields: "ignore" }).object;
  }

  encode(object: CustomObject): string {
    const { metadata } = this.#metadataOf(object, { unknownFields: "ignore" });
    return JSON.stringify(this.#ordered(object, metadata));
  }

  encodeProtobuf(): never {
    throw new DecodeError(
      "object does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message",
    );
  }

  decodeProtobuf(): never {
    throw new DecodeError("custom resources have no protobuf form");
  }

  /** The metadata alone, checked and in its field order. */
  #metadataOf(
    fields: Fields,
    options: DecodeOptions,
  ): { metadata: KubeObject["metadata"]; problems: readonly string[] } {
    const partial = { apiVersion: fields["apiVersion"], kind: fields["kind"], metadata: fields["metadata"] };
    const { metadata } = this.#options;
    const decoded = metadataDecoded(metadata, partial, options);
    return { metadata: withoutEmpties(decoded.object as KubeObject).metadata, problems: decoded.problems };
  }

  /** Objects inside this one have metadata as every object. Returns what they have of it that nobody knows. */
  #coerceEmbedded(object: CustomObject, structural: Structural, options: DecodeOptions): string[] {
    const unknown: string[] = [];
    visitEmbedded(object, structural, (embedded, path) => {
      for (const name of ["apiVersion", "kind"]) {
        const value = embedded[name];
        if (value === undefined || typeof value === "string") continue;
        throw new DecodeError(fieldErrorMessage(invalid(`${path}.${name}`, value, "must be a string")));
      }
      if (embedded["metadata"] === undefined) return;
      const { metadata, problems } = this.#embeddedMetadata(embedded, path, options);
      embedded["metadata"] = metadata;
      unknown.push(...problems.map((problem) => problem.replace('"metadata.', `"${path}.metadata.`)));
    });
    return unknown.toSorted();
  }

  #embeddedMetadata(embedded: Fields, path: string, options: DecodeOptions) {
    const { metadata } = embedded;
    try {
      return this.#metadataOf({ apiVersion: "v1", kind: "PartialObjectMetadata", metadata }, options);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(fieldErrorMessage(invalid(`${path}.metadata`, inKeyOrder(metadata), error.message)));
    }
  }

  /** Kind first, as stored objects begin; the rest as it came. */
  #ordered(fields: Fields, metadata: KubeObject["metadata"]): CustomObject {
    const { kind: ownKind, apiVersion: ownVersion } = this.#options;
    const { kind = ownKind, apiVersion = ownVersion, metadata: _metadata, ...rest } = fields;
    return { kind, apiVersion, metadata, ...rest } as CustomObject;
  }
}

/** Upstream decodes the metadata alone, so that errors of it are told from there. */
function metadataDecoded(
  codec: KindCodec,
  partial: unknown,
  options: DecodeOptions,
): ReturnType<KindCodec["decodeValue"]> {
  try {
    return codec.decodeValue(partial, options);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DecodeError(ofMetadata(error.message));
  }
}

/** What is wrong with metadata that are decoded alone. */
function ofMetadata(message: string): string {
  return message
    .replace("struct field PartialObjectMetadata.metadata of type", "value of type")
    .replace("ObjectMeta.metadata.", "ObjectMeta.");
}

/** As Go shows maps. */
function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inKeyOrder(inner)]));
}
