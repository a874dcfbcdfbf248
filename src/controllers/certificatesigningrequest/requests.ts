import type { CertificateSigningRequest } from "../../api/index.ts";
import { type CertificateRequest, parseCertificateRequest } from "../../component/index.ts";
import { findCondition } from "../../reconcile/index.ts";

export const kubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
const nodeUserPrefix = "system:node:";
const nodesGroup = "system:nodes";

/** Throws with a plain sentence when the request cannot be read. */
export function readRequest({ spec }: CertificateSigningRequest): CertificateRequest {
  return parseCertificateRequest(Buffer.from(spec.request, "base64").toString());
}

export function isApproved({ status }: CertificateSigningRequest): boolean {
  return hasCondition(status, "Approved") && !hasCondition(status, "Denied");
}

export function isDecided({ status }: CertificateSigningRequest): boolean {
  return hasCondition(status, "Approved") || hasCondition(status, "Denied");
}

export function hasFailed({ status }: CertificateSigningRequest): boolean {
  return hasCondition(status, "Failed");
}

function hasCondition(status: CertificateSigningRequest["status"], type: string): boolean {
  const condition = findCondition(status?.conditions, type);
  return condition !== undefined && condition.status !== "False";
}

function usagesOf({ spec }: CertificateSigningRequest): string {
  return [...(spec.usages ?? [])].sort().join(", ");
}

const usages = {
  client: ["client auth, digital signature", "client auth, digital signature, key encipherment"],
  serving: ["digital signature, server auth", "digital signature, key encipherment, server auth"],
};

/** Why this is no request for a kubelet's client certificate; `undefined` when it is one. */
export function kubeletClientProblem(
  csr: CertificateSigningRequest,
  { subject, names }: CertificateRequest,
): string | undefined {
  if (!isNodesOnly(subject.organizations)) return "subject organization is not system:nodes";
  if (names.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (names.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (names.ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
  if (names.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!subject.commonName.startsWith(nodeUserPrefix)) return "subject common name does not begin with system:node:";
  return usages.client.includes(usagesOf(csr))
    ? undefined
    : "usages did not match [client auth digital signature key encipherment]";
}

export function kubeletServingProblem(
  csr: CertificateSigningRequest,
  { subject, names }: CertificateRequest,
): string | undefined {
  if (!isNodesOnly(subject.organizations)) return "subject organization is not system:nodes";
  if (names.dnsNames.length === 0 && names.ipAddresses.length === 0) return "DNS or IP subjectAltName is required";
  if (names.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (names.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!subject.commonName.startsWith(nodeUserPrefix)) return "subject common name does not begin with system:node:";
  return usages.serving.includes(usagesOf(csr))
    ? undefined
    : "usages did not match [digital signature key encipherment server auth]";
}

/** Clients may do without signatures and encipherment of their own: only being a client has to be asked for. */
export function clientProblem({ spec }: CertificateSigningRequest): string | undefined {
  const allowed = new Set(["client auth", "digital signature", "key encipherment"]);
  const wrong = spec.usages?.find((usage) => !allowed.has(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return spec.usages?.includes("client auth") === true
    ? undefined
    : "missing required usage for client certificate: client auth";
}

function isNodesOnly(organizations: readonly string[] | undefined): boolean {
  return organizations?.length === 1 && organizations[0] === nodesGroup;
}
