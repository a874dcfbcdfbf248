import type { CustomResourceDefinition } from "../../../api/index.ts";
import { type KubeObject, semanticEqual } from "../../../apimachinery/index.ts";
import type { Strategy, TableColumns } from "../../registry/contract.ts";
import { validateDefinition, validateDefinitionUpdate } from "./validation.ts";

/** Held until every object of the resource is gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

const table: TableColumns<CustomResourceDefinition> = {
  columns: [
    {
      name: "Name",
      type: "string",
      format: "name",
      description: "Name of the object, unique within its scope.",
      priority: 0,
    },
    { name: "Created At", type: "date", description: "When the object was created.", priority: 0 },
  ],
  row: ({ metadata }) => [metadata.name ?? "", metadata.creationTimestamp ?? ""],
};

/** A version that objects were stored in stays on the list until they are migrated and somebody takes it off. */
function rememberStorageVersion(definition: CustomResourceDefinition): void {
  const storage = definition.spec.versions.find((version) => version.storage)?.name;
  if (storage === undefined) return;
  const stored = definition.status?.storedVersions ?? [];
  if (stored.includes(storage)) return;
  definition.status = { ...definition.status, storedVersions: [...stored, storage] };
}

export const definitionStrategy: Strategy<CustomResourceDefinition> = {
  prepareForCreate(definition) {
    definition.metadata.generation = 1;
    delete (definition as Partial<CustomResourceDefinition>).status;
    definition.metadata.finalizers = [...(definition.metadata.finalizers ?? []), cleanupFinalizer];
    rememberStorageVersion(definition);
  },
  prepareForUpdate(definition, old) {
    if (old.status !== undefined)
      definition.status = structuredClone(old.status) as NonNullable<CustomResourceDefinition["status"]>;
    if (!semanticEqual(definition.spec, old.spec)) definition.metadata.generation = (old.metadata.generation ?? 0) + 1;
    rememberStorageVersion(definition);
  },
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  allowUnconditionalUpdate: false,
  status: {
    prepareForUpdate(definition, old) {
      definition.spec = structuredClone(old.spec) as CustomResourceDefinition["spec"];
      definition.metadata = {
        ...(structuredClone(old.metadata) as KubeObject["metadata"]),
        ...(definition.metadata.managedFields === undefined
          ? {}
          : { managedFields: definition.metadata.managedFields }),
      };
    },
  },
  table,
};
