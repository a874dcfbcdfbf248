import type { FetchImplementation, JWTPayload } from "jose";
import type { Clock } from "../../base/index.ts";
import type { UserInfo } from "../request/contract.ts";
import type { Authenticator } from "../../component/index.ts";
import { jwtAuthenticator } from "./jwt.ts";

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

/** OpenID Connect ID tokens, by `--oidc-*`. Upstream: "OpenID Connect tokens". */
export function oidcAuthenticator(options: OidcOptions, clock: Clock): Authenticator {
  const { issuerUrl: url, audiences, signingAlgorithms, fetch } = options;
  return jwtAuthenticator({ url, audiences, signingAlgorithms, fetch }, (claims) => userOf(claims, options), clock);
}

function userOf(claims: JWTPayload, options: OidcOptions): UserInfo {
  const name = claims[options.usernameClaim];
  if (typeof name !== "string") {
    throw new Error(`oidc: parse username claims ${JSON.stringify(options.usernameClaim)}: claim not present`);
  }
  if (options.usernameClaim === "email") checkEmail(claims);
  for (const [claim, wanted] of Object.entries(options.requiredClaims)) checkClaim(claims, claim, wanted);
  const prefix = options.usernamePrefix ?? (options.usernameClaim === "email" ? "" : `${options.issuerUrl}#`);
  const groups = options.groupsClaim === undefined ? [] : groupsOf(claims, options.groupsClaim);
  return { name: `${prefix}${name}`, groups: groups.map((group) => `${options.groupsPrefix ?? ""}${group}`) };
}

/** An address counts only when the issuer has seen that it is its owner's. */
export function checkEmail(claims: JWTPayload): void {
  const verified = claims["email_verified"];
  if (verified !== undefined && verified !== true) throw new Error("oidc: email not verified");
}

export function checkClaim(claims: JWTPayload, claim: string, wanted: string): void {
  if (claims[claim] === wanted) return;
  throw new Error(
    `oidc: required claim ${claim} value does not match. Got = ${String(claims[claim])}, want = ${wanted}`,
  );
}

/** One text or several. */
export function groupsOf(claims: JWTPayload, claim: string): readonly string[] {
  return [claims[claim] ?? []].flat().map(String);
}
