export {
  admissionVariables,
  namespaceType,
  requestType,
  type VariableOptions,
} from "./admission/expression-variables.ts";
export { containersOf } from "./core/v1/containers.ts";
export { isExtendedResource } from "./core/v1/extended-resources.ts";
export { addAmounts, type Amounts, podAmounts } from "./core/v1/pod-amounts.ts";
export { podQos } from "./core/v1/pod-qos.ts";
export { changesClaimQuota } from "./quota/claims.ts";
export {
  countedResource,
  isInScopes,
  type QuotaEvaluator,
  type QuotaSurroundings,
  quotaEvaluator,
  scopesOf,
} from "./quota/evaluator.ts";
export { isTerminating } from "./quota/pods.ts";
export { withoutServiceAccountAlias, withServiceAccountAlias } from "./core/v1/service-account-alias.ts";
export { groupVersions } from "./group-versions.ts";
export { internalForm, internalFormOf } from "./internal-form.ts";
export { builtInOpenApi } from "./openapi.ts";
export { type GroupVersion, loadScheme, type Scheme, type ServedResource } from "./scheme.ts";
export type * from "./types.ts";
