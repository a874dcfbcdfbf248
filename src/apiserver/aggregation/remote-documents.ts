import { createHash } from "node:crypto";
import type { APIService } from "../../api/index.ts";
import type { RemoteFetch } from "./remote-fetch.ts";
import { isObject } from "./untrusted-json.ts";
import { type GroupVersion, pathOf } from "./api-services.ts";
import { asV3 } from "./openapi-v3.ts";
import { discoveredResources } from "./remote-discovery.ts";
import type { DiscoveredResource } from "../discovery/plain.ts";

/** What another server says of itself. */
export interface RemoteDocuments {
  readonly resources: readonly DiscoveredResource[];
  readonly v3: unknown;
  /** Another whenever `v3` is. */
  readonly version: string;
  readonly v2: { readonly paths: object; readonly definitions: object } | undefined;
}

/** Asks a server for its discovery and OpenAPI documents. The latter are wanted, not needed. */
export async function fetchDocuments(
  fetch: RemoteFetch,
  service: APIService,
  groupVersion: GroupVersion,
  signal: AbortSignal,
): Promise<RemoteDocuments> {
  const path = pathOf(groupVersion);
  const list = await fetch(service, path, signal);
  const optional = (from: string) => fetch(service, from, signal).catch(() => undefined);
  const [v3, v2] = await Promise.all([optional(`/openapi/v3${path}`), optional("/openapi/v2")]);
  const own = ownPart(v2, `${path}/`);
  const document = isObject(v3) ? v3 : own && asV3(own);
  return {
    resources: discoveredResources(groupVersion, list),
    v3: document,
    version: createHash("sha256")
      .update(JSON.stringify(document ?? null))
      .digest("hex"),
    v2: own,
  };
}

/** Another server's document is believed about its own group version only. */
function ownPart(v2: unknown, prefix: string): RemoteDocuments["v2"] {
  if (!isObject(v2)) return undefined;
  const { paths, definitions } = v2;
  if (!isObject(paths) || !isObject(definitions)) return undefined;
  const own = Object.entries(paths).filter(([path]) => path.startsWith(prefix));
  return { paths: Object.fromEntries(own), definitions };
}
