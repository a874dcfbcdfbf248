export { difference, type FieldSet, intersection, isEmptySet, setOf, union } from "./field-set.ts";
export { type ApplyOptions, FieldManager, type FieldManagerOptions } from "./field-manager.ts";
export type { ConvertVersion, Versioned } from "./updater.ts";
export { mergeObjects } from "./merge.ts";
export { configErrors, configErrorText } from "./validate-config.ts";
