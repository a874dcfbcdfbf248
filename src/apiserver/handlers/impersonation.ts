import { newBadRequest, quote } from "../../apimachinery/index.ts";
import type { AuthorizationAttributes } from "../authz/contract.ts";
import type { ApiRequest } from "../http/exchange.ts";
import type { UserInfo } from "../request/contract.ts";
import { FilterRefusal } from "./filter-refusal.ts";

export interface ImpersonationTarget {
  readonly user: UserInfo;
  /** What the requestor must be allowed to do, for each part of the identity. */
  checks(requestor: UserInfo): readonly AuthorizationAttributes[];
}

const extraPrefix = "impersonate-extra-";

/** Reads `Impersonate-User`, `-Group`, `-Uid` and `-Extra-*`; undefined without them. */
export function impersonate(request: ApiRequest): ImpersonationTarget | undefined {
  const { headers } = request;
  const name = first(headers["impersonate-user"]);
  const groups = list(headers["impersonate-group"]);
  const uid = first(headers["impersonate-uid"]);
  const others = groups.length > 0 || uid !== "";
  if (name === "" && !others) return undefined;
  const extra = extraOf(headers);
  if (name === "") {
    const why = `requested ${goUser(groups, uid, extra)} without impersonating a user name`;
    throw new FilterRefusal(newBadRequest(why).status);
  }
  return {
    user: targetUser(name, groups, uid, extra),
    checks: (requestor) => checksFor(requestor, name, groups, uid, extra),
  };
}

/** As Go prints a user without a name. */
function goUser(groups: readonly string[], uid: string, extra: Readonly<Record<string, readonly string[]>>): string {
  const strings = (values: readonly string[]): string => `[]string{${values.map(quote).join(", ")}}`;
  const keys = Object.keys(extra).sort();
  const pairs = keys.map((key) => `${quote(key)}:${strings(extra[key] ?? [])}`).join(", ");
  const shownGroups = groups.length === 0 ? "[]string(nil)" : strings(groups);
  const shownExtra = keys.length === 0 ? "map[string][]string(nil)" : `map[string][]string{${pairs}}`;
  return `&user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${shownGroups}, Extra:${shownExtra}}`;
}

function first(value: string | readonly string[] | undefined): string {
  return (typeof value === "string" ? value : value?.[0]) ?? "";
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;
}

function extraOf(headers: ApiRequest["headers"]): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {};
  for (const header in headers) {
    if (!header.startsWith(extraPrefix)) continue;
    extra[decodeURIComponent(header.slice(extraPrefix.length))] = list(headers[header]);
  }
  return extra;
}

const serviceAccountPrefix = "system:serviceaccount:";

/** Groups that authentication would have added. */
function targetUser(
  name: string,
  groups: readonly string[],
  uid: string,
  extra: Readonly<Record<string, readonly string[]>>,
): UserInfo {
  let all = [...groups];
  if (groups.length === 0 && name.startsWith(serviceAccountPrefix)) {
    const namespace = name.slice(serviceAccountPrefix.length).split(":")[0] ?? "";
    all = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  }
  const marker = name === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  if (!all.includes("system:authenticated") && !all.includes("system:unauthenticated")) all.push(marker);
  return { name, groups: all, ...(uid === "" ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
}

function checksFor(
  user: UserInfo,
  name: string,
  groups: readonly string[],
  uid: string,
  extra: Readonly<Record<string, readonly string[]>>,
): readonly AuthorizationAttributes[] {
  const base = {
    user,
    verb: "impersonate",
    isResourceRequest: true,
    path: "",
    apiVersion: "",
    subresource: "",
    namespace: "",
  };
  const checks: AuthorizationAttributes[] = [];
  const account = name.startsWith(serviceAccountPrefix) ? name.slice(serviceAccountPrefix.length).split(":") : [];
  if (account.length === 2)
    checks.push({
      ...base,
      apiGroup: "",
      resource: "serviceaccounts",
      namespace: account[0] ?? "",
      name: account[1] ?? "",
    });
  else checks.push({ ...base, apiGroup: "", resource: "users", name });
  for (const group of groups) checks.push({ ...base, apiGroup: "", resource: "groups", name: group });
  if (uid !== "")
    checks.push({ ...base, apiGroup: "authentication.k8s.io", apiVersion: "v1", resource: "uids", name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values)
      checks.push({
        ...base,
        apiGroup: "authentication.k8s.io",
        apiVersion: "v1",
        resource: "userextras",
        subresource: key,
        name: value,
      });
  }
  return checks;
}
