import {
  type FieldError,
  fieldPath,
  type KubeObject,
  nameIsDnsSubdomain,
  nameIsPathSegment,
  type NameRule,
  newBadRequest,
  type ObjectMeta,
  type OwnerReference,
  validateNames,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from "../../apimachinery/index.ts";
import type { Random } from "../../base/index.ts";
import { checkKubeFinalizers } from "./common/check.ts";
import type { RequestContext } from "../request/contract.ts";
import type { ResourceDescriptor } from "./contract.ts";

const metadataPath = fieldPath("metadata");

/** What a creator may not bring along. */
export function wipeSystemFields(meta: ObjectMeta): void {
  delete meta.uid;
  delete meta.creationTimestamp;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
}

export function fillSystemFields(meta: ObjectMeta, createdAt: string, random: Random): void {
  meta.uid = random.uuid();
  meta.creationTimestamp = createdAt;
}

/** The object's namespace is the request's; a different one is refused. Kinds that are in none lose it. */
export function alignNamespace(object: KubeObject, namespace: string, namespaced: boolean): void {
  const { metadata } = object;
  const own = metadata.namespace ?? "";
  if (!namespaced) delete metadata.namespace;
  else if (own === "") metadata.namespace = namespace;
  else if (own !== namespace) throw newBadRequest(namespaceMismatch);
}

const namespaceMismatch = "the namespace of the provided object does not match the namespace sent on the request";

/** What is sent to replace an object must be of that object's name and namespace. */
export function checkIdentity(
  object: KubeObject,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  namespaced: boolean,
): void {
  alignNamespace(object, namespace, namespaced);
  const { name: own = "" } = object.metadata;
  if (own === name) return;
  const unnamed = `the name of the object (${name} based on URL) was undeterminable: name must be provided`;
  throw newBadRequest(
    own === "" ? unnamed : `the name of the object (${own}) does not match the name on the URL (${name})`,
  );
}

function nameRuleOf({ strategy }: ResourceDescriptor, object: KubeObject): NameRule {
  if (strategy.validateName === undefined) return nameIsDnsSubdomain;
  return (name, prefix) => strategy.validateName?.(name, prefix, object) ?? [];
}

/** What is found beside the kind's own checks, before them. */
export function validateMetaOnCreate(descriptor: ResourceDescriptor, object: KubeObject): readonly FieldError[] {
  const { strategy, facts } = descriptor;
  const { onCreate, knownFinalizers } = strategy.metadata ?? {};
  if (onCreate === "last") return [];
  const rule = nameRuleOf(descriptor, object);
  const own: NameRule = onCreate === "unprefixed" ? (name, prefix) => (prefix ? [] : rule(name, prefix)) : rule;
  const errors = validateObjectMeta(object.metadata, facts.namespaced, own, metadataPath);
  if (knownFinalizers !== undefined) checkKubeFinalizers(object.metadata.finalizers, metadataPath, errors);
  return errors;
}

/** What is asked of every kind, and looked at when all else is right: mostly it has been found before. */
export function validateMetaLast({ strategy, facts }: ResourceDescriptor, meta: ObjectMeta): readonly FieldError[] {
  const { validateName, metadata } = strategy;
  if (metadata?.onCreate === "last") return validateObjectMeta(meta, facts.namespaced, nameIsPathSegment, metadataPath);
  const errors: FieldError[] = [];
  // All but names of the kind's own form has been found before.
  const ownForm = validateName !== undefined || metadata?.onCreate !== undefined;
  if (ownForm) validateNames(meta, nameIsPathSegment, metadataPath, errors);
  return errors;
}

/** Before the kind's own checks: what is asked of every kind, then what the kind asks on this endpoint. */
export function validateMetaOnUpdate(
  descriptor: ResourceDescriptor,
  subresource: string,
  object: KubeObject,
  old: KubeObject,
): readonly FieldError[] {
  const { strategy, facts } = descriptor;
  const { metadata } = object;
  const errors = validateObjectMeta(metadata, facts.namespaced, nameIsPathSegment, metadataPath);
  validateObjectMetaUpdate(metadata, old.metadata, metadataPath, errors);
  const { namesOn, knownFinalizers } = strategy.metadata ?? {};
  if (namesOn?.includes(subresource) === true) {
    validateNames(metadata, nameRuleOf(descriptor, object), metadataPath, errors);
  }
  if (knownFinalizers === "everywhere" || (knownFinalizers !== undefined && subresource !== "status")) {
    checkKubeFinalizers(metadata.finalizers, metadataPath, errors);
  }
  return errors;
}

/** What an updater cannot change takes its old value, so that leaving it out is no error. */
export function preserveMeta(meta: ObjectMeta, old: ObjectMeta): void {
  if ((meta.uid ?? "") === "") meta.uid = old.uid;
  meta.creationTimestamp = old.creationTimestamp;
  if (old.generation === undefined) delete meta.generation;
  else meta.generation = old.generation;
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) meta.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
}

/** Leaves out owners that are named twice, with a warning. Upstream: `dedupOwnerReferences`. */
export function dropDuplicateOwners(
  meta: ObjectMeta,
  context: Pick<RequestContext, "warn">,
  when: "sent" | "admitted",
): void {
  const { ownerReferences: owners = [] } = meta;
  if (owners.length < 2) return;
  const kept = new Map<string, OwnerReference>();
  const uids: string[] = [];
  for (const owner of owners) {
    const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
    // Bodies may name a hundred thousand owners.
    const whole = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion]);
    if (kept.has(whole)) uids.push(uid);
    else kept.set(whole, owner);
  }
  if (uids.length === 0) return;
  meta.ownerReferences = [...kept.values()];
  const late = when === "sent" ? "" : " after mutating admission happens";
  const what = `.metadata.ownerReferences contains duplicate entries${late}`;
  const advice = "API server dedups owner references in 1.20+, and may reject such requests as early as 1.24";
  context.warn(`${what}; ${advice}; please fix your requests; duplicate UID(s) observed: ${uids.join(", ")}`);
}
