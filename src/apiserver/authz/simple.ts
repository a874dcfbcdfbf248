import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, RuleResolver } from "./contract.ts";

/** Members of `system:masters` may do anything, whatever else is configured. */
export const privilegedGroupAuthorizer: Authorizer = {
  name: "PrivilegedGroup",
  authorize: (attributes) =>
    attributes.user.groups.includes("system:masters")
      ? { decision: "allow", reason: "" }
      : { decision: "no-opinion", reason: "" },
};

export const alwaysAllowAuthorizer: Authorizer & RuleResolver = {
  name: "AlwaysAllow",
  authorize: () => ({ decision: "allow", reason: "" }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
    nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
    incomplete: false,
  }),
};

export const alwaysDenyAuthorizer: Authorizer & RuleResolver = {
  name: "AlwaysDeny",
  authorize: () => ({ decision: "no-opinion", reason: "Everything is forbidden." }),
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
};

/** Paths that need no permission (`--authorization-always-allow-paths`); a final `*` matches any rest. */
export function alwaysAllowPaths(paths: readonly string[]): Authorizer {
  const exact = new Set(paths.filter((path) => !path.endsWith("*")));
  const prefixes = paths.filter((path) => path.endsWith("*")).map((path) => path.slice(0, -1));
  return {
    name: "AlwaysAllowPaths",
    authorize(attributes: AuthorizationAttributes): AuthorizationDecision {
      const allowed =
        !attributes.isResourceRequest &&
        (exact.has(attributes.path) || prefixes.some((prefix) => attributes.path.startsWith(prefix)));
      return { decision: allowed ? "allow" : "no-opinion", reason: "" };
    },
  };
}
