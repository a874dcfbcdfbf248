import type { CustomResourceDefinition } from "../../../api/index.ts";
import type { Client } from "../../../client/index.ts";

export const definitionsResource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};

export function resourceOf(group: string, version: string, resource: string) {
  return { group, version, resource };
}

interface Parts {
  readonly kind: string;
  readonly schema: unknown;
  readonly scope?: "Namespaced" | "Cluster";
  /** Further fields of the one version. */
  readonly version?: Readonly<Record<string, unknown>>;
  readonly names?: Readonly<Record<string, unknown>>;
}

/** A definition with one version, v1. */
export function definition(plural: string, group: string, parts: Parts): CustomResourceDefinition {
  const { kind, schema, scope = "Namespaced", version, names } = parts;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, ...names },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
    },
  } as unknown as CustomResourceDefinition;
}

/** Resolves when a definition is served. */
export async function established(client: Client, name: string): Promise<CustomResourceDefinition> {
  const definitions = client.resource<CustomResourceDefinition>(definitionsResource);
  for await (const event of definitions.watch({ fieldSelector: `metadata.name=${name}` })) {
    if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
    const { conditions = [] } = event.object.status ?? {};
    if (conditions.some(({ type, status }) => type === "Established" && status === "True")) return event.object;
  }
  throw new Error(`${name} was not established`);
}
