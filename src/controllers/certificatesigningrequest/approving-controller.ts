import type { CertificateSigningRequest, SubjectAccessReview } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { copyOf, informerOf, keyOf, kinds } from "../../client/index.ts";
import { Controller, type ControllerContext, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { isDecided, kubeletClientProblem, kubeletClientSigner, readRequest } from "./requests.ts";

const name = "certificatesigningrequest-approving-controller";
const reviews = { group: "authorization.k8s.io", version: "v1", resource: "subjectaccessreviews" };

/** Approves client certificates of kubelets for those who may have them. */
export const certificateApprovingController: ControllerDescriptor = {
  name,
  serviceAccount: "certificate-controller",
  create(context) {
    const { clock, informers, log, metrics } = context;
    const requests = informerOf(informers, kinds.certificatesigningrequests);
    const reconcile = async (key: Key): Promise<void> => {
      const csr = requests.lister.get(key);
      if (csr === undefined || csr.spec.signerName !== kubeletClientSigner) return;
      if (isDecided(csr) || (csr.status?.certificate ?? "") !== "") return;
      await decide(context, csr);
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(requests, (csr) => [
      keyOf(csr),
    ]);
  },
};

async function decide(context: ControllerContext, csr: CertificateSigningRequest): Promise<void> {
  const request = readRequest(csr);
  if (kubeletClientProblem(csr, request) !== undefined) return;
  // A node that renews its own certificate, or else someone who may ask for any node's.
  const self = csr.spec.username === request.subject.commonName;
  const ways = self ? (["selfnodeclient", "nodeclient"] as const) : (["nodeclient"] as const);
  for (const way of ways) {
    if (!(await mayHave(context, csr, way))) continue;
    const which = way === "selfnodeclient" ? "self kubelet" : "kubelet";
    return approve(context, csr, `Auto approving ${which} client certificate after SubjectAccessReview.`);
  }
  throw new Error(
    `recognized csr "${csr.metadata.name}" as ${JSON.stringify(ways)} but subject access review was not approved`,
  );
}

async function mayHave(
  { client }: ControllerContext,
  csr: CertificateSigningRequest,
  subresource: string,
): Promise<boolean> {
  const { username = "", uid, groups, extra } = csr.spec;
  const resourceAttributes = {
    group: "certificates.k8s.io",
    version: "*",
    resource: "certificatesigningrequests",
    verb: "create",
    subresource,
  };
  const review = await client.resource<SubjectAccessReview>(reviews).create({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    metadata: {},
    spec: { user: username, uid, groups, extra, resourceAttributes },
  });
  return review.status?.allowed === true;
}

async function approve(
  { client, clock }: ControllerContext,
  csr: CertificateSigningRequest,
  message: string,
): Promise<void> {
  const next = copyOf(csr);
  const time = formatTime(clock.now());
  const condition = {
    type: "Approved",
    status: "True",
    reason: "AutoApproved",
    message,
    lastUpdateTime: time,
    lastTransitionTime: time,
  };
  next.status = { ...next.status, conditions: [...(next.status?.conditions ?? []), condition] };
  await client
    .resource<CertificateSigningRequest>(kinds.certificatesigningrequests)
    .updateSubresource(csr.metadata.name ?? "", "approval", next);
}
