import { createPrivateKey } from "node:crypto";
import { RealClock, RealRandom } from "../base/index.ts";
import { CertificateAuthority, createAuthority } from "../component/index.ts";

const hourMs = 3_600_000;

export interface ServingNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** A server's certificate and key for an hour, and the authority of its own that signed it; all PEM. */
export function servingCertificate(names: ServingNames): {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
} {
  const platform = { clock: new RealClock(), random: new RealRandom() };
  const { certificate: ca, key: caKey } = createAuthority({ commonName: "test" }, hourMs, platform);
  const authority = new CertificateAuthority(ca, createPrivateKey(caKey), platform);
  const subject = { commonName: "server" };
  const { certificate: cert, key } = authority.issue({ subject, validityMs: hourMs, usages: ["server auth"], names });
  return { cert, key, ca };
}
