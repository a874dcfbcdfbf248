import { createPrivateKey } from "node:crypto";
import type { CertificateSigningRequest } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { copyOf, informerOf, keyOf, kinds } from "../../client/index.ts";
import { CertificateAuthority, type CertificateRequest, isKeyUsage, isUsage } from "../../component/index.ts";
import { Controller, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import {
  clientProblem,
  hasFailed,
  isApproved,
  kubeletClientProblem,
  kubeletClientSigner,
  kubeletServingProblem,
  readRequest,
} from "./requests.ts";

const name = "certificatesigningrequest-signing-controller";
const yearMs = 365 * 24 * 3_600_000;
const shortestMs = 600_000;

type Check = (csr: CertificateSigningRequest, request: CertificateRequest) => string | undefined;

/** What each signer wants of a request. */
const signers: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["kubernetes.io/kube-apiserver-client", clientProblem],
  [kubeletClientSigner, kubeletClientProblem],
  ["kubernetes.io/kubelet-serving", kubeletServingProblem],
  ["kubernetes.io/legacy-unknown", () => undefined],
]);

/** Signs what was approved, with the cluster's CA. */
export const certificateSigningController: ControllerDescriptor = {
  name,
  serviceAccount: "certificate-controller",
  create({ client, clock, random, informers, log, metrics }, { signing, signingDurationMs = yearMs }) {
    if (signing === undefined) return undefined;
    const authority = new CertificateAuthority(signing.certificate, createPrivateKey(signing.key), { clock, random });
    const requests = informerOf(informers, kinds.certificatesigningrequests);
    const api = client.resource<CertificateSigningRequest>(kinds.certificatesigningrequests);

    const fail = async (csr: CertificateSigningRequest, message: string): Promise<void> => {
      const next = copyOf(csr);
      const time = formatTime(clock.now());
      const condition = {
        type: "Failed",
        status: "True",
        reason: "SignerValidationFailure",
        message,
        lastUpdateTime: time,
        lastTransitionTime: time,
      };
      next.status = { ...next.status, conditions: [...(next.status?.conditions ?? []), condition] };
      await api.updateStatus(next);
    };

    const sign = async (csr: CertificateSigningRequest, check: Check): Promise<void> => {
      const request = tryRead(csr);
      const problem =
        "error" in request
          ? `unable to parse csr "${csr.metadata.name}": ${request.error}`
          : check(csr, request.request);
      if ("error" in request || problem !== undefined) return fail(csr, problem ?? "");
      const { subject, names, publicKey } = request.request;
      const wantedMs = csr.spec.expirationSeconds === undefined ? signingDurationMs : csr.spec.expirationSeconds * 1000;
      const asked = csr.spec.usages ?? [];
      const [usages, keyUsages] = [asked.filter(isUsage), asked.filter(isKeyUsage)];
      const validityMs = Math.min(Math.max(wantedMs, shortestMs), signingDurationMs);
      const certificate = authority.sign({ subject, names, publicKey, usages, keyUsages, validityMs });
      await api.updateStatus({
        ...csr,
        status: { ...csr.status, certificate: Buffer.from(certificate).toString("base64") },
      });
    };

    const reconcile = async (key: Key): Promise<void> => {
      const csr = requests.lister.get(key);
      const check = csr === undefined ? undefined : signers.get(csr.spec.signerName);
      if (csr === undefined || check === undefined || !isApproved(csr) || hasFailed(csr)) return;
      if ((csr.status?.certificate ?? "") === "") await sign(csr, check);
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(requests, (csr) => [
      keyOf(csr),
    ]);
  },
};

function tryRead(
  csr: CertificateSigningRequest,
): { readonly request: CertificateRequest } | { readonly error: string } {
  try {
    return { request: readRequest(csr) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
