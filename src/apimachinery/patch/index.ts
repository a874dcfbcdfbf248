export { conversionError } from "./conversion-error.ts";
export { applyJsonPatch, maxJsonPatchOperations } from "./json-patch.ts";
export { goText } from "./json-value.ts";
export { applyMergePatch } from "./merge-patch.ts";
export { applyStrategicMergePatch } from "./strategic-merge.ts";
