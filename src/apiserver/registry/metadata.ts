import {
  type FieldError,
  fieldPath,
  type KubeObject,
  nameIsDnsSubdomain,
  type NameRule,
  newBadRequest,
  type ObjectMeta,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from "../../apimachinery/index.ts";
import type { Random } from "../../base/index.ts";
import type { ResourceDescriptor } from "./contract.ts";

const metadataPath = fieldPath("metadata");

/** What a creator may not bring along. */
export function wipeSystemFields(meta: ObjectMeta): void {
  delete meta.uid;
  delete meta.creationTimestamp;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
  delete meta.generation;
}

export function fillSystemFields(meta: ObjectMeta, createdAt: string, random: Random): void {
  meta.creationTimestamp = createdAt;
  meta.uid = random.uuid();
}

/** The object's namespace is the request's; a different one is refused. */
export function alignNamespace(object: KubeObject, namespace: string, namespaced: boolean): void {
  const { metadata } = object;
  const own = metadata.namespace ?? "";
  if (namespaced) {
    if (own === "") metadata.namespace = namespace;
    else if (own !== namespace) throw newBadRequest(namespaceMismatch);
    return;
  }
  if (own !== "" && namespace === "") throw newBadRequest(namespaceMismatch);
}

const namespaceMismatch = "the namespace of the provided object does not match the namespace sent on the request";

export function validateMetaOnCreate(
  { strategy, facts }: ResourceDescriptor,
  object: KubeObject,
): readonly FieldError[] {
  const rule: NameRule =
    strategy.validateName === undefined
      ? nameIsDnsSubdomain
      : (name, prefix) => strategy.validateName?.(name, prefix, object) ?? [];
  return validateObjectMeta(object.metadata, facts.namespaced, rule, metadataPath);
}

export function validateMetaOnUpdate(meta: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  return validateObjectMetaUpdate(meta, old, metadataPath);
}

/** What an updater cannot change takes its old value, so that leaving it out is no error. */
export function preserveMeta(meta: ObjectMeta, old: ObjectMeta): void {
  if ((meta.uid ?? "") === "") meta.uid = old.uid;
  meta.creationTimestamp = old.creationTimestamp;
  if (old.generation === undefined) delete meta.generation;
  else meta.generation = old.generation;
  delete meta.selfLink;
  if (old.deletionTimestamp !== undefined) {
    meta.deletionTimestamp = old.deletionTimestamp;
    meta.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
    if (meta.deletionGracePeriodSeconds === undefined) delete meta.deletionGracePeriodSeconds;
  } else {
    delete meta.deletionTimestamp;
    delete meta.deletionGracePeriodSeconds;
  }
}
