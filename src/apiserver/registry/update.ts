import {
  type FieldError,
  fieldPath,
  invalid,
  type KubeObject,
  newConflict,
  newInvalid,
  newNotFound,
  newUnknownError,
  quote,
} from "../../apimachinery/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import { managerOf } from "./field-manager.ts";
import type { Admission } from "../admission/contract.ts";
import type { Strategy } from "./contract.ts";
import { createObject } from "./create.ts";
import { groupResourceOf, staleError } from "./errors.ts";
import { alignNamespace, dropDuplicateOwners, preserveMeta, validateMetaOnUpdate } from "./metadata.ts";
import type { Representable, ResourceRegistry, WriteRequest } from "./resource-registry.ts";

export interface UpdateRequest extends WriteRequest {
  readonly namespace: string;
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /**
   * Makes the new state from the (frozen) current one; asked again when another writer came in between. Undefined
   * is passed only when `create` allows it. The registry may change what it gets.
   */
  readonly produce: (existing: KubeObject | undefined) => KubeObject | Promise<KubeObject>;
  /** What to do when nothing is there: by default, what the strategy says. */
  readonly create?: boolean;
  /** Instead of those that the strategy has for the subresource. */
  readonly rules?: UpdateRules;
  readonly precondition?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Instead of the server's, where admission sees the request in another form than the stored object's. */
  readonly admission?: Admission;
}

export interface UpdateResult {
  readonly result: Representable;
  readonly created: boolean;
}

export type UpdateRules = Pick<Strategy, "prepareForUpdate" | "validateUpdate" | "warningsOnUpdate" | "canonicalize">;

/** How often another writer may come in between before the caller is told. */
const attemptsMax = 20;

/** Replaces an object by what `produce` makes of it. Order of steps as upstream's update handler and store. */
export async function updateObject(registry: ResourceRegistry, request: UpdateRequest): Promise<UpdateResult> {
  const key = registry.keyOf(request.namespace, request.name);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const current = await registry.current(key, attempt > 0);
    if (current === undefined) {
      const created = await createInstead(registry, request);
      return { result: created, created: true };
    }
    const outcome = await attemptUpdate(registry, request, current, attempt > 0);
    if (outcome !== "again") return { result: outcome, created: false };
  }
  throw staleError(registry.descriptor, request.name);
}

async function createInstead(registry: ResourceRegistry, request: UpdateRequest): Promise<Representable> {
  const { descriptor } = registry;
  const allowed = request.create ?? descriptor.strategy.allowCreateOnUpdate ?? false;
  if (!allowed || request.subresource !== "") throw newNotFound(groupResourceOf(descriptor), request.name);
  const object = await request.produce(undefined);
  const { uid = "" } = object.metadata;
  if (uid !== "") {
    if (request.precondition?.uid !== undefined) throw uidConflict(registry, request, uid, "");
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw newConflict(groupResourceOf(descriptor), request.name, why);
  }
  delete object.metadata.resourceVersion;
  return createObject(registry, request, request.namespace, object);
}

async function attemptUpdate(
  registry: ResourceRegistry,
  request: UpdateRequest,
  current: CacheEntry,
  fresh: boolean,
): Promise<Representable | "again"> {
  const { strategy } = registry.descriptor;
  const existing = (await registry.representation.of(current)).object;
  const produced = await request.produce(existing);
  if (checkVersion(registry, request, produced, existing, current, fresh) === "again") return "again";
  const object = await admit(registry, request, produced, existing);
  preserveMeta(object.metadata, existing.metadata);
  const context = registry.writeContext(request);
  const begin = request.subresource === "" ? strategy.beginUpdate : undefined;
  const hooks = (await begin?.call(strategy, object, existing, context)) ?? undefined;
  let stored = false;
  try {
    await validateUpdate(registry, request, object, existing);
    const outcome = deletesDuringUpdate(strategy, object, existing)
      ? await finishDeletion(registry, request, object, current)
      : await store(registry, request, object, current);
    stored = outcome !== "again" && !request.dryRun;
    return outcome;
  } finally {
    if (stored) hooks?.commit?.();
    else hooks?.rollback?.();
  }
}

/** Compares identity and resource version. A cached state may be stale: then look again before saying no. */
function checkVersion(
  registry: ResourceRegistry,
  request: UpdateRequest,
  object: KubeObject,
  existing: KubeObject,
  current: CacheEntry,
  fresh: boolean,
): "fine" | "again" {
  const { metadata } = object;
  const { precondition } = request;
  const uid = precondition?.uid;
  if (uid !== undefined && uid !== existing.metadata.uid) {
    if (!fresh) return "again";
    throw uidConflict(registry, request, uid, existing.metadata.uid ?? "");
  }
  const asked = precondition?.resourceVersion ?? metadata.resourceVersion ?? "";
  if (asked === "" || asked === "0") {
    if (registry.descriptor.strategy.allowUnconditionalUpdate === false) {
      const path = fieldPath("metadata").child("resourceVersion");
      const { group, facts } = registry.descriptor;
      const error = invalid(path, 0, "must be specified for an update");
      throw newInvalid({ group, kind: facts.name }, request.name, [error]);
    }
    metadata.resourceVersion = String(current.revision);
  } else if (asked !== String(current.revision)) {
    if (!/^\d+$/.test(asked)) throw newUnknownError(`strconv.ParseUint: parsing ${quote(asked)}: invalid syntax`);
    if (!fresh) return "again";
    throw staleError(registry.descriptor, request.name);
  }
  return "fine";
}

function uidConflict(registry: ResourceRegistry, request: UpdateRequest, wanted: string, found: string): Error {
  const key = registry.keyOf(request.namespace, request.name);
  const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
  const text = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
  return newConflict(groupResourceOf(registry.descriptor), request.name, text);
}

async function admit(
  registry: ResourceRegistry,
  request: UpdateRequest,
  object: KubeObject,
  existing: KubeObject,
): Promise<KubeObject> {
  const { descriptor } = registry;
  const { namespace, name, subresource, admission = registry.admission } = request;
  alignNamespace(object, namespace, descriptor.facts.namespaced);
  if (request.managed !== true) {
    const manager = managerOf(request.fieldManager, request.context.userAgent);
    registry.fieldManagers.record(existing, object, manager, subresource, registry.clock.now());
  }
  const attributes = registry.attributes("UPDATE", request, {
    namespace,
    name,
    subresource,
    object,
    oldObject: existing,
  });
  if (!admission.mutates("UPDATE", attributes.resource, subresource)) {
    dropDuplicateOwners(object.metadata, request.context, "admitted");
    return object;
  }
  const { resourceVersion = "" } = object.metadata;
  await admission.admit(attributes);
  const admitted = attributes.object ?? object;
  alignNamespace(admitted, namespace, descriptor.facts.namespaced);
  admitted.metadata.resourceVersion ||= resourceVersion;
  // Who made it another version's does not know of this one.
  if (admitted.metadata.resourceVersion !== resourceVersion) throw staleError(descriptor, name);
  dropDuplicateOwners(admitted.metadata, request.context, "admitted");
  descriptor.codec.applyDefaults(admitted);
  return admitted;
}

async function validateUpdate(
  registry: ResourceRegistry,
  request: UpdateRequest,
  object: KubeObject,
  existing: KubeObject,
): Promise<void> {
  const { descriptor } = registry;
  const rules = request.rules ?? rulesFor(descriptor.strategy, request.subresource);
  const context = registry.writeContext(request);
  rules.prepareForUpdate?.(object, existing, context);
  const errors: FieldError[] = [...validateMetaOnUpdate(descriptor, request.subresource, object, existing)];
  const own = rules.validateUpdate?.(object, existing, context);
  if (own !== undefined) errors.push(...own);
  if (errors.length > 0) throw newInvalid(descriptor.storageVersion, request.name, errors);
  for (const text of rules.warningsOnUpdate?.(object, existing) ?? []) request.context.warn(text);
  rules.canonicalize?.(object);
  const { namespace, name, subresource } = request;
  const attributes = registry.attributes("UPDATE", request, {
    namespace,
    name,
    subresource,
    object,
    oldObject: existing,
  });
  await (request.admission ?? registry.admission).validate(attributes);
}

function rulesFor(strategy: Strategy, subresource: string): UpdateRules {
  if (subresource === "") return strategy;
  if (subresource === "status") return strategy.status ?? genericStatus;
  return strategy.subresources?.[subresource] ?? strategy;
}

/** Takes the status and leaves everything else but labels and annotations-like metadata as it is. */
const genericStatus: UpdateRules = {
  prepareForUpdate(object, old) {
    const fields = object as unknown as Record<string, unknown>;
    const before = old as unknown as Record<string, unknown>;
    for (const field of new Set([...Object.keys(fields), ...Object.keys(before)])) {
      if (field === "status" || field === "metadata" || field === "kind" || field === "apiVersion") continue;
      if (before[field] === undefined) delete fields[field];
      else fields[field] = before[field];
    }
  },
};

async function store(
  registry: ResourceRegistry,
  request: UpdateRequest,
  object: KubeObject,
  current: CacheEntry,
): Promise<Representable | "again"> {
  const { strategy } = registry.descriptor;
  if (request.dryRun) return registry.imagined(object);
  const { key } = current;
  const { bytes } = await registry.encode(object);
  const next = CacheEntry.fromStored(key, bytes, current.revision, registry.cache.shape);
  // The same content in another storage version is written: so are objects migrated.
  if (next.shape === current.shape && next.item.equals(current.item)) return registry.representation.of(current);
  const ttlSeconds = strategy.ttlSeconds?.(object);
  const put = { type: "put", key, value: bytes, ...(ttlSeconds === undefined ? {} : { ttlSeconds }) } as const;
  const result = await registry.store.transact([{ key, modRevision: current.revision }], [put]);
  if (!result.committed) return "again";
  return registry.representation.of(registry.cache.committed(key, bytes, result.revision));
}

/** The last finalizer of an object that is being deleted went: so does the object. */
function deletesDuringUpdate(strategy: Strategy, object: KubeObject, existing: KubeObject): boolean {
  const { metadata } = object;
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0) return false;
  return (existing.metadata.deletionGracePeriodSeconds ?? 0) === 0 && strategy.holdsDeletion?.(object) !== true;
}

async function finishDeletion(
  registry: ResourceRegistry,
  request: UpdateRequest,
  object: KubeObject,
  current: CacheEntry,
): Promise<Representable | "again"> {
  if (request.dryRun) return registry.imagined(object);
  const { key, revision } = current;
  const result = await registry.store.transact([{ key, modRevision: revision }], [{ type: "delete", key }]);
  if (!result.committed) return "again";
  registry.descriptor.strategy.afterDelete?.(object, registry.writeContext(request));
  object.metadata.resourceVersion = String(result.revision);
  return registry.imagined(object);
}
