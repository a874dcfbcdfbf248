import { X509Certificate } from "node:crypto";
import type { Clock } from "../../base/index.ts";
import type { Authenticator, Credentials } from "./contract.ts";
import { type CertificatePool, userOfCertificate } from "./x509.ts";

export interface RequestHeaderOptions {
  /** `--requestheader-client-ca-file`. */
  readonly pool: CertificatePool;
  /** `--requestheader-allowed-names`; empty allows any name that the CA signed. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
  readonly uidHeaders?: readonly string[];
}

function values(credentials: Credentials, name: string): readonly string[] {
  const value = credentials.headers[name.toLowerCase()];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** An aggregating proxy that vouches for its users. Upstream: "Authenticating proxy". */
export function requestHeaderAuthenticator(options: RequestHeaderOptions, clock: Clock): Authenticator {
  return {
    name: "request-header",
    authenticate(credentials) {
      const name = options.usernameHeaders
        .flatMap((header) => values(credentials, header))
        .find((value) => value !== "");
      if (name === undefined || credentials.clientCertificates.length === 0) return { type: "none" };
      const chain = credentials.clientCertificates.map((raw) => new X509Certificate(raw));
      const verified = options.pool.verify(chain, clock.now());
      if (typeof verified === "string") return { type: "none" };
      const proxy = userOfCertificate(verified.leaf).name;
      if (options.allowedNames.length > 0 && !options.allowedNames.includes(proxy)) {
        return { type: "rejected", message: `x509: subject with cn=${proxy} is not in the allowed list` };
      }
      const uid = (options.uidHeaders ?? []).flatMap((header) => values(credentials, header))[0];
      return {
        type: "authenticated",
        user: {
          name,
          groups: options.groupHeaders.flatMap((header) => values(credentials, header)),
          extra: extras(credentials, options.extraHeaderPrefixes),
          ...(uid === undefined ? {} : { uid }),
        },
      };
    },
  };
}

function extras(credentials: Credentials, prefixes: readonly string[]): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {};
  for (const header of Object.keys(credentials.headers)) {
    const prefix = prefixes.find((candidate) => header.startsWith(candidate.toLowerCase()));
    if (prefix === undefined) continue;
    found[decodeURIComponent(header.slice(prefix.length)).toLowerCase()] = values(credentials, header);
  }
  return found;
}
