import type { JWTPayload } from "jose";
import { type HttpsReceiver, startHttpsReceiver } from "./https-receiver.ts";

/** An OpenID issuer over HTTPS; its tokens are for `bob`. */
export interface Issuer {
  readonly receiver: HttpsReceiver;
  /** `expires` as jose takes it: `1h`, `-1m`. */
  token(claims: JWTPayload, expires: string, audience?: string): Promise<string>;
}

export async function startIssuer(): Promise<Issuer> {
  const { exportJWK, generateKeyPair, SignJWT } = await import("jose");
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const key = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" };
  const receiver: HttpsReceiver = await startHttpsReceiver(({ path }) =>
    path === "/keys" ? { keys: [key] } : { issuer: receiver.origin, jwks_uri: `${receiver.origin}/keys` },
  );
  const token = (claims: JWTPayload, expires: string, audience = "kubernetes") =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setIssuer(receiver.origin)
      .setAudience(audience)
      .setSubject("bob")
      .setExpirationTime(expires)
      .sign(privateKey);
  return { receiver, token };
}
