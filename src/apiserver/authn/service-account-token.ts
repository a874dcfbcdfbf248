import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { JWK, JWTPayload } from "jose";
import { goQuotedList } from "../../apimachinery/index.ts";
import type { Clock, Random } from "../../base/index.ts";
import {
  type AuthenticationResult,
  type Authenticator,
  bearerToken,
  BoundedCache,
  serviceAccountUser,
} from "../../component/index.ts";
import { checkLegacyToken, legacyIssuer, type LegacyTokenObjects } from "./legacy-token.ts";

const cacheLimit = 10_000;
/** A verified signature is trusted this long before it is checked again, ms. */
const cacheMs = 60_000;

interface Reference {
  readonly name: string;
  readonly uid: string;
}

/** The private claim of bound tokens, `kubernetes.io`. */
interface KubernetesClaim {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
  readonly warnafter?: number;
}

/** Looks up the live objects that a token is bound to. Answers come from the watch cache. */
export interface TokenObjects {
  /** The uid, or `undefined` when there is none; `deletedAtMs` when its deletion has begun. */
  find(
    resource: "serviceaccounts" | "pods" | "secrets" | "nodes",
    namespace: string,
    name: string,
  ): { readonly uid: string; readonly deletedAtMs?: number } | undefined;
  /** For tokens that live in secrets; without it there are none. */
  readonly legacy?: LegacyTokenObjects;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: Reference;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
}

export interface IssuedToken {
  readonly token: string;
  readonly expirationTimestampMs: number;
  /** By which audit tells the token. */
  readonly credentialId: string;
}

export interface ServiceAccountKeys {
  /** `--service-account-signing-key-file`, PEM. */
  readonly signingKey: string;
  /** `--service-account-key-file`, PEM each; the signing key's public half is always added. */
  readonly verificationKeys: readonly string[];
  /** `--service-account-issuer`; the first signs. */
  readonly issuers: readonly string[];
  /** `--api-audiences`; the issuers when empty. */
  readonly audiences: readonly string[];
}

/** Loaded at first use: it brings WebCrypto with it. */
function jose(): Promise<typeof import("jose")> {
  return import("jose");
}

/** Issues and checks service account tokens. Upstream: "Bound service account tokens". */
export class ServiceAccountTokens {
  readonly #keys: ServiceAccountKeys;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #signingKey: KeyObject;
  readonly #publicKeys: readonly { readonly id: string; readonly key: KeyObject }[];
  readonly #verified = new BoundedCache<JWTPayload>(cacheLimit);

  constructor(keys: ServiceAccountKeys, platform: { readonly clock: Clock; readonly random: Random }) {
    this.#keys = keys;
    this.#clock = platform.clock;
    this.#random = platform.random;
    this.#signingKey = createPrivateKey(keys.signingKey);
    const publicKeys = [createPublicKey(keys.signingKey), ...keys.verificationKeys.map((pem) => createPublicKey(pem))];
    const byId = new Map(publicKeys.map((key) => [keyId(key), key]));
    this.#publicKeys = [...byId].map(([id, key]) => ({ id, key }));
  }

  get issuer(): string {
    return this.#keys.issuers[0] ?? "";
  }

  get audiences(): readonly string[] {
    return this.#keys.audiences.length > 0 ? this.#keys.audiences : this.#keys.issuers;
  }

  async issue(request: TokenRequest): Promise<IssuedToken> {
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    const expires = nowSeconds + request.expirationSeconds;
    const { namespace, serviceAccount, pod, secret, node } = request;
    const claim: KubernetesClaim = {
      namespace,
      serviceaccount: serviceAccount,
      ...(pod === undefined ? {} : { pod }),
      ...(secret === undefined ? {} : { secret }),
      ...(node === undefined ? {} : { node }),
    };
    const id = this.#random.uuid();
    const { SignJWT } = await jose();
    const token = await new SignJWT({ "kubernetes.io": claim })
      .setProtectedHeader({ alg: algorithmOf(this.#signingKey), kid: keyId(createPublicKey(this.#signingKey)) })
      .setIssuer(this.issuer)
      .setAudience([...request.audiences])
      .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`)
      .setIssuedAt(nowSeconds)
      .setNotBefore(nowSeconds)
      .setExpirationTime(expires)
      .setJti(id)
      .sign(this.#signingKey);
    return { token, expirationTimestampMs: expires * 1000, credentialId: credentialIdOf(id) };
  }

  /** `audiences` are those a TokenReview asks for; the server's own otherwise. */
  async verify(token: string, objects: TokenObjects, audiences = this.audiences): Promise<AuthenticationResult> {
    const unverified = peek(token);
    const isLegacy = unverified?.iss === legacyIssuer && objects.legacy !== undefined;
    if (unverified === undefined || !(isLegacy || this.#keys.issuers.includes(String(unverified.iss))))
      return { type: "none" };
    const nowMs = this.#clock.now();
    const payload = this.#verified.get(token, nowMs) ?? (await this.#checkSignature(token, nowMs, isLegacy));
    if (typeof payload === "string") return { type: "rejected", message: payload };
    const named = isLegacy ? this.audiences : [payload.aud ?? []].flat();
    const matched = audiences.filter((audience) => named.includes(audience));
    if (matched.length === 0) {
      return {
        type: "rejected",
        message: `token audiences ${goQuotedList(named)} is invalid for the target audiences ${goQuotedList(audiences)}`,
      };
    }
    if (isLegacy && objects.legacy !== undefined) return checkLegacyToken(token, payload, objects.legacy, matched);
    return this.#checkObjects(payload, objects, matched);
  }

  /** `/openid/v1/jwks`. */
  async jwks(): Promise<{ keys: JWK[] }> {
    const { exportJWK } = await jose();
    const keys = this.#publicKeys.map(async ({ id, key }) => ({
      use: "sig",
      kid: id,
      alg: algorithmOf(key),
      ...(await exportJWK(key)),
    }));
    return { keys: await Promise.all(keys) };
  }

  /** `/.well-known/openid-configuration`. */
  discovery(jwksUri: string): Record<string, unknown> {
    return {
      issuer: this.issuer,
      jwks_uri: jwksUri,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [...new Set(this.#publicKeys.map(({ key }) => algorithmOf(key)))],
    };
  }

  async #checkSignature(token: string, nowMs: number, isLegacy: boolean): Promise<JWTPayload | string> {
    const { jwtVerify } = await jose();
    let problem = "invalid bearer token";
    for (const { key } of this.#publicKeys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          issuer: isLegacy ? legacyIssuer : [...this.#keys.issuers],
          currentDate: new Date(nowMs),
          algorithms: [algorithmOf(key)],
          requiredClaims: isLegacy ? ["sub"] : ["exp", "sub"],
        });
        this.#verified.set(token, payload, Math.min((payload.exp ?? Number.POSITIVE_INFINITY) * 1000, nowMs + cacheMs));
        return payload;
      } catch (error) {
        if ((error as { code?: string }).code === "ERR_JWT_EXPIRED") problem = "service account token has expired";
      }
    }
    return problem;
  }

  #checkObjects(payload: JWTPayload, objects: TokenObjects, audiences: readonly string[]): AuthenticationResult {
    const claim = payload["kubernetes.io"] as KubernetesClaim | undefined;
    if (claim === undefined) return { type: "rejected", message: "claims are not valid" };
    const { namespace, serviceaccount, pod, secret, node } = claim;
    const bound = [
      ["serviceaccounts", namespace, serviceaccount],
      ["pods", namespace, pod],
      ["secrets", namespace, secret],
      ...(pod === undefined ? ([["nodes", "", node]] as const) : []),
    ] as const;
    for (const [resource, where, reference] of bound) {
      if (reference === undefined) continue;
      const problem = this.#liveProblem(objects, resource, where, reference);
      if (problem !== undefined) return { type: "rejected", message: problem };
    }
    const extra: Record<string, readonly string[]> = {};
    if (payload.jti !== undefined) extra["authentication.kubernetes.io/credential-id"] = [credentialIdOf(payload.jti)];
    if (pod !== undefined) {
      extra["authentication.kubernetes.io/pod-name"] = [pod.name];
      extra["authentication.kubernetes.io/pod-uid"] = [pod.uid];
    }
    if (node !== undefined) {
      extra["authentication.kubernetes.io/node-name"] = [node.name];
      if (node.uid) extra["authentication.kubernetes.io/node-uid"] = [node.uid];
    }
    const user = serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid, extra);
    return { type: "authenticated", user, audiences };
  }

  #liveProblem(
    objects: TokenObjects,
    resource: Parameters<TokenObjects["find"]>[0],
    namespace: string,
    reference: Reference,
  ): string | undefined {
    const found = objects.find(resource, namespace, reference.name);
    if (found === undefined) return "service account token has been invalidated";
    if (found.uid !== reference.uid)
      return `service account UID (${found.uid}) does not match claim (${reference.uid})`;
    /** Upstream honours tokens of objects being deleted for 60 s more. */
    const dead = found.deletedAtMs !== undefined && found.deletedAtMs + 60_000 < this.#clock.now();
    return dead ? "service account token has been invalidated" : undefined;
  }
}

function credentialIdOf(jti: string): string {
  return `JTI=${jti}`;
}

/** Upstream's key id: base64url of SHA-256 over the DER public key. */
function keyId(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === "secp384r1" ? "ES384" : curve === "secp521r1" ? "ES512" : "ES256";
}

function peek(token: string): JWTPayload | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString());
    return typeof value === "object" && value !== null ? (value as JWTPayload) : undefined;
  } catch {
    return undefined;
  }
}

export function serviceAccountAuthenticator(tokens: ServiceAccountTokens, objects: TokenObjects): Authenticator {
  return {
    name: "service-account",
    authenticate(credentials) {
      const token = bearerToken(credentials.headers["authorization"]);
      return token === undefined ? { type: "none" } : tokens.verify(token, objects);
    },
  };
}
