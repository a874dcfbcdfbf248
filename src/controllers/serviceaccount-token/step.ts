import type { Secret, ServiceAccount } from "../../api/index.ts";
import type { LegacyTokenSigner } from "./legacy-token.ts";

export const tokenType = "kubernetes.io/service-account-token";
export const accountNameAnnotation = "kubernetes.io/service-account.name";
export const accountUidAnnotation = "kubernetes.io/service-account.uid";

/** The secret of an account that exists, with all that it lacks; `undefined` when it lacks nothing. */
export function filled(
  secret: Secret,
  account: ServiceAccount,
  { rootCa = "", signer }: { readonly rootCa?: string | undefined; readonly signer: LegacyTokenSigner },
): Secret | undefined {
  const { data = {}, metadata } = secret;
  const authority = Buffer.from(rootCa).toString("base64");
  const added: Record<string, string> = {};
  if (rootCa !== "" && data["ca.crt"] !== authority) added["ca.crt"] = authority;
  if ((data["namespace"] ?? "") === "") added["namespace"] = Buffer.from(metadata.namespace ?? "").toString("base64");
  if ((data["token"] ?? "") === "") added["token"] = Buffer.from(signer.sign(account, secret)).toString("base64");
  if (Object.keys(added).length === 0) return undefined;
  const annotations = {
    ...metadata.annotations,
    [accountNameAnnotation]: account.metadata.name ?? "",
    [accountUidAnnotation]: account.metadata.uid ?? "",
  };
  return { ...secret, metadata: { ...metadata, annotations }, data: { ...data, ...added } };
}

/** Whose token a secret holds, as its annotations say; an account's uid need not be given. */
export function accountOf({ metadata: { annotations = {} } }: Secret): { readonly name: string; readonly uid: string } {
  return { name: annotations[accountNameAnnotation] ?? "", uid: annotations[accountUidAnnotation] ?? "" };
}

/** Whether this is a token of this account, and of no other of the same name. */
export function isTokenOf(secret: Secret, account: { readonly name: string; readonly uid: string }): boolean {
  const { name, uid } = accountOf(secret);
  return secret.type === tokenType && name === account.name && (uid === "" || uid === account.uid);
}
