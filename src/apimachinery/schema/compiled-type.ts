import { type EncodeFields, generateEncode } from "../protobuf/generate-encode.ts";
import { generateRead, type ReadFields } from "../protobuf/generate-read.ts";
import type { ObjectSchema } from "./contract.ts";
import type { ComputedDefaults } from "./generate-defaults.ts";
import { generateDefaults, needsDefaults } from "./generate-defaults.ts";
import { generateWalk } from "./generate-walk.ts";

export type JsonObject = Record<string, unknown>;

/** A struct's functions, each made when it is first called. */
export class CompiledType {
  readonly schema: ObjectSchema;
  readonly family: TypeFamily;
  walk: (value: unknown) => JsonObject;
  defaults: (object: JsonObject) => void;
  /** Protobuf of an object that `walk` has made or would leave as it is. */
  encode: EncodeFields;
  /** Protobuf into an object that `walk` then puts in order. */
  read: ReadFields;
  #hasDefaults: boolean | undefined;

  constructor(schema: ObjectSchema, family: TypeFamily) {
    this.schema = schema;
    this.family = family;
    this.walk = (value) => {
      this.walk = generateWalk(this);
      return this.walk(value);
    };
    this.defaults = (object) => {
      this.defaults = this.hasDefaults ? generateDefaults(this) : () => {};
      this.defaults(object);
    };
    this.encode = (object, writer) => {
      this.encode = generateEncode(this);
      this.encode(object, writer);
    };
    this.read = (reader, end, object) => {
      this.read = generateRead(this);
      this.read(reader, end, object);
    };
  }

  /** Definitions of custom resources and extension servers are stored as JSON upstream, everything else as protobuf. */
  get isStoredAsProtobuf(): boolean {
    return /^io\.k8s\.(api|apimachinery)\./.test(this.schema.name ?? "");
  }

  get hasDefaults(): boolean {
    this.#hasDefaults ??= needsDefaults(this.schema, this.family.computed);
    return this.#hasDefaults;
  }
}

/** Types that share compiled code: all built-in kinds, or the kinds of one custom resource. */
export class TypeFamily {
  readonly computed: ComputedDefaults;
  readonly #types = new Map<ObjectSchema, CompiledType>();

  constructor(computed: ComputedDefaults = new Map()) {
    this.computed = computed;
  }

  type(schema: ObjectSchema): CompiledType {
    let type = this.#types.get(schema);
    if (type === undefined) {
      type = new CompiledType(schema, this);
      this.#types.set(schema, type);
    }
    return type;
  }
}
