import { type KubeObject, newConflict, newNotFound } from "../../apimachinery/index.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import type { Admission } from "../admission/contract.ts";
import { groupResourceOf, staleError } from "./errors.ts";
import type { Representable, ResourceRegistry, WriteRequest } from "./resource-registry.ts";
import { timeText } from "./times.ts";

export type Propagation = "Orphan" | "Background" | "Foreground";

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteRequest extends WriteRequest {
  readonly namespace: string;
  readonly name: string;
  readonly gracePeriodSeconds?: number;
  readonly propagation?: Propagation;
  readonly preconditions?: Preconditions;
  /** Instead of the server's, where the request has been admitted in another form. */
  readonly admission?: Admission;
  /** One of a collection: admission is not told its name, as upstream. */
  readonly collected?: boolean;
}

export interface DeleteResult {
  readonly result: Representable;
  /** The object is gone; otherwise it is on its way. */
  readonly gone: boolean;
}

const attemptsMax = 20;
const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";

/** Deletes, or marks for deletion while there is grace or a finalizer. Upstream: `Store.Delete`. */
export async function deleteObject(registry: ResourceRegistry, request: DeleteRequest): Promise<DeleteResult> {
  const key = registry.keyOf(request.namespace, request.name);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const current = await registry.current(key, attempt > 0);
    if (current === undefined) throw newNotFound(groupResourceOf(registry.descriptor), request.name);
    const view = await registry.representation.of(current);
    if (!checkPreconditions(registry, request, view.object, attempt > 0)) continue;
    if (attempt === 0 || request.preconditions === undefined) await admit(registry, request, view.object);
    const outcome = await attemptDelete(registry, request, current, view);
    if (outcome !== "again") return outcome;
  }
  throw staleError(registry.descriptor, request.name);
}

async function admit(registry: ResourceRegistry, request: DeleteRequest, oldObject: KubeObject): Promise<void> {
  const { namespace, admission = registry.admission } = request;
  const attributes = registry.attributes("DELETE", request, {
    namespace,
    name: request.collected === true ? "" : request.name,
    subresource: "",
    object: undefined,
    oldObject,
  });
  await admission.admit(attributes);
  await admission.validate(attributes);
}

/** False when the cached state may be stale and should be looked up. */
export function checkPreconditions(
  registry: ResourceRegistry,
  request: Pick<DeleteRequest, "name" | "preconditions">,
  object: KubeObject,
  fresh: boolean,
): boolean {
  const { preconditions } = request;
  if (preconditions === undefined) return true;
  const { uid = "", resourceVersion = "" } = object.metadata;
  const why =
    preconditions.uid !== undefined && preconditions.uid !== uid
      ? `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`
      : preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion
        ? `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`
        : undefined;
  if (why === undefined) return true;
  if (!fresh) return false;
  const { group, kind } = registry.descriptor.gvk;
  throw newConflict({ group, resource: kind }, request.name, why);
}

async function attemptDelete(
  registry: ResourceRegistry,
  request: DeleteRequest,
  current: CacheEntry,
  view: CacheEntry,
): Promise<DeleteResult | "again"> {
  const { object: old } = view;
  const grace = graceOf(registry, request, old);
  const finalizers = finalizersFor(registry, request, old);
  const { strategy } = registry.descriptor;
  const waits = finalizers.length > 0 || (grace !== undefined && grace > 0) || strategy.holdsDeletion?.(old) === true;
  if (!waits) return remove(registry, request, current, view);
  const marked = mark(registry, view, grace, finalizers);
  if (marked === undefined) return { result: view, gone: false };
  if (request.dryRun) return { result: await registry.imagined(marked), gone: false };
  const { bytes } = await registry.encode(marked);
  const { key, revision } = current;
  const result = await registry.store.transact([{ key, modRevision: revision }], [{ type: "put", key, value: bytes }]);
  if (!result.committed) return "again";
  return {
    result: await registry.representation.of(registry.cache.committed(key, bytes, result.revision)),
    gone: false,
  };
}

/** Seconds that the object may still live; undefined for kinds that go at once. A running grace is only shortened. */
function graceOf(registry: ResourceRegistry, request: DeleteRequest, old: KubeObject): number | undefined {
  const { strategy } = registry.descriptor;
  if (strategy.gracePeriodSeconds === undefined) return undefined;
  const running = old.metadata.deletionTimestamp === undefined ? undefined : old.metadata.deletionGracePeriodSeconds;
  if (running !== undefined) {
    if (request.gracePeriodSeconds === undefined) return running;
    return Math.min(running, Math.max(0, strategy.gracePeriodSeconds(old, request.gracePeriodSeconds)));
  }
  const grace = strategy.gracePeriodSeconds(old, request.gracePeriodSeconds);
  // Negative grace is upstream's way to say "as soon as possible, but gracefully".
  return grace < 0 ? 1 : grace;
}

/** The finalizers that stay or come: those of others, and the one the propagation asks for. */
function finalizersFor(registry: ResourceRegistry, request: DeleteRequest, old: KubeObject): readonly string[] {
  const present = old.metadata.finalizers ?? [];
  const propagation = request.propagation ?? impliedPropagation(registry, present);
  const others = present.filter((finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer);
  if (propagation === "Orphan") return [...others, orphanFinalizer];
  if (propagation === "Foreground") return [...others, foregroundFinalizer];
  return others;
}

function impliedPropagation(registry: ResourceRegistry, present: readonly string[]): Propagation {
  if (present.includes(orphanFinalizer)) return "Orphan";
  if (present.includes(foregroundFinalizer)) return "Foreground";
  return registry.descriptor.strategy.defaultPropagation ?? "Background";
}

/** The object with its deletion marked; undefined when nothing would change. */
function mark(
  registry: ResourceRegistry,
  view: CacheEntry,
  grace: number | undefined,
  finalizers: readonly string[],
): KubeObject | undefined {
  const object = view.copy();
  const { metadata } = object;
  const nowMs = registry.clock.now();
  const seconds = grace ?? 0;
  const sameFinalizers = (metadata.finalizers ?? []).join() === finalizers.join();
  if (metadata.deletionTimestamp === undefined) {
    if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
    metadata.deletionTimestamp = timeText(nowMs + seconds * 1000);
  } else {
    const running = metadata.deletionGracePeriodSeconds ?? 0;
    if (running === seconds && sameFinalizers) return undefined;
    const since = Date.parse(metadata.deletionTimestamp) - running * 1000;
    metadata.deletionTimestamp = timeText(
      Math.max(since + seconds * 1000, Math.min(nowMs, Date.parse(metadata.deletionTimestamp))),
    );
  }
  metadata.deletionGracePeriodSeconds = seconds;
  if (finalizers.length === 0) delete metadata.finalizers;
  else metadata.finalizers = [...finalizers];
  registry.descriptor.strategy.markDeleting?.(object);
  return object;
}

async function remove(
  registry: ResourceRegistry,
  request: DeleteRequest,
  current: CacheEntry,
  view: CacheEntry,
): Promise<DeleteResult | "again"> {
  if (request.dryRun) return { result: view, gone: true };
  const { key, revision } = current;
  const result = await registry.store.transact([{ key, modRevision: revision }], [{ type: "delete", key }]);
  if (!result.committed) return "again";
  registry.descriptor.strategy.afterDelete?.(view.object, registry.writeContext(request));
  return { result: view.at(result.revision), gone: true };
}
