import type { ConfigMap } from "../../api/index.ts";
import { type Client, isAlreadyExists } from "../../client/index.ts";
import type { RequestHeaderOptions } from "../authn/index.ts";

const name = "extension-apiserver-authentication";

/** How clients of this server are told apart; extension servers read it and do likewise. */
export interface AuthenticationConfig {
  readonly clientCa?: string;
  readonly requestHeader?: Omit<RequestHeaderOptions, "pool"> & { readonly ca: string };
}

/** Publishes it in `kube-system`. Upstream: the cluster authentication trust controller. */
export async function publishAuthentication(client: Client, config: AuthenticationConfig): Promise<void> {
  const data = dataOf(config);
  const maps = client
    .resource<ConfigMap>({ group: "", version: "v1", resource: "configmaps" })
    .namespace("kube-system");
  const object: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "kube-system" }, data };
  try {
    await maps.create(object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await maps.patch(name, { type: "merge", body: { data } });
  }
}

function dataOf({ clientCa, requestHeader }: AuthenticationConfig): Record<string, string> {
  if (requestHeader === undefined) return clientCa === undefined ? {} : { "client-ca-file": clientCa };
  const { ca, allowedNames, usernameHeaders, uidHeaders = [], groupHeaders, extraHeaderPrefixes } = requestHeader;
  return {
    ...(clientCa === undefined ? {} : { "client-ca-file": clientCa }),
    "requestheader-client-ca-file": ca,
    "requestheader-allowed-names": JSON.stringify(allowedNames),
    "requestheader-username-headers": JSON.stringify(usernameHeaders),
    ...(uidHeaders.length === 0 ? {} : { "requestheader-uid-headers": JSON.stringify(uidHeaders) }),
    "requestheader-group-headers": JSON.stringify(groupHeaders),
    "requestheader-extra-headers-prefix": JSON.stringify(extraHeaderPrefixes),
  };
}
