import type { GroupVersionKind, GroupVersionResource, KubeObject } from "../../apimachinery/index.ts";
import type { RequestContext } from "../request/contract.ts";

/** `admission.Attributes` upstream. */
export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Mutating plug-ins change it in place or replace it. Absent on DELETE. */
  object: KubeObject | undefined;
  /** Frozen. Present on UPDATE and DELETE. */
  readonly oldObject: KubeObject | undefined;
  /** CreateOptions, UpdateOptions, DeleteOptions or the CONNECT options object. */
  readonly options: unknown;
  readonly dryRun: boolean;
  readonly context: RequestContext;
}

/**
 * A step between decoding and storing. The order of plug-ins is the array in `admission/order.ts`, as upstream's.
 * A refusal is a thrown `StatusError` (usually Forbidden).
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Cheap pre-check, asked once per (operation, resource, subresource) and remembered. */
  handles(operation: AdmissionAttributes["operation"], resource: GroupVersionResource, subresource: string): boolean;
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}
