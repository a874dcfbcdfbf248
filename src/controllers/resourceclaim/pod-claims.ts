import type { Pod, PodResourceClaim, ResourceClaimTemplate, resourceV1 } from "../../api/index.ts";
import { keyOf } from "../../client/index.ts";
import { isControlledBy, isPodTerminal } from "../../reconcile/index.ts";

type ResourceClaim = resourceV1.ResourceClaim;

export const podClaimAnnotation = "resource.kubernetes.io/pod-claim-name";
const extendedResourceAnnotation = "resource.kubernetes.io/extended-resource-claim";
/** Room for a hyphen and five random characters in a name of 63. */
const generatedBaseMax = 57;

/** Which object stands for an entry of `spec.resourceClaims`. */
export type ClaimName =
  | { readonly type: "named"; readonly name: string; readonly generated: boolean }
  /** It was decided before that none is needed. */
  | { readonly type: "unneeded" }
  /** Of a template, and not made yet. */
  | { readonly type: "missing" }
  /** Made by a later version of the API. */
  | { readonly type: "unsupported" };

export function claimNameOf(pod: Pod, entry: PodResourceClaim): ClaimName {
  const { resourceClaimName, resourceClaimTemplateName } = entry;
  if (resourceClaimName !== undefined) return { type: "named", name: resourceClaimName, generated: false };
  if (resourceClaimTemplateName === undefined) return { type: "unsupported" };
  const status = pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry.name);
  if (status === undefined) return { type: "missing" };
  const { resourceClaimName: name } = status;
  return name === undefined ? { type: "unneeded" } : { type: "named", name, generated: true };
}

/** Keys of the claims that a pod is known to use. */
export function claimKeysOf(pod: Pod): readonly string[] {
  const keys = new Set<string>();
  for (const entry of pod.spec.resourceClaims ?? []) {
    const found = claimNameOf(pod, entry);
    if (found.type === "named") keys.add(inNamespaceOf(pod, found.name));
  }
  return [...keys];
}

/** Keys of the templates that a pod's claims are made of. */
export function templateKeysOf(pod: Pod): readonly string[] {
  const names = (pod.spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) => name ?? []);
  return [...new Set(names)].map((name) => inNamespaceOf(pod, name));
}

/** Of the claim that the scheduler made for extended resources. */
export function extendedClaimKeysOf(pod: Pod): readonly string[] {
  const name = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  return name === undefined ? [] : [inNamespaceOf(pod, name)];
}

export function inNamespaceOf(pod: Pod, name: string): string {
  return `${pod.metadata.namespace ?? ""}/${name}`;
}

export function hasClaims(pod: Pod): boolean {
  return (pod.spec.resourceClaims ?? []).length > 0 || pod.status?.extendedResourceClaimStatus !== undefined;
}

/** None of its containers runs, and none ever will. */
export function isPodDone(pod: Pod): boolean {
  const { deletionTimestamp } = pod.metadata;
  return isPodTerminal(pod) || (deletionTimestamp !== undefined && (pod.spec.nodeName ?? "") === "");
}

/** Whether a pod lacks a claim, or a reservation of one, that it is the controller's to make. */
export function needsWork(pod: Pod, claim: (key: string) => ResourceClaim | undefined): boolean {
  // A claim made for a pod that is done would be removed at once, and that would be seen here again.
  if (pod.metadata.deletionTimestamp !== undefined || isPodDone(pod)) return false;
  return (pod.spec.resourceClaims ?? []).some((entry) => {
    const found = claimNameOf(pod, entry);
    if (found.type === "unneeded") return false;
    if (found.type !== "named") return true;
    const object = claim(inNamespaceOf(pod, found.name));
    if (object === undefined) return entry.resourceClaimTemplateName !== undefined;
    if (found.generated && !isControlledBy(object, pod)) return false;
    return (pod.spec.nodeName ?? "") !== "" && needsReservation(object, pod);
  });
}

/** The scheduler reserves claims when it picks a node; for pods that it did not place, the controller does. */
export function needsReservation({ status }: ResourceClaim, pod: Pod): boolean {
  if (status?.allocation === undefined) return false;
  return !(status.reservedFor ?? []).some(({ uid }) => uid === pod.metadata.uid);
}

/** Throws with upstream's words when the claim was made for another pod. */
export function checkOwner(claim: ResourceClaim, pod: Pod): void {
  if (isControlledBy(claim, pod)) return;
  throw new Error(`ResourceClaim ${keyOf(claim)} was not created for Pod ${keyOf(pod)} (Pod is not owner)`);
}

/** The claim of a pod that was made of a template for this entry. */
export function isMadeFor({ metadata }: ResourceClaim, entry: PodResourceClaim): boolean {
  return metadata.annotations?.[podClaimAnnotation] === entry.name;
}

export function claimFrom(template: ResourceClaimTemplate, pod: Pod, entry: PodResourceClaim): ResourceClaim {
  const { labels, annotations } = template.spec.metadata ?? {};
  return {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: {
      generateName: generateNameOf(pod.metadata.name ?? "", entry.name),
      namespace: pod.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [podClaimAnnotation]: entry.name },
      ownerReferences: [
        {
          apiVersion: "v1",
          kind: "Pod",
          name: pod.metadata.name ?? "",
          uid: pod.metadata.uid ?? "",
          controller: true,
        },
      ],
    },
    spec: template.spec.spec,
  };
}

/** Of names that are too long together, each keeps the same share. */
export function generateNameOf(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`;
  if (whole.length <= generatedBaseMax) return whole;
  const part = (name: string): string => name.slice(0, Math.floor((name.length * generatedBaseMax) / whole.length));
  // Upstream leaves out the last hyphen here.
  return `${part(pod)}-${part(entry)}`;
}

/** Labels of the metric of claims. */
export function claimLabels(claim: ResourceClaim): { allocated: string; adminAccess: string; source: string } {
  const { annotations = {} } = claim.metadata;
  const isExtended = annotations[extendedResourceAnnotation] === "true";
  const isGenerated = (annotations[podClaimAnnotation] ?? "") !== "";
  return {
    allocated: String(claim.status?.allocation !== undefined),
    adminAccess: String(asksForAdminAccess(claim.spec)),
    source: isExtended ? "extended_resource" : isGenerated ? "resource_claim_template" : "",
  };
}

export function asksForAdminAccess({ devices }: resourceV1.ResourceClaimSpec): boolean {
  return (devices?.requests ?? []).some(({ exactly }) => exactly?.adminAccess === true);
}

export function asksForAlternatives({ devices }: resourceV1.ResourceClaimSpec): boolean {
  return (devices?.requests ?? []).some(({ firstAvailable = [] }) => firstAvailable.length > 0);
}
