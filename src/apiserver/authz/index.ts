export * from "./contract.ts";
export { type BootstrapPolicy, bootstrapPolicy, bootstrapRules } from "./bootstrap-policy/index.ts";
export { abacAuthorizer } from "./abac.ts";
export {
  type ConfiguredAuthorizer,
  type ConfiguredWebhook,
  InvalidAuthorizationConfig,
  parseAuthorizationConfig,
} from "./authorization-config.ts";
export { rulesNotCovered, rulesText } from "./escalation.ts";
export { nodeAuthorizer, nodeNameOf } from "./node.ts";
export { type GraphPod, NodeGraph } from "./node-graph.ts";
export { RbacAuthorizer, type RbacResource } from "./rbac.ts";
export { compileRule } from "./rbac-rule.ts";
export type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from "./rbac-types.ts";
export { alwaysAllowAuthorizer, alwaysAllowPaths, alwaysDenyAuthorizer, privilegedGroupAuthorizer } from "./simple.ts";
export { unionAuthorizer, unionRules } from "./union.ts";
export { type ReviewStatus, WebhookAuthorizer, type WebhookAuthorizerOptions } from "./webhook.ts";
export { webhookMetrics } from "./webhook-metrics.ts";
export type { ReviewSpec } from "./subject-access-review.ts";
