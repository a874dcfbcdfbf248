/**
 * The form in which API facts are kept: one `facts.json` for each group and version under
 * `src/api/<group>/<version>/` (and `src/apimachinery/meta/` for meta/v1). Everything else about a field is
 * derived from here: TypeScript types, decoding, defaults, merge semantics, OpenAPI, protobuf.
 */
export interface GroupVersionFacts {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Go package path, the prefix of protobuf and OpenAPI names: `k8s.io/api/core/v1` → `io.k8s.api.core.v1`. */
  readonly package: string;
  readonly types: Readonly<Record<string, TypeFacts>>;
  /** What the API server serves, in upstream's order. */
  readonly resources: readonly ResourceFacts[];
}

export interface TypeFacts {
  /** One or more sentences of our own, for `explain`. */
  readonly doc?: string;
  /** Set on types with `apiVersion` and `kind` at the top. */
  readonly kind?: true;
  /** In the order of upstream's struct, which is the order of encoding. */
  readonly fields: Readonly<Record<string, FieldFacts>>;
  /** `+structType=atomic`. */
  readonly atomic?: true;
  /** A named list (`[]string`): that list in JSON, a message with the field `items` (1) in protobuf. */
  readonly alias?: string;
  /** Written in JSON as the plain value it holds: a schema, or else a boolean, a list of schemas, a list of strings. */
  readonly union?: "schemaOrBool" | "schemaOrArray" | "schemaOrStrings";
}

export interface FieldFacts {
  /**
   * A scalar (`string`, `bool`, `int32`, `int64`, `double`, `bytes`, `Quantity`, `IntOrString`, `Time`, `MicroTime`,
   * `Duration`, `Any` for raw JSON), a type of the same version (`PodSpec`), or of another (`meta/v1.ObjectMeta`,
   * `core/v1.PodSpec`). `[]T` is a list, `map[T]` a map from strings.
   */
  readonly type: string;
  /** The name of the Go type, which errors mention, where it is not the one that `type` implies: `v1.RestartPolicy`. */
  readonly goType?: string;
  /** Protobuf field number; absent where upstream has no protobuf. */
  readonly tag?: number;
  /** A Go pointer: absence differs from the zero value. */
  readonly pointer?: true;
  /** Left out of the encoding when zero. Without it the zero value is written, as Go does. */
  readonly omitEmpty?: true;
  /** Go 1.24 `omitzero`. */
  readonly omitZero?: true;
  readonly required?: true;
  /** The value an absent field takes, where upstream's default does not depend on other fields. */
  readonly default?: unknown;
  readonly list?: "map" | "set" | "atomic";
  /** Keys of a list of kind `map`. */
  readonly keys?: readonly string[];
  readonly map?: "granular" | "atomic";
  /** `+structType` on the field, which overrules the type's own. */
  readonly struct?: "granular" | "atomic";
  readonly patch?: readonly ("merge" | "replace" | "retainKeys")[];
  readonly patchKey?: string;
  /** Every value upstream accepts, where it is a closed set. */
  readonly enum?: readonly string[];
  /** The fields of this struct stand in JSON among its parent's; in protobuf it is a message of its own. */
  readonly inline?: true;
  readonly doc?: string;
}

export interface ResourceFacts {
  readonly name: string;
  readonly singular: string;
  readonly kind: string;
  readonly list?: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** In discovery's order (alphabetical). */
  readonly verbs: readonly string[];
  readonly subresources?: readonly SubresourceFacts[];
}

export interface SubresourceFacts {
  readonly name: string;
  /** The kind it takes and gives, with its group version where that differs: `autoscaling/v1.Scale`. */
  readonly kind: string;
  readonly verbs: readonly string[];
}
