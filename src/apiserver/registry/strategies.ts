import type { Strategy } from "./contract.ts";
import { podStrategy } from "./core/pods/strategy.ts";
import type { StrategyTable } from "./descriptors.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "./rbac/strategies.ts";

const rbac = "rbac.authorization.k8s.io";

/** Which strategy serves which resource: `group/resource`, or `group/version/resource` where versions differ. */
export const builtInStrategies: StrategyTable = new Map<string, Strategy>(
  Object.entries({
    "/pods": podStrategy,
    [`${rbac}/roles`]: roles,
    [`${rbac}/clusterroles`]: clusterRoles,
    [`${rbac}/rolebindings`]: roleBindings,
    [`${rbac}/clusterrolebindings`]: clusterRoleBindings,
  }) as [string, Strategy][],
);
