import type { createRemoteJWKSet, FetchImplementation, JWTPayload } from "jose";
import { type Clock, withTimeout } from "../../base/index.ts";
import type { AuthenticationResult, Authenticator } from "./contract.ts";
import { bearerToken } from "./users.ts";

export interface OidcOptions {
  /** `--oidc-issuer-url`, https. */
  readonly issuerUrl: string;
  readonly audiences: readonly string[];
  /** `--oidc-username-claim`, `sub` by default. */
  readonly usernameClaim: string;
  /** `undefined`: `issuer#` before every claim but `email`. `-` in the flag is the empty prefix. */
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly requiredClaims: Readonly<Record<string, string>>;
  readonly signingAlgorithms: readonly string[];
  /** Requests to the issuer: its own CA and limits. */
  readonly fetch: FetchImplementation;
}

/** OpenID Connect ID tokens. Upstream: "OpenID Connect tokens". */
export function oidcAuthenticator(options: OidcOptions, clock: Clock): Authenticator {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  const keySet = () => {
    keys ??= discover(options, clock).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return {
    name: "oidc",
    async authenticate(credentials) {
      const token = bearerToken(credentials.headers["authorization"]);
      if (token === undefined || issuerOf(token) !== options.issuerUrl) return { type: "none" };
      try {
        const { jwtVerify } = await import("jose");
        const { payload } = await jwtVerify(token, await keySet(), {
          issuer: options.issuerUrl,
          audience: [...options.audiences],
          algorithms: [...options.signingAlgorithms],
          currentDate: new Date(clock.now()),
        });
        return userOf(payload, options);
      } catch (error) {
        return {
          type: "rejected",
          message: `oidc: verify token: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    },
  };
}

const discoveryTimeoutMs = 30_000;

async function discover(options: OidcOptions, clock: Clock): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const url = `${options.issuerUrl.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await withTimeout(clock, discoveryTimeoutMs, (signal) =>
    options.fetch(url, { headers: new Headers(), method: "GET", redirect: "manual", signal }),
  );
  if (response.status !== 200) throw new Error(`fetching provider config: status ${response.status}`);
  const document = (await response.json()) as { issuer?: string; jwks_uri?: string };
  if (document.issuer !== options.issuerUrl) {
    throw new Error(
      `id token issued by a different provider, expected ${JSON.stringify(options.issuerUrl)} got ${JSON.stringify(document.issuer)}`,
    );
  }
  const { createRemoteJWKSet, customFetch } = await import("jose");
  return createRemoteJWKSet(new URL(document.jwks_uri ?? ""), { [customFetch]: options.fetch });
}

function issuerOf(token: string): unknown {
  try {
    return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as JWTPayload).iss;
  } catch {
    return undefined;
  }
}

function userOf(payload: JWTPayload, options: OidcOptions): AuthenticationResult {
  const name = payload[options.usernameClaim];
  if (typeof name !== "string")
    return {
      type: "rejected",
      message: `oidc: parse username claims ${JSON.stringify(options.usernameClaim)}: claim not present`,
    };
  if (options.usernameClaim === "email" && payload["email_verified"] === false) {
    return { type: "rejected", message: "oidc: email not verified" };
  }
  for (const [claim, wanted] of Object.entries(options.requiredClaims)) {
    if (payload[claim] !== wanted) {
      return {
        type: "rejected",
        message: `oidc: required claim ${claim} value does not match. Got = ${String(payload[claim])}, want = ${wanted}`,
      };
    }
  }
  const prefix = options.usernamePrefix ?? (options.usernameClaim === "email" ? "" : `${options.issuerUrl}#`);
  const groups = options.groupsClaim === undefined ? [] : [payload[options.groupsClaim] ?? []].flat();
  return {
    type: "authenticated",
    user: { name: `${prefix}${name}`, groups: groups.map((group) => `${options.groupsPrefix ?? ""}${String(group)}`) },
  };
}
