import { createHash } from "node:crypto";
import { type CustomResourceDefinition, type CustomResourceDefinitionVersion, groupVersions } from "../../api/index.ts";
import { type GroupVersionFacts, OpenApiDocuments, type OpenApiObject } from "../../apimachinery/index.ts";
import type { ExtraDocuments } from "../openapi/handler.ts";
import type { CustomResources } from "./controller.ts";
import { factsOf } from "./descriptors.ts";
import { definitionsOf } from "./openapi-definitions.ts";

/** Of the built-in kinds, what the documents of custom resources refer to. */
const referred = ["meta/v1", "autoscaling/v1"];

interface Made {
  /** Of what it was made of. */
  readonly version: string;
  readonly documents: OpenApiDocuments;
}

/** OpenAPI documents of custom resources, one for each group version, and their part of the v2 document. */
export function customDocuments(resources: () => CustomResources | undefined, gitVersion: string): ExtraDocuments {
  let made = new Map<string, Made>();
  let madeAt = -1;
  const current = (): ReadonlyMap<string, Made> => {
    const { revision = 0, served = [] } = resources() ?? {};
    if (revision !== madeAt) made = documentsOf(served, gitVersion, made);
    madeAt = revision;
    return made;
  };
  return {
    get revision() {
      return resources()?.revision ?? 0;
    },
    get paths() {
      return [...current().keys()];
    },
    version: (path) => current().get(path)?.version ?? "",
    v3: (path) => current().get(path)?.documents.v3(path),
    v2: () => [...current()].map(([path, { documents }]) => only(documents.v2(), `/${path}/`)),
  };
}

interface ServedVersion {
  readonly definition: CustomResourceDefinition;
  readonly version: CustomResourceDefinitionVersion;
}

/** What has not changed is kept: clients know documents by their hash. */
function documentsOf(
  definitions: readonly CustomResourceDefinition[],
  gitVersion: string,
  before: ReadonlyMap<string, Made>,
): Map<string, Made> {
  const byPath = new Map<string, ServedVersion[]>();
  for (const definition of definitions) {
    for (const version of definition.spec.versions) {
      if (!version.served) continue;
      const path = `apis/${definition.spec.group}/${version.name}`;
      byPath.set(path, [...(byPath.get(path) ?? []), { definition, version }]);
    }
  }
  return new Map(
    [...byPath].map(([path, served]) => {
      const version = versionOf(served);
      const known = before.get(path);
      return [path, known?.version === version ? known : { version, documents: document(path, served, gitVersion) }];
    }),
  );
}

function versionOf(served: readonly ServedVersion[]): string {
  const parts = served.map(({ definition, version }) => [definition.spec.names, definition.spec.scope, version]);
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
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
