import type { KubeObject, OwnerReference } from "../apimachinery/index.ts";

export interface OwnerKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The owner reference that says who manages this object. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

export function newControllerRef(owner: KubeObject, kind: OwnerKind): OwnerReference {
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name: owner.metadata.name ?? "",
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** An informer's index of objects by the uid of their controller, and of those without one by `orphansIn(namespace)`. */
export const byControllerUid = (object: KubeObject): readonly string[] => [
  controllerOf(object)?.uid ?? orphansIn(object.metadata.namespace),
];

export function orphansIn(namespace: string | undefined): string {
  return `orphans/${namespace ?? ""}`;
}

/** An informer's index of objects by all their owners' uids. */
export const byOwnerUid = (object: KubeObject): readonly string[] =>
  (object.metadata.ownerReferences ?? []).map((reference) => reference.uid);

/** The key of the controller of this object, if it is of the wanted kind. For `Controller.watch`. */
export function mapOwner(owner: OwnerKind): (object: KubeObject) => readonly string[] {
  const group = groupOf(owner.apiVersion);
  return (object) => {
    const reference = controllerOf(object);
    if (reference === undefined || reference.kind !== owner.kind || groupOf(reference.apiVersion) !== group) return [];
    const { namespace } = object.metadata;
    return [namespace === undefined || namespace === "" ? reference.name : `${namespace}/${reference.name}`];
  };
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}
