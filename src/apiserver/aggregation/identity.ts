import type { UserInfo } from "../request/contract.ts";

/** The headers in which an authenticating proxy says for whom it asks. Upstream: `SetAuthProxyHeaders`. */
export function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "x-remote-user": name };
  if (uid !== undefined && uid !== "") headers["x-remote-uid"] = uid;
  if (groups.length > 0) headers["x-remote-group"] = [...groups];
  for (const [key, values] of Object.entries(extra)) {
    headers[`x-remote-extra-${encodeURIComponent(key.toLowerCase())}`] = [...values];
  }
  return headers;
}
