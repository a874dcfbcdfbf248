import type { CustomResourceDefinition, JSONSchemaProps } from "../../../api/index.ts";
import { deepEqual, quote, withoutEmpties } from "../../../apimachinery/index.ts";
import type { Strategy, TableColumns } from "../../registry/contract.ts";
import { knowsFormat } from "../schema/formats.ts";
import { terminating, withCondition } from "./conditions.ts";
import { hasSchema, internalForm } from "./internal-form.ts";
import {
  nameOfDefinition,
  validateDefinition,
  validateDefinitionStatus,
  validateDefinitionUpdate,
} from "./validation.ts";

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

/** The first DELETE marks, and puts the finalizer there under which objects are deleted; it asks for nothing else. */
function beginDeletion({
  metadata,
  ...definition
}: CustomResourceDefinition): Pick<CustomResourceDefinition, "status"> {
  delete metadata.deletionGracePeriodSeconds;
  metadata.generation = (metadata.generation ?? 1) - 1;
  const others = (metadata.finalizers ?? []).filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  metadata.finalizers = others.includes(cleanupFinalizer) ? others : [...others, cleanupFinalizer];
  const { status = {} } = definition;
  const nowText = metadata.deletionTimestamp ?? "";
  return { status: { ...status, conditions: withCondition(status.conditions ?? [], terminating.pending, nowText) } };
}

/** Formats that upstream does not check, in the order of the schemas; those that stand once are told once. */
function unknownFormats(definition: CustomResourceDefinition): string[] {
  const { shared, versions } = internalForm(definition);
  const schemas = [shared.schema, ...versions.map(({ schema }) => schema)].flatMap((one) => one?.openAPIV3Schema ?? []);
  const found: string[] = [];
  const note = (schema: JSONSchemaProps): boolean => {
    if (!knowsFormat(schema)) found.push(schema.format ?? "");
    return false;
  };
  for (const schema of schemas) hasSchema(schema, note);
  return found;
}

export const definitionStrategy: Strategy<CustomResourceDefinition> = {
  prepareForCreate(definition) {
    definition.metadata.generation = 1;
    delete (definition as Partial<CustomResourceDefinition>).status;
    rememberStorageVersion(definition);
  },
  prepareForUpdate(definition, old) {
    if (old.status !== undefined)
      definition.status = structuredClone(old.status) as NonNullable<CustomResourceDefinition["status"]>;
    if (!deepEqual(withoutEmpties(definition).spec, old.spec))
      definition.metadata.generation = (old.metadata.generation ?? 0) + 1;
    rememberStorageVersion(definition);
  },
  validateName: nameOfDefinition,
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  warningsOnCreate: (definition) => unknownFormats(definition).map((format) => `unrecognized format ${quote(format)}`),
  warningsOnUpdate(definition, old) {
    const before = new Set(unknownFormats(old));
    const added = unknownFormats(definition).filter((format) => !before.has(format));
    return added.map((format) => `unrecognized format ${quote(format)}`);
  },
  allowUnconditionalUpdate: false,
  holdsDeletion: ({ metadata }) => metadata.deletionTimestamp === undefined,
  markDeleting(definition) {
    const marked = definition.status?.conditions?.some(({ type }) => type === "Terminating");
    if (marked !== true) Object.assign(definition, beginDeletion(definition));
  },
  status: {
    // Upstream lets the status endpoint change metadata: its own controller removes the finalizer there.
    prepareForUpdate(definition, old) {
      definition.spec = structuredClone(old.spec) as CustomResourceDefinition["spec"];
    },
    validateUpdate: validateDefinitionStatus,
  },
  table,
};
