import type { Secret } from "../../api/index.ts";
import { timeOf } from "../../reconcile/index.ts";

export const tokenNamespace = "kube-system";
export const tokenType = "bootstrap.kubernetes.io/token";

export function field(secret: Secret, name: string): string {
  return Buffer.from(secret.data?.[name] ?? "", "base64").toString();
}

/** When the token ends; `undefined`: never. What cannot be read has ended. */
export function expiresAtMs(secret: Secret): number | undefined {
  const text = field(secret, "expiration");
  return text === "" ? undefined : (timeOf(text) ?? 0);
}

/** A token that may sign the cluster's information, for those who only know the token. */
export function signingToken(
  secret: Secret,
  nowMs: number,
): { readonly id: string; readonly secret: string } | undefined {
  const id = field(secret, "token-id");
  const value = field(secret, "token-secret");
  const expires = expiresAtMs(secret);
  const usable =
    secret.type === tokenType &&
    field(secret, "usage-bootstrap-signing") === "true" &&
    (expires === undefined || expires > nowMs);
  const named = secret.metadata.name === `bootstrap-token-${id}`;
  return usable && named && id !== "" && value !== "" ? { id, secret: value } : undefined;
}
