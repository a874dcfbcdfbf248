import type { PriorityClass } from "../../api/index.ts";
import { type Client, isAlreadyExists } from "../../client/index.ts";
import { systemPriorityClasses } from "../registry/scheduling/priority-class.ts";

const descriptions: Readonly<Record<string, string>> = {
  "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
  "system-cluster-critical":
    "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
};

/** Made at every start if they are not there; nobody may delete them. Upstream: `AddSystemPriorityClasses`. */
export async function ensureSystemPriorityClasses(client: Client): Promise<void> {
  const classes = client.resource<PriorityClass>({
    group: "scheduling.k8s.io",
    version: "v1",
    resource: "priorityclasses",
  });
  const { items } = await classes.list();
  const present = new Set(items.map(({ metadata }) => metadata.name));
  for (const [name, value] of systemPriorityClasses) {
    if (present.has(name)) continue;
    const description = descriptions[name] ?? "";
    const object = {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name },
      value,
      description,
    };
    await classes.create(object).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}
