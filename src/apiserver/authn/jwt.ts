import type { createRemoteJWKSet, FetchImplementation, JWTPayload } from "jose";
import { type Clock, messageOf, withTimeout } from "../../base/index.ts";
import type { UserInfo } from "../request/contract.ts";
import { type Authenticator, bearerToken } from "../../component/index.ts";

export interface JwtIssuer {
  /** `iss` of its tokens, https. */
  readonly url: string;
  /** Where its discovery document is; default: below its URL. */
  readonly discoveryUrl?: string | undefined;
  /** A token is for one of them. */
  readonly audiences: readonly string[];
  readonly signingAlgorithms: readonly string[];
  /** Requests to the issuer: its own CA and limits. */
  readonly fetch: FetchImplementation;
}

const discoveryTimeoutMs = 30_000;

/** Tokens of one OpenID issuer. `userOf` says whose they are, or throws why they are not accepted. */
export function jwtAuthenticator(
  issuer: JwtIssuer,
  userOf: (claims: JWTPayload) => UserInfo,
  clock: Clock,
): Authenticator {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  const keySet = () => {
    keys ??= discover(issuer, clock).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return {
    name: "oidc",
    async authenticate(credentials) {
      const token = bearerToken(credentials.headers["authorization"]);
      if (token === undefined || issuerOf(token) !== issuer.url) return { type: "none" };
      try {
        // Loaded at first use, as for service accounts: it brings WebCrypto with it.
        const { jwtVerify } = await import("jose");
        const { payload } = await jwtVerify(token, await keySet(), {
          issuer: issuer.url,
          audience: [...issuer.audiences],
          algorithms: [...issuer.signingAlgorithms],
          currentDate: new Date(clock.now()),
        });
        return { type: "authenticated", user: userOf(payload) };
      } catch (error) {
        const why = messageOf(error);
        return { type: "rejected", message: why.startsWith("oidc: ") ? why : `oidc: verify token: ${why}` };
      }
    },
  };
}

async function discover(issuer: JwtIssuer, clock: Clock): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const url = issuer.discoveryUrl ?? `${issuer.url.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await withTimeout(clock, discoveryTimeoutMs, (signal) =>
    issuer.fetch(url, { headers: new Headers(), method: "GET", redirect: "manual", signal }),
  );
  if (response.status !== 200) throw new Error(`fetching provider config: status ${response.status}`);
  const document = (await response.json()) as { issuer?: string; jwks_uri?: string };
  if (document.issuer !== issuer.url) {
    throw new Error(
      `id token issued by a different provider, expected ${JSON.stringify(issuer.url)} got ${JSON.stringify(document.issuer)}`,
    );
  }
  const { createRemoteJWKSet, customFetch } = await import("jose");
  return createRemoteJWKSet(new URL(document.jwks_uri ?? ""), { [customFetch]: issuer.fetch });
}

function issuerOf(token: string): unknown {
  try {
    return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as JWTPayload).iss;
  } catch {
    return undefined;
  }
}
