import {
  type FieldError,
  type KubeObject,
  newAlreadyExists,
  newGenerateNameConflict,
  newInvalid,
  newUnknownError,
  StatusError,
} from "../../apimachinery/index.ts";
import type { Operation } from "../../storage/index.ts";
import { managerOf } from "./field-manager.ts";
import { groupResourceOf } from "./errors.ts";
import {
  alignNamespace,
  dropDuplicateOwners,
  fillSystemFields,
  validateMetaLast,
  validateMetaOnCreate,
  wipeSystemFields,
} from "./metadata.ts";
import { generateName } from "./names.ts";
import type { Representable, ResourceRegistry, WriteRequest } from "./resource-registry.ts";
import { nowText } from "./times.ts";

/** Upstream tries so often to find a free name. */
const generatedNameAttempts = 8;

/** Creates `object`, which the registry may change. Order of steps as upstream's create handler and store. */
export async function createObject(
  registry: ResourceRegistry,
  request: WriteRequest,
  namespace: string,
  input: KubeObject,
): Promise<Representable> {
  const object = await admit(registry, request, namespace, input);
  fillSystemFields(object.metadata, nowText(registry.clock), registry.random);
  const prefix = object.metadata.generateName ?? "";
  const generated = (object.metadata.name ?? "") === "" && prefix !== "";
  for (let attempt = 1; ; attempt += 1) {
    if (generated) object.metadata.name = generateName(prefix, registry.random);
    const written = await attemptCreate(registry, request, namespace, object);
    if (written !== undefined) return written;
    const name = object.metadata.name ?? "";
    if (prefix === "") throw await alreadyExists(registry, namespace, name);
    if (generated && attempt < generatedNameAttempts) continue;
    throw newGenerateNameConflict(groupResourceOf(registry.descriptor), name, 1);
  }
}

async function admit(
  registry: ResourceRegistry,
  request: WriteRequest,
  namespace: string,
  input: KubeObject,
): Promise<KubeObject> {
  const { descriptor, admission } = registry;
  wipeSystemFields(input.metadata);
  alignNamespace(input, namespace, descriptor.facts.namespaced);
  dropDuplicateOwners(input.metadata, request.context, "sent");
  recordManager(registry, request, input);
  const name = input.metadata.name ?? "";
  const attributes = registry.attributes("CREATE", request, {
    namespace,
    name,
    subresource: "",
    object: input,
    oldObject: undefined,
  });
  if (!admission.mutates("CREATE", attributes.resource, "")) return input;
  await admission.admit(attributes);
  const admitted = attributes.object ?? input;
  alignNamespace(admitted, namespace, descriptor.facts.namespaced);
  dropDuplicateOwners(admitted.metadata, request.context, "admitted");
  descriptor.codec.applyDefaults(admitted);
  return admitted;
}

function recordManager(registry: ResourceRegistry, request: WriteRequest, object: KubeObject): void {
  if (request.managed === true) return;
  const manager = managerOf(request.fieldManager, request.context.userAgent);
  registry.fieldManagers.record(undefined, object, manager, "", registry.clock.now());
}

/** Undefined when the name is taken. Allocators come first, as upstream, so that validation sees what they gave. */
async function attemptCreate(
  registry: ResourceRegistry,
  request: WriteRequest,
  namespace: string,
  object: KubeObject,
): Promise<Representable | undefined> {
  const { strategy } = registry.descriptor;
  const context = registry.writeContext(request);
  const hooks = (await strategy.beginCreate?.(object, context)) ?? undefined;
  let stored = false;
  try {
    strategy.prepareForCreate?.(object, context);
    await validate(registry, request, namespace, object);
    const written = request.dryRun
      ? await imagine(registry, namespace, object)
      : await store(registry, namespace, object);
    stored = written !== undefined && !request.dryRun;
    return written;
  } finally {
    if (stored) hooks?.commit?.();
    else hooks?.rollback?.();
  }
}

async function validate(
  registry: ResourceRegistry,
  request: WriteRequest,
  namespace: string,
  object: KubeObject,
): Promise<void> {
  const { descriptor } = registry;
  const { strategy } = descriptor;
  const name = object.metadata.name ?? "";
  const errors: FieldError[] = [...validateMetaOnCreate(descriptor, object)];
  const own = strategy.validate?.(object, registry.writeContext(request));
  if (own !== undefined) errors.push(...own);
  if (errors.length === 0) errors.push(...validateMetaLast(descriptor, object.metadata));
  if (errors.length > 0) throw newInvalid(descriptor.storageVersion, name, errors);
  for (const text of strategy.warningsOnCreate?.(object) ?? []) request.context.warn(text);
  strategy.canonicalize?.(object);
  const attributes = registry.attributes("CREATE", request, {
    namespace,
    name,
    subresource: "",
    object,
    oldObject: undefined,
  });
  await registry.admission.validate(attributes);
}

async function imagine(
  registry: ResourceRegistry,
  namespace: string,
  object: KubeObject,
): Promise<Representable | undefined> {
  const key = registry.keyOf(namespace, object.metadata.name ?? "");
  return (await registry.current(key, false)) === undefined ? registry.imagined(object) : undefined;
}

async function store(
  registry: ResourceRegistry,
  namespace: string,
  object: KubeObject,
): Promise<Representable | undefined> {
  const { strategy } = registry.descriptor;
  const key = registry.keyOf(namespace, object.metadata.name ?? "");
  if (!registry.cache.ready) await registry.cache.start();
  if (Number(object.metadata.resourceVersion ?? 0) > 0) throw newUnknownError(versionOfNew);
  const { bytes } = await registry.encode(object);
  const ttlSeconds = strategy.ttlSeconds?.(object);
  const put: Operation = { type: "put", key, value: bytes, ...(ttlSeconds === undefined ? {} : { ttlSeconds }) };
  const result = await registry.store.transact([{ key, modRevision: 0 }], [put]);
  if (!result.committed) return undefined;
  return registry.representation.of(registry.cache.committed(key, bytes, result.revision));
}

/** What upstream's storage answers; it counts what is no number as none. */
const versionOfNew = "resourceVersion should not be set on objects to be created";

async function alreadyExists(registry: ResourceRegistry, namespace: string, name: string): Promise<StatusError> {
  const error = newAlreadyExists(groupResourceOf(registry.descriptor), name);
  const current = await registry.current(registry.keyOf(namespace, name), false);
  if (current?.object.metadata.deletionTimestamp === undefined) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` });
}
