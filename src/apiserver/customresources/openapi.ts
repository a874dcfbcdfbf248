import { type CustomResourceDefinition, type CustomResourceDefinitionVersion, groupVersions } from "../../api/index.ts";
import { type GroupVersionFacts, OpenApiDocuments, type OpenApiObject } from "../../apimachinery/index.ts";
import type { ExtraDocuments } from "../openapi/handler.ts";
import type { CustomResources } from "./controller.ts";
import { factsOf } from "./descriptors.ts";
import { definitionsOf } from "./openapi-definitions.ts";

/** Of the built-in kinds, what the documents of custom resources refer to. */
const referred = ["meta/v1", "autoscaling/v1"];

/** OpenAPI documents of custom resources, one for each group version, and their part of the v2 document. */
export function customDocuments(resources: () => CustomResources | undefined, gitVersion: string): ExtraDocuments {
  let made = new Map<string, OpenApiDocuments>();
  let madeAt = -1;
  const documents = (): ReadonlyMap<string, OpenApiDocuments> => {
    const { revision = 0, served = [] } = resources() ?? {};
    if (revision !== madeAt) made = documentsOf(served, gitVersion);
    madeAt = revision;
    return made;
  };
  return {
    get revision() {
      return resources()?.revision ?? 0;
    },
    get paths() {
      return [...documents().keys()];
    },
    v3: (path) => documents().get(path)?.v3(path),
    v2: () => [...documents()].map(([path, one]) => only(one.v2(), `/${path}/`)),
  };
}

interface ServedVersion {
  readonly definition: CustomResourceDefinition;
  readonly version: CustomResourceDefinitionVersion;
}

function documentsOf(
  definitions: readonly CustomResourceDefinition[],
  gitVersion: string,
): Map<string, OpenApiDocuments> {
  const byPath = new Map<string, ServedVersion[]>();
  for (const definition of definitions) {
    for (const version of definition.spec.versions) {
      if (!version.served) continue;
      const path = `apis/${definition.spec.group}/${version.name}`;
      byPath.set(path, [...(byPath.get(path) ?? []), { definition, version }]);
    }
  }
  return new Map([...byPath].map(([path, served]) => [path, document(path, served, gitVersion)]));
}

function document(path: string, served: readonly ServedVersion[], gitVersion: string): OpenApiDocuments {
  const [, group = "", version = ""] = path.split("/");
  const resources = served.map((one) => factsOf(one.definition, one.version));
  const facts: GroupVersionFacts = { group, version, package: `${group}/${version}`, types: {}, resources };
  const known = new Map<string, GroupVersionFacts>();
  for (const folder of referred) {
    const builtIn = groupVersions.get(folder);
    if (builtIn !== undefined) known.set(folder, builtIn);
  }
  known.set(`${group}/${version}`, facts);
  const given = (form: 2 | 3) =>
    new Map(served.flatMap((one) => definitionsOf(one.definition, one.version, form)) as [string, OpenApiObject][]);
  return new OpenApiDocuments(known, gitVersion, { 2: given(2), 3: given(3) });
}

/** The paths below a prefix, and all definitions. */
function only(v2: OpenApiObject, prefix: string) {
  const { paths, definitions } = v2 as { paths: Record<string, unknown>; definitions: Record<string, unknown> };
  const own = Object.entries(paths).filter(([path]) => path.startsWith(prefix));
  return { paths: Object.fromEntries(own), definitions };
}
