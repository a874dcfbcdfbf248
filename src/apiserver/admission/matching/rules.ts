import type { GroupVersionResource } from "../../../apimachinery/index.ts";
import type { RuleWithOperations } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";

type Request = Pick<AdmissionAttributes, "operation" | "subresource" | "namespace"> & {
  readonly resource: GroupVersionResource;
};

/** Whether one of the rules speaks of the request, in exactly the version it came in. Upstream: `rules.Matcher`. */
export function matchesRules(rules: readonly RuleWithOperations[] | undefined, request: Request): boolean {
  return (rules ?? []).some((rule) => matchesRule(rule, request));
}

export function matchesRule(
  rule: RuleWithOperations,
  { operation, resource, subresource, namespace }: Request,
): boolean {
  const has = (values: readonly string[] | undefined, value: string) =>
    values?.includes("*") === true || values?.includes(value) === true;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some((pattern) => matchesResource(pattern, resource.resource, subresource)) &&
    matchesScope(rule.scope, resource, subresource, namespace)
  );
}

function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const [wanted = "", wantedSubresource = ""] = pattern.split("/");
  if (wanted !== "*" && wanted !== resource) return false;
  return wantedSubresource === "*" || wantedSubresource === subresource || (pattern === "*" && subresource === "");
}

/** Namespaces themselves are cluster-scoped, although requests for them carry a namespace. */
function matchesScope(
  scope: string | undefined,
  resource: GroupVersionResource,
  subresource: string,
  namespace: string,
): boolean {
  if (scope === undefined || scope === "*") return true;
  const isNamespaceItself = resource.group === "" && resource.resource === "namespaces";
  const namespaced = namespace !== "" && !isNamespaceItself;
  return scope === "Namespaced" ? namespaced : !namespaced;
}
