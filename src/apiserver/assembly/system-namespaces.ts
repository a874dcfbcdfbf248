import { type Client, isAlreadyExists } from "../../client/index.ts";

/** Made at every start if they are not there. Upstream: the system-namespaces controller. */
export const systemNamespaces = ["kube-system", "kube-public", "kube-node-lease", "default"] as const;

export async function ensureSystemNamespaces(client: Client): Promise<void> {
  const namespaces = client.resource({ group: "", version: "v1", resource: "namespaces" });
  const { items } = await namespaces.list();
  const present = new Set(items.map(({ metadata }) => metadata.name));
  for (const name of systemNamespaces) {
    if (present.has(name)) continue;
    await namespaces.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}
