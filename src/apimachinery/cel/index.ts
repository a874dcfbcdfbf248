export type { Issue } from "./ast.ts";
export { compileDeviceSelector, type DeviceSelector, deviceSelectorCostMax } from "./device-selector.ts";
export {
  CelEnvironment,
  type CelProgram,
  type Compilation,
  type CompileOptions,
  type EnvironmentOptions,
  mentionsVariable,
  perCallLimit,
} from "./environment.ts";
export type { Bindings } from "./evaluation.ts";
export { define, type Library, method, type Overload, type StructProvider } from "./functions.ts";
export { escapeIdentifier, isReservedField } from "./identifiers.ts";
export { jsonOf, structValue, valueOf } from "./json.ts";
export {
  type AuthorizationAnswer,
  type AuthorizationCheck,
  type AuthorizationQuestion,
  authorizerType,
  authorizerValue,
  resourceCheckType,
  resourceCheckValue,
} from "./libraries/authorizer.ts";
export { kubernetesEnvironment, kubernetesLibraries, languageLibraries, patchEnvironment } from "./standard.ts";
export * from "./types.ts";
export { CelCostError, CelError, CelMap, Optional, type Value } from "./values.ts";
