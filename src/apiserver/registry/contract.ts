import type {
  FieldError,
  GroupVersionKind,
  KindCodec,
  KubeObject,
  ObjectSchema,
  ResourceFacts,
} from "../../apimachinery/index.ts";
import type { Random } from "../../base/index.ts";
import type { RequestContext } from "../request/contract.ts";

/** What a strategy may ask about the write at hand. */
export interface WriteContext {
  readonly request: RequestContext;
  readonly dryRun: boolean;
  readonly random: Random;
}

/** What a kind asks of metadata beyond what every object is asked. Upstream: which of the checks its strategy calls. */
export interface MetadataRules {
  /**
   * When an object is created: `first` by default; `unprefixed`, where the kind's name rule does not judge
   * `generateName`; `last`, only once everything else is right, and without a rule of the kind's own.
   */
  readonly onCreate?: "first" | "unprefixed" | "last";
  /** Endpoints (subresource, empty for the object itself) whose updates are held to the name rule once more. */
  readonly namesOn?: readonly string[];
  /** Whether finalizers without a domain must be known ones; by default not, and `notInStatus` not there. */
  readonly knownFinalizers?: "everywhere" | "notInStatus";
}

/**
 * What is particular to a kind on its way into the store: data plus this one file per kind, everything else is the
 * generic registry. Hooks run in the order written here. `object` is the caller's to change until it is stored;
 * `old` is frozen. Upstream: `rest.RESTCreateStrategy`, `RESTUpdateStrategy`, `RESTDeleteStrategy`.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Clears what a creator may not set (status, generation = 1 where the kind counts generations). */
  prepareForCreate?(object: T, context: WriteContext): void;
  /** Resets what an updater may not change (status), raises `metadata.generation` when the spec changed. */
  prepareForUpdate?(object: T, old: T, context: WriteContext): void;
  /** Name rule: DNS subdomain unless the kind says otherwise. Returns messages, upstream's wording. */
  validateName?(name: string, prefix: boolean, object: T): readonly string[];
  /** Set in one table for all kinds, `metadata-rules.ts`. */
  readonly metadata?: MetadataRules;
  /** The whole object on create. Metadata has been checked already. */
  validate?(object: T, context: WriteContext): readonly FieldError[];
  /** On update, with immutability. Metadata has been checked already. */
  validateUpdate?(object: T, old: T, context: WriteContext): readonly FieldError[];
  /** Texts for `Warning` headers (deprecations, likely mistakes), upstream's wording. */
  warningsOnCreate?(object: T): readonly string[];
  warningsOnUpdate?(object: T, old: T): readonly string[];
  /** For a DELETE or deletecollection; `isOpen`: the request leaves to the server what happens to dependents. */
  warningsOnDelete?(isOpen: boolean): readonly string[];
  /** Why the object of this name may not be deleted by a DELETE (answered with Forbidden); undefined when it may. */
  whyNotDelete?(name: string): string | undefined;
  /** Normalises after validation (sorts, de-duplicates) without changing meaning. */
  canonicalize?(object: T): void;
  /** PUT to a name that does not exist creates it. */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT and PATCH without a resource version overwrite. Upstream: true for most kinds. */
  readonly allowUnconditionalUpdate?: boolean;
  /** `Background` unless the kind says otherwise. */
  readonly defaultPropagation?: "Orphan" | "Background" | "Foreground";
  /** DELETE answers with the object instead of a Status. Upstream: `ReturnDeletedObject`. */
  readonly returnsDeleted?: boolean;
  /** Grace for DELETE (pods); undefined means immediate. Returns seconds. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** True while the object must stay though it is being deleted (a namespace that still has `spec.finalizers`). */
  holdsDeletion?(object: T): boolean;
  /** Adjusts an object that has just been marked for deletion (a namespace becomes Terminating). */
  markDeleting?(object: T): void;
  /** Seconds after which a stored object goes by itself (events). */
  ttlSeconds?(object: T): number | undefined;
  /** Status subresource, where the kind has one. The generic `status` takes only `status` (and metadata upstream lets through). */
  readonly status?: Pick<Strategy<T>, "prepareForUpdate" | "validateUpdate" | "warningsOnUpdate" | "canonicalize">;
  /**
   * Fields that writers of an endpoint cannot own, by subresource (empty for the object itself), where they are not just
   * the status, or for `status` the spec. Paths as `metadata.labels`. Upstream: `GetResetFields`.
   */
  readonly resetFields?: Readonly<Record<string, readonly string[]>>;
  /** Further subresources that update the same object (`resize`, `ephemeralcontainers`, `approval`, `finalize`). */
  readonly subresources?: Readonly<
    Record<string, Pick<Strategy<T>, "prepareForUpdate" | "validateUpdate" | "warningsOnUpdate" | "canonicalize">>
  >;
  /** `scale`: where the numbers are. Paths as in CRDs: `.spec.replicas`. */
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath?: string;
  };
  /** Field selectors beyond metadata.name and metadata.namespace, with how to read each. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** Selectable fields worth an index in the cacher (`spec.nodeName`). */
  readonly indexedFields?: readonly string[];
  readonly table?: TableColumns<T>;
  /** Runs inside the write, before commit: allocators (ClusterIP, node port). The returned undo runs when the write fails. */
  beginCreate?(object: T, context: WriteContext): Promise<WriteHooks | void>;
  beginUpdate?(object: T, old: T, context: WriteContext): Promise<WriteHooks | void>;
  afterDelete?(object: T, context: WriteContext): void;
}

export interface WriteHooks {
  commit?(): void;
  rollback?(): void;
}

/** Server-side printing, as `kubectl get` shows it. */
export interface TableColumns<T extends KubeObject> {
  readonly columns: readonly {
    readonly name: string;
    readonly type: "string" | "integer" | "number" | "boolean" | "date";
    readonly format?: string;
    readonly description: string;
    /** 0 always, 1 only with `-o wide`. */
    readonly priority: number;
  }[];
  /** Cells in column order. `nowMs` is for ages. */
  row(object: T, nowMs: number): readonly (string | number | boolean | null)[];
}

/** A served kind: facts + codec + strategy. Built-in kinds and custom resources alike. */
export interface ResourceDescriptor<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly facts: ResourceFacts;
  readonly gvk: GroupVersionKind;
  readonly codec: KindCodec<T>;
  readonly strategy: Strategy<T>;
  /** Where it is stored: `/registry/<group>/<resource>`; the storage version's codec encodes. */
  readonly storagePrefix: string;
  readonly storageCodec: KindCodec<T>;
  readonly storageVersion: GroupVersionKind;
  /** Said in a `Warning` header of every answer: the version is deprecated. */
  readonly deprecation?: string;
  /** Custom resources have no protobuf form and no strategic merge. */
  readonly jsonOnly?: true;
  /** Other versions that stored objects may be in; given where schemas change at run time. */
  readonly storedIn?: readonly { readonly gvk: GroupVersionKind; readonly codec: KindCodec<KubeObject> }[];
  /** Between this version and the storage version; absent where they are the same. Webhook conversion is async and batched. */
  readonly convert?: {
    toStorage(object: T): KubeObject | Promise<KubeObject>;
    fromStorage(objects: readonly KubeObject[]): readonly T[] | Promise<readonly T[]>;
  };
  /** How an object looks in each version that owners of its fields may name; absent where there is but one. */
  readonly ownership?: Ownership;
}

export interface Ownership {
  /** `apps/v1`; this version is among them. */
  readonly apiVersions: readonly string[];
  /** Undefined for a version that is not served. */
  to(
    object: KubeObject,
    apiVersion: string,
  ): { readonly object: KubeObject; readonly schema: ObjectSchema } | undefined;
}
