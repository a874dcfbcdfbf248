import { X509Certificate } from "node:crypto";
import type { CertificateSigningRequest } from "../../api/index.ts";
import { informerOf, kinds, orNotFound } from "../../client/index.ts";
import { findCondition, periodic, timeOf } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "certificatesigningrequest-cleaner-controller";
const hourMs = 3_600_000;

/** Removes requests that nobody waits for any more: decided an hour ago, forgotten for a day, or expired. */
export const certificateCleanerController: ControllerDescriptor = {
  name,
  serviceAccount: "certificate-controller",
  create({ client, clock, informers, log }) {
    const requests = informerOf(informers, kinds.certificatesigningrequests);
    return periodic({
      name,
      intervalMs: hourMs,
      clock,
      log,
      ready: (signal) => requests.waitForSync(signal),
      work: async () => {
        const now = clock.now();
        const api = client.resource<CertificateSigningRequest>(kinds.certificatesigningrequests);
        for (const csr of [...requests.lister.list()].filter((one) => isOver(one, now)))
          await orNotFound(api.delete(csr.metadata.name ?? ""));
      },
    });
  },
};

function isOver({ metadata, status }: CertificateSigningRequest, nowMs: number): boolean {
  const olderThan = (time: string | null | undefined, ms: number): boolean => {
    const at = timeOf(time);
    return at !== undefined && nowMs - at > ms;
  };
  const certificate = status?.certificate ?? "";
  if (certificate !== "" && isExpired(certificate, nowMs)) return true;
  for (const type of ["Approved", "Denied", "Failed"]) {
    const condition = findCondition(status?.conditions, type);
    if (condition !== undefined && olderThan(condition.lastUpdateTime, hourMs)) return true;
  }
  const pending = (status?.conditions ?? []).length === 0;
  return pending && olderThan(metadata.creationTimestamp, 24 * hourMs);
}

function isExpired(base64: string, nowMs: number): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, "base64")).validToDate.getTime() < nowMs;
  } catch {
    return false;
  }
}
