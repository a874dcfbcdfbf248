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
  /** Made by the first plug-in that may have to run again over the same request. */
  reinvocation?: Reinvocation;
}

/**
 * Mutating admission runs once, and a second time when a webhook or a policy changed the object. Upstream:
 * `admission.ReinvocationContext`.
 */
export class Reinvocation {
  /** Asked for in the first pass. */
  wanted = false;
  /** True in the second pass. */
  again = false;
  /** What plug-ins remember from the first pass, by their names. */
  readonly remembered = new Map<string, unknown>();

  static of(attributes: AdmissionAttributes): Reinvocation {
    attributes.reinvocation ??= new Reinvocation();
    return attributes.reinvocation;
  }
}

/** What a write asks of admission. */
export interface Admission {
  /** Whether any plug-in may change such an object. */
  mutates(operation: AdmissionAttributes["operation"], resource: GroupVersionResource, subresource: string): boolean;
  admit(attributes: AdmissionAttributes): Promise<void>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}

/** For writes that follow from a request which has been admitted in another form. */
export const alreadyAdmitted: Admission = {
  mutates: () => false,
  admit: async () => {},
  validate: async () => {},
};

/**
 * A step between decoding and storing. The order of plug-ins is the array in `admission/order.ts`, as upstream's.
 * A refusal is a thrown `StatusError` (usually Forbidden).
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Cheap pre-check, asked once per (operation, resource, subresource) and remembered. */
  handles(operation: AdmissionAttributes["operation"], resource: GroupVersionResource, subresource: string): boolean;
  /** Whether there is nothing for it to do at present, whatever the request: no webhook, no policy. Asked every time. */
  idle?(): boolean;
  /** Its `admit` changes nothing; `validate` says the same where nobody else is to mutate. */
  readonly onlyChecks?: true;
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}
