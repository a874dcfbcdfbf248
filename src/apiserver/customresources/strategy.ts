import type { CustomResourceDefinitionVersion } from "../../api/index.ts";
import { deepEqual, type KubeObject } from "../../apimachinery/index.ts";
import { statusAlone } from "../registry/common/lifecycle.ts";
import type { Strategy } from "../registry/contract.ts";
import { finalizerWarnings } from "./finalizer-warnings.ts";
import { compileJsonPath } from "./json-path.ts";
import type { RuleChecker } from "./rules.ts";
import { customTable } from "./table.ts";
import { ObjectValidation } from "./validation.ts";

type Fields = Record<string, unknown>;
type Version = CustomResourceDefinitionVersion;

/** What is particular to the objects of one custom resource: its schema, and the subresources it turned on. */
export function customStrategy(version: Version, rules: RuleChecker | undefined): Strategy {
  const { status, scale } = version.subresources ?? {};
  const hasStatus = status !== undefined;
  const validation = new ObjectValidation(version, rules);
  const base: Strategy = {
    prepareForCreate(object) {
      if (hasStatus) delete (object as unknown as Fields)["status"];
      object.metadata.generation = 1;
    },
    prepareForUpdate(object, old) {
      if (hasStatus) copyField(object, old, "status");
      if (changed(object, old, hasStatus)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      else if (old.metadata.generation !== undefined) object.metadata.generation = old.metadata.generation;
    },
    validate: (object) => validation.create(object),
    validateUpdate: (object, old, { request }) => validation.update(object, old, (text) => request.warn(text)),
    warningsOnCreate: (object) => finalizerWarnings(object, undefined),
    warningsOnUpdate: (object, old) => finalizerWarnings(object, old),
    allowUnconditionalUpdate: false,
    selectableFields: selectableFields(version),
    table: customTable(version.additionalPrinterColumns),
  };
  return {
    ...base,
    ...(hasStatus ? { status: statusStrategy(validation), resetFields: statusAlone } : {}),
    ...(scale === undefined
      ? {}
      : {
          scale: {
            specReplicasPath: scale.specReplicasPath,
            statusReplicasPath: scale.statusReplicasPath,
            ...(scale.labelSelectorPath === undefined ? {} : { labelSelectorPath: scale.labelSelectorPath }),
          },
        }),
  };
}

/** Upstream: the status endpoint takes the status, and of the metadata only managed fields. */
function statusStrategy(validation: ObjectValidation): NonNullable<Strategy["status"]> {
  return {
    prepareForUpdate(object, old) {
      const { managedFields } = object.metadata;
      for (const key of Object.keys(object)) if (key !== "status" && key !== "metadata") copyField(object, old, key);
      for (const key of Object.keys(old)) if (key !== "status" && key !== "metadata") copyField(object, old, key);
      object.metadata = { ...structuredClone(old.metadata), ...(managedFields === undefined ? {} : { managedFields }) };
    },
    validateUpdate: (object, old, { request }) => validation.status(object, old, (text) => request.warn(text)),
  };
}

function changed(object: KubeObject, old: KubeObject, hasStatus: boolean): boolean {
  const keys = new Set([...Object.keys(object), ...Object.keys(old)]);
  for (const key of keys) {
    if (key === "metadata" || (hasStatus && key === "status")) continue;
    if (!deepEqual((object as unknown as Fields)[key], (old as unknown as Fields)[key])) return true;
  }
  return false;
}

function copyField(object: KubeObject, old: KubeObject, field: string): void {
  const before = (old as unknown as Fields)[field];
  if (before === undefined) delete (object as unknown as Fields)[field];
  else (object as unknown as Fields)[field] = before;
}

function selectableFields(version: Version): NonNullable<Strategy["selectableFields"]> {
  return Object.fromEntries(
    (version.selectableFields ?? []).map(({ jsonPath }) => {
      const read = compileJsonPath(jsonPath);
      return [jsonPath.replace(/^\./, ""), (object: KubeObject) => String(read(object)[0] ?? "")];
    }),
  );
}
