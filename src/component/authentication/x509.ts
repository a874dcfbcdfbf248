import { createHash, X509Certificate } from "node:crypto";
import type { Clock } from "../../base/index.ts";
import { pemBlocks } from "../certificates/pem-blocks.ts";
import type { AuthenticationResult, Authenticator, UserInfo } from "./contract.ts";
import { BoundedCache } from "./bounded-cache.ts";

const clientAuthUsage = "1.3.6.1.5.5.7.3.2";
const anyUsage = "2.5.29.37.0";
const chainLimit = 8;
const cacheLimit = 4096;

export interface VerifiedCertificate {
  readonly leaf: X509Certificate;
  readonly expiresMs: number;
}

/** A certificate pool that can be swapped when its file changes. */
export class CertificatePool {
  #roots: readonly X509Certificate[] = [];
  /** Counts the replacements. */
  generation = 0;

  constructor(pem: string) {
    this.replace(pem);
  }

  /** Without authorities nobody's certificate is looked at. */
  get isEmpty(): boolean {
    return this.#roots.length === 0;
  }

  /** Throws, and changes nothing, when a certificate cannot be read. */
  replace(pem: string): void {
    const blocks = pemBlocks(pem).filter(({ type }) => type === "CERTIFICATE");
    this.#roots = blocks.map(({ text }) => new X509Certificate(text));
    this.generation += 1;
  }

  /** The verified leaf, or why it is not trusted (Go's wording). */
  verify(chain: readonly X509Certificate[], nowMs: number): VerifiedCertificate | string {
    const [leaf, ...intermediates] = chain.slice(0, chainLimit);
    if (leaf === undefined) return "no certificate";
    const usages = leaf.keyUsage as readonly string[] | undefined;
    if (usages !== undefined && !usages.includes(clientAuthUsage) && !usages.includes(anyUsage)) {
      return "x509: certificate specifies an incompatible key usage";
    }
    let current = leaf;
    let expiresMs = Number.POSITIVE_INFINITY;
    for (let depth = 0; depth < chainLimit; depth++) {
      const problem = validityProblem(current, nowMs);
      if (problem !== undefined) return problem;
      expiresMs = Math.min(expiresMs, current.validToDate.getTime());
      if (this.#roots.some((root) => root.raw.equals(current.raw))) return { leaf, expiresMs };
      const root = this.#roots.find((candidate) => issued(candidate, current));
      if (root !== undefined) {
        return validityProblem(root, nowMs) ?? { leaf, expiresMs: Math.min(expiresMs, root.validToDate.getTime()) };
      }
      const next = intermediates.find(
        (candidate) => candidate !== current && candidate.ca && issued(candidate, current),
      );
      if (next === undefined) break;
      current = next;
    }
    return "x509: certificate signed by unknown authority";
  }
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function validityProblem(certificate: X509Certificate, nowMs: number): string | undefined {
  if (nowMs >= certificate.validFromDate.getTime() && nowMs <= certificate.validToDate.getTime()) return undefined;
  return "x509: certificate has expired or is not yet valid";
}

/** CommonName is the user, each Organization a group. Upstream: "X.509 client certificates". */
export function userOfCertificate(leaf: X509Certificate): UserInfo {
  const subject = (leaf.toLegacyObject().subject ?? {}) as Record<string, string | string[] | undefined>;
  const first = (value: string | string[] | undefined): string =>
    Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
  const groups = subject["O"] === undefined ? [] : [subject["O"]].flat();
  const fingerprint = createHash("sha256").update(leaf.raw).digest("hex");
  return {
    name: first(subject["CN"]),
    groups,
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
}

/**
 * Client certificates signed by `--client-ca-file`. A verified chain is remembered until it expires, 10 min at most.
 * `observe` is told how long the certificate of each request is still good.
 */
export function x509Authenticator(
  pool: CertificatePool,
  clock: Clock,
  observe: (leftMs: number) => void = () => {},
): Authenticator {
  let cache = new BoundedCache<{ readonly result: AuthenticationResult; readonly notAfterMs: number }>(cacheLimit);
  let { generation } = pool;
  return {
    name: "x509",
    authenticate(credentials) {
      const der = credentials.clientCertificates[0];
      if (der === undefined || pool.isEmpty) return { type: "none" };
      const nowMs = clock.now();
      if (generation !== pool.generation) {
        generation = pool.generation;
        cache = new BoundedCache(cacheLimit);
      }
      const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("latin1");
      const known = cache.get(key, nowMs);
      if (known !== undefined) {
        observe(known.notAfterMs - nowMs);
        return known.result;
      }
      const verified = pool.verify(
        credentials.clientCertificates.map((raw) => new X509Certificate(raw)),
        nowMs,
      );
      if (typeof verified === "string") return { type: "rejected", message: verified };
      const user = userOfCertificate(verified.leaf);
      if (user.name === "") return { type: "none" };
      const result: AuthenticationResult = { type: "authenticated", user };
      const notAfterMs = verified.leaf.validToDate.getTime();
      observe(notAfterMs - nowMs);
      cache.set(key, { result, notAfterMs }, Math.min(verified.expiresMs, nowMs + 600_000));
      return result;
    },
  };
}
