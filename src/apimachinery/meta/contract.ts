import type { ListMeta, ObjectMeta } from "./types.ts";

export type { ListMeta, ManagedFieldsEntry, ObjectMeta, OwnerReference } from "./types.ts";

/** What generic code works on; the types of meta/v1 themselves are generated into `types.ts` beside this. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

export interface KubeList<T> {
  apiVersion?: string;
  kind?: string;
  metadata: ListMeta;
  items: T[];
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}
