import { RealClock, RealRandom } from "../base/index.ts";
import { selfSigned } from "../component/index.ts";

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
  const options = { authority: "test", server: "server", names, validityMs: hourMs };
  const { certificate: cert, key, authority: ca } = selfSigned(platform, options);
  return { cert, key, ca };
}
