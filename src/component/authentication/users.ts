import type { UserInfo } from "./contract.ts";

/** Names upstream fixes: "Authenticating", "Using RBAC Authorization". */
export const systemGroups = {
  authenticated: "system:authenticated",
  unauthenticated: "system:unauthenticated",
  masters: "system:masters",
  nodes: "system:nodes",
  serviceAccounts: "system:serviceaccounts",
  bootstrappers: "system:bootstrappers",
} as const;

export const anonymousUser: UserInfo = { name: "system:anonymous", groups: [systemGroups.unauthenticated] };

export function serviceAccountUser(
  namespace: string,
  name: string,
  uid: string,
  extra?: Readonly<Record<string, readonly string[]>>,
): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: [systemGroups.serviceAccounts, `${systemGroups.serviceAccounts}:${namespace}`],
    ...(extra === undefined ? {} : { extra }),
  };
}

/** `undefined` when the user is not a service account. */
export function parseServiceAccountUser(name: string): { namespace: string; name: string } | undefined {
  const parts = name.split(":");
  if (parts.length !== 4 || parts[0] !== "system" || parts[1] !== "serviceaccount") return undefined;
  return { namespace: parts[2] ?? "", name: parts[3] ?? "" };
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(header: string | readonly string[] | undefined): string | undefined {
  const value = typeof header === "string" ? header : header?.[0];
  const match = /^bearer +(.+)$/i.exec((value ?? "").trim());
  return match?.[1];
}
