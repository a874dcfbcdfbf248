import {
  type FieldError,
  type KubeObject,
  newAlreadyExists,
  newGenerateNameConflict,
  newInvalid,
  StatusError,
} from "../../apimachinery/index.ts";
import type { Operation } from "../../storage/index.ts";
import { managerOf } from "./field-manager.ts";
import { groupResourceOf } from "./errors.ts";
import { alignNamespace, fillSystemFields, validateMetaOnCreate, wipeSystemFields } from "./metadata.ts";
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
  const object = await prepare(registry, request, namespace, input);
  const { metadata } = object;
  const generated = (metadata.name ?? "") === "" && (metadata.generateName ?? "") !== "";
  for (let attempt = 1; ; attempt += 1) {
    if (generated) metadata.name = generateName(metadata.generateName ?? "", registry.random);
    validate(registry, request, object);
    const name = metadata.name ?? "";
    const attributes = registry.attributes("CREATE", request, {
      namespace,
      name,
      subresource: "",
      object,
      oldObject: undefined,
    });
    await registry.admission.validate(attributes);
    const written = await store(registry, request, namespace, object);
    if (written !== undefined) return written;
    if (!generated) throw await alreadyExists(registry, namespace, name);
    if (attempt === generatedNameAttempts) throw newGenerateNameConflict(groupResourceOf(registry.descriptor), name, 1);
  }
}

async function prepare(
  registry: ResourceRegistry,
  request: WriteRequest,
  namespace: string,
  input: KubeObject,
): Promise<KubeObject> {
  const { descriptor, admission } = registry;
  const { metadata } = input;
  wipeSystemFields(metadata);
  alignNamespace(input, namespace, descriptor.facts.namespaced);
  recordManager(registry, request, input);
  const name = metadata.name ?? "";
  const attributes = registry.attributes("CREATE", request, {
    namespace,
    name,
    subresource: "",
    object: input,
    oldObject: undefined,
  });
  if (admission.mutates("CREATE", attributes.resource, "")) {
    await admission.admit(attributes);
    descriptor.codec.applyDefaults(attributes.object ?? input);
  }
  const object = attributes.object ?? input;
  descriptor.strategy.prepareForCreate?.(object, registry.writeContext(request));
  fillSystemFields(object.metadata, nowText(registry.clock), registry.random);
  return object;
}

function recordManager(registry: ResourceRegistry, request: WriteRequest, object: KubeObject): void {
  if (request.managed === true) return;
  const manager = managerOf(request.fieldManager, request.context.userAgent);
  registry.fieldManagers.record(undefined, object, manager, "", registry.clock.now());
}

function validate(registry: ResourceRegistry, request: WriteRequest, object: KubeObject): void {
  const { descriptor } = registry;
  const { strategy } = descriptor;
  const errors: FieldError[] = [...validateMetaOnCreate(descriptor, object.metadata)];
  const own = strategy.validate?.(object, registry.writeContext(request));
  if (own !== undefined) errors.push(...own);
  if (errors.length > 0) throw newInvalid(descriptor.gvk, object.metadata.name ?? "", errors);
  for (const text of strategy.warningsOnCreate?.(object) ?? []) request.context.warn(text);
  strategy.canonicalize?.(object);
}

/** Undefined when the name is taken. */
async function store(
  registry: ResourceRegistry,
  request: WriteRequest,
  namespace: string,
  object: KubeObject,
): Promise<Representable | undefined> {
  const { strategy } = registry.descriptor;
  const key = registry.keyOf(namespace, object.metadata.name ?? "");
  if (!registry.cache.ready) await registry.cache.start();
  const hooks = (await strategy.beginCreate?.(object, registry.writeContext(request))) ?? undefined;
  try {
    if (request.dryRun) {
      hooks?.rollback?.();
      return (await registry.current(key, false)) === undefined ? registry.imagined(object) : undefined;
    }
    const { bytes } = await registry.encode(object);
    const ttlSeconds = strategy.ttlSeconds?.(object);
    const put: Operation = { type: "put", key, value: bytes, ...(ttlSeconds === undefined ? {} : { ttlSeconds }) };
    const result = await registry.store.transact([{ key, modRevision: 0 }], [put]);
    if (!result.committed) {
      hooks?.rollback?.();
      return undefined;
    }
    hooks?.commit?.();
    return registry.representation.of(registry.cache.committed(key, bytes, result.revision));
  } catch (error) {
    hooks?.rollback?.();
    throw error;
  }
}

async function alreadyExists(registry: ResourceRegistry, namespace: string, name: string): Promise<StatusError> {
  const error = newAlreadyExists(groupResourceOf(registry.descriptor), name);
  const current = await registry.current(registry.keyOf(namespace, name), false);
  if (current?.object.metadata.deletionTimestamp === undefined) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` });
}
