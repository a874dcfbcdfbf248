import type { CustomResourceDefinition } from "../../../api/index.ts";
import { type FieldError, fieldPath, invalid, quote, required } from "../../../apimachinery/index.ts";

const annotation = "api-approved.kubernetes.io";
const see = "see https://github.com/kubernetes/enhancements/pull/1111";

type Approval = "missing" | "bypassed" | "approved" | "invalid";

/** Groups of the Kubernetes project are for what it has approved. */
export function isProtected(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

export function approvalOf({ metadata }: CustomResourceDefinition): { readonly state: Approval; readonly why: string } {
  const said = metadata.annotations?.[annotation] ?? "";
  const need = `protected groups must have approval annotation ${quote(annotation)}`;
  if (said === "") return { state: "missing", why: `${need}, ${see}` };
  if (said.startsWith("unapproved")) return { state: "bypassed", why: `not approved: ${quote(said)}` };
  if (URL.canParse(said) && new URL(said).host !== "") return { state: "approved", why: `approved in ${said}` };
  return { state: "invalid", why: `${need} with either a URL or a reason starting with "unapproved", ${see}` };
}

/** A state that stays as it was is never refused. */
export function checkApproval(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!isProtected(definition.spec.group)) return [];
  const { state, why } = approvalOf(definition);
  if (old !== undefined && approvalOf(old).state === state) return [];
  const path = fieldPath("metadata", "annotations").key(annotation);
  if (state === "missing") return [required(path, why)];
  return state === "invalid" ? [invalid(path, definition.metadata.annotations?.[annotation], why)] : [];
}
