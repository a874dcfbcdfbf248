import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../../api/index.ts";
import type { ExtraDocuments } from "../openapi/handler.ts";
import type { CustomResources } from "./controller.ts";

const metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** OpenAPI v3 documents of custom resources, one for each group version, as `kubectl explain` reads them. */
export function customDocuments(
  resources: () => CustomResources | undefined,
  builtIn: (path: string) => unknown,
): ExtraDocuments {
  const served = () => resources()?.served ?? [];
  return {
    get revision() {
      return resources()?.revision ?? 0;
    },
    get paths() {
      return [
        ...new Set(
          served().flatMap(({ spec }) => servedVersions(spec).map(({ name }) => `apis/${spec.group}/${name}`)),
        ),
      ];
    },
    v3: (path) => document(served(), path, builtIn),
  };
}

function servedVersions(spec: CustomResourceDefinition["spec"]): CustomResourceDefinitionVersion[] {
  return spec.versions.filter(({ served }) => served);
}

function document(
  definitions: readonly CustomResourceDefinition[],
  path: string,
  builtIn: (path: string) => unknown,
): unknown {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const definition of definitions) {
    const { spec } = definition;
    for (const version of servedVersions(spec)) {
      if (path !== `apis/${spec.group}/${version.name}`) continue;
      const name = schemaName(spec.group, version.name, spec.names.kind);
      schemas[name] = objectSchema(definition, version);
      Object.assign(paths, pathsOf(definition, version, name));
    }
  }
  // Metadata is described once, among the built-in kinds.
  const meta =
    (builtIn("api/v1") as { components?: { schemas?: Record<string, unknown> } } | undefined)?.components?.schemas ??
    {};
  for (const [name, schema] of Object.entries(meta)) if (name.startsWith(metadataName)) schemas[name] = schema;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes CRD Swagger", version: "v0.1.0" },
    paths,
    components: { schemas },
  };
}

/** `example.com`, `v1`, `Foo` → `com.example.v1.Foo`. */
function schemaName(group: string, version: string, kind: string): string {
  return `${group.split(".").toReversed().join(".")}.${version}.${kind}`;
}

function objectSchema(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): unknown {
  const { spec } = definition;
  const schema = version.schema?.openAPIV3Schema ?? { type: "object" };
  return {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: { type: "string", description: "The version of the schema that this object follows." },
      kind: { type: "string", description: "The kind of object that this is." },
      metadata: {
        description: "Standard object metadata.",
        allOf: [{ $ref: `#/components/schemas/${metadataName}.ObjectMeta` }],
      },
    },
    "x-kubernetes-group-version-kind": [{ group: spec.group, version: version.name, kind: spec.names.kind }],
  };
}

const actions = { get: "get", put: "put", patch: "patch", delete: "delete" } as const;

function pathsOf(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  name: string,
): Record<string, unknown> {
  const { spec } = definition;
  const kind = { group: spec.group, version: version.name, kind: spec.names.kind };
  const scope = spec.scope === "Namespaced" ? "/namespaces/{namespace}" : "";
  const collection = `/apis/${spec.group}/${version.name}${scope}/${spec.names.plural}`;
  const reference = { $ref: `#/components/schemas/${name}` };
  const content = { "application/json": { schema: reference } };
  const parameters = ["dryRun", "fieldManager", "fieldValidation"].map((parameter) => ({
    name: parameter,
    in: "query",
    schema: { type: "string", uniqueItems: true },
  }));
  const operation = (action: string, writes: boolean) => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kind,
    ...(writes ? { parameters, requestBody: { content } } : {}),
    responses: { "200": { description: "OK", content } },
  });
  const object = Object.fromEntries(
    Object.entries(actions).map(([method, action]) => [
      method,
      operation(action, action === "put" || action === "patch"),
    ]),
  );
  return {
    [collection]: { get: operation("list", false), post: operation("post", true) },
    [`${collection}/{name}`]: object,
  };
}
