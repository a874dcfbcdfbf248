export {
  admissionVariables,
  namespaceType,
  requestType,
  type VariableOptions,
} from "./admission/expression-variables.ts";
export { containersOf } from "./core/v1/containers.ts";
export { groupVersions } from "./group-versions.ts";
export { builtInOpenApi } from "./openapi.ts";
export { type GroupVersion, loadScheme, type Scheme, type ServedResource } from "./scheme.ts";
export type * from "./types.ts";
