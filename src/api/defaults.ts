import { type ComputedDefaults, definitionPrefix, type TypeFacts } from "../apimachinery/index.ts";
import { defaults as apiextensionsV1 } from "./apiextensions/v1/defaults.ts";
import { defaults as appsV1 } from "./apps/v1/defaults.ts";
import { defaults as autoscalingV1 } from "./autoscaling/v1/defaults.ts";
import { defaults as autoscalingV2 } from "./autoscaling/v2/defaults.ts";
import { defaults as batchV1 } from "./batch/v1/defaults.ts";
import { defaults as coreV1, roundToMilli } from "./core/v1/defaults.ts";
import { groupVersions } from "./group-versions.ts";
import { defaults as networkingV1 } from "./networking/v1/defaults.ts";
import { defaults as rbacV1 } from "./rbac/v1/defaults.ts";
import { defaults as resourceV1 } from "./resource/v1/defaults.ts";

type Fill = (object: never) => void;

/** Every table of defaults that depend on other fields, by the folder whose types it names. */
const tables: Readonly<Record<string, Readonly<Record<string, Fill>>>> = {
  "core/v1": coreV1,
  "apps/v1": appsV1,
  "batch/v1": batchV1,
  "autoscaling/v1": autoscalingV1,
  "autoscaling/v2": autoscalingV2,
  "networking/v1": networkingV1,
  "rbac/v1": rbacV1,
  "resource/v1": resourceV1,
  "apiextensions/v1": apiextensionsV1,
};

/** By schema name. Types with lists of resources also have those rounded, before anything is derived from them. */
export function computedDefaults(): ComputedDefaults {
  const all = new Map<string, Fill>();
  for (const [folder, facts] of groupVersions) {
    const prefix = definitionPrefix(facts.package);
    const table = new Map(Object.entries(tables[folder] ?? {}));
    for (const [name, type] of Object.entries(facts.types)) {
      const fill = joined(roundingOf(type), table.get(name));
      if (fill !== undefined) all.set(`${prefix}.${name}`, fill);
    }
  }
  return all;
}

function joined(first: Fill | undefined, second: Fill | undefined): Fill | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (object) => {
    first(object);
    second(object);
  };
}

function roundingOf(type: TypeFacts): Fill | undefined {
  const names = Object.keys(type.fields).filter((name) => type.fields[name]?.goType === "v1.ResourceList");
  if (names.length === 0) return undefined;
  return (object: Readonly<Record<string, unknown>>) => {
    for (const name of names) {
      const list = object[name];
      if (typeof list === "object" && list !== null) roundToMilli(list as Record<string, string>);
    }
  };
}
