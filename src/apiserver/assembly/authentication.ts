import type { Clock } from "../../base/index.ts";
import { certificateExpirations, type MetricsRegistry } from "../../component/index.ts";
import {
  anonymousAt,
  anonymousAuthenticator,
  type Authenticator,
  bootstrapTokenAuthenticator,
  CertificatePool,
  type RequestHeaderOptions,
  requestHeaderAuthenticator,
  type ServiceAccountTokens,
  serviceAccountAuthenticator,
  unionAuthenticator,
  withWebSocketTokens,
  x509Authenticator,
} from "../authn/index.ts";
import type { AuthenticationConfig } from "./authentication-config.ts";
import type { LiveObjects } from "./live-objects.ts";

export interface AuthenticationOptions {
  readonly clock: Clock;
  readonly clientCa?: string;
  readonly requestHeader?: Omit<RequestHeaderOptions, "pool"> & { readonly ca: string };
  readonly authenticators?: readonly Authenticator[];
  readonly anonymous?: boolean | readonly string[];
  readonly metrics: MetricsRegistry;
}

/** PEM. What is absent stays as it is; what the server has begun without is not taken up. */
export interface Authorities {
  readonly clientCa?: string;
  readonly requestHeaderCa?: string;
}

export interface StandardAuthentication {
  readonly authenticator: Authenticator;
  /** What extension servers are told. */
  published(): AuthenticationConfig;
  /** Throws, and changes nothing, when an authority cannot be read. */
  trust(authorities: Authorities): void;
}

/** Upstream's authenticators in upstream's order. */
export function standardAuthentication(
  options: AuthenticationOptions,
  tokens: ServiceAccountTokens,
  live: LiveObjects,
): StandardAuthentication {
  const { clock } = options;
  let { clientCa, requestHeader } = options;
  const clients = clientCa === undefined ? undefined : new CertificatePool(clientCa);
  const proxies = requestHeader === undefined ? undefined : new CertificatePool(requestHeader.ca);
  const all: Authenticator[] = [];
  if (requestHeader !== undefined && proxies !== undefined) {
    all.push(requestHeaderAuthenticator({ ...requestHeader, pool: proxies }, clock));
  }
  if (clients !== undefined) all.push(x509Authenticator(clients, clock, certificateExpirations(options.metrics)));
  all.push(serviceAccountAuthenticator(tokens, live));
  all.push(bootstrapTokenAuthenticator((name) => live.bootstrapSecret(name), clock));
  all.push(...(options.authenticators ?? []));
  const { anonymous: allowed = true } = options;
  const everywhere = allowed === true ? anonymousAuthenticator : undefined;
  const anonymous = typeof allowed === "boolean" ? everywhere : anonymousAt(allowed);
  return {
    authenticator: withWebSocketTokens(unionAuthenticator(all, anonymous)),
    published: () => ({
      ...(clientCa === undefined ? {} : { clientCa }),
      ...(requestHeader === undefined ? {} : { requestHeader }),
    }),
    trust(authorities) {
      const { clientCa: newClientCa, requestHeaderCa } = authorities;
      for (const pem of [newClientCa, requestHeaderCa]) if (pem !== undefined) checkAuthorities(pem);
      if (clients !== undefined && newClientCa !== undefined) {
        clients.replace(newClientCa);
        clientCa = newClientCa;
      }
      if (proxies !== undefined && requestHeader !== undefined && requestHeaderCa !== undefined) {
        proxies.replace(requestHeaderCa);
        requestHeader = { ...requestHeader, ca: requestHeaderCa };
      }
    },
  };
}

/** Upstream: `loadCABundle` of the dynamic file content, and `cert.ParseCertsPEM`. */
function checkAuthorities(pem: string): void {
  if (pem.trim() === "") throw new Error("missing content for CA bundle");
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("data does not contain any valid RSA or ECDSA certificates");
  }
  new CertificatePool(pem);
}
