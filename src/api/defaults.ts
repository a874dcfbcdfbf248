import { type ComputedDefaults, definitionPrefix } from "../apimachinery/index.ts";
import { groupVersions } from "./group-versions.ts";

/** Defaults that depend on other fields, by type. Each group version's own table stands in its `defaults.ts`. */
const tables: Readonly<Record<string, Readonly<Record<string, (object: never) => void>>>> = {};

export const computedDefaults: ComputedDefaults = new Map(
  Object.entries(tables).flatMap(([folder, table]) => {
    const prefix = definitionPrefix(groupVersions.get(folder)?.package ?? folder);
    return Object.entries(table).map(([type, fill]) => [`${prefix}.${type}`, fill] as const);
  }),
);
