import type { admissionregistrationV1 } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  invalid,
  isPathSegmentName,
  notSupported,
  required,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkOneOf, type Errors } from "../common/check.ts";

type RuleWithOperations = admissionregistrationV1.RuleWithOperations;
type MatchResources = admissionregistrationV1.MatchResources;

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const mutableOperations = ["*", "CONNECT", "CREATE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];
export const matchPolicies = ["Equivalent", "Exact"];
export const failurePolicies = ["Fail", "Ignore"];

/** Which requests a webhook or policy is about. */
export function checkRule(rule: RuleWithOperations, path: FieldPath, errors: Errors): void {
  const { apiVersions = [], scope } = rule;
  checkList(rule.operations, "operations", path.child("operations"), errors);
  checkEach(rule.operations, path.child("operations"), errors, (one, at) => checkOneOf(one, operations, at, errors));
  checkList(rule.apiGroups, "API groups", path.child("apiGroups"), errors);
  const versionsPath = path.child("apiVersions");
  checkList(apiVersions, "API versions", versionsPath, errors);
  checkEach(apiVersions, versionsPath, errors, (version, at) => {
    if (version === "") errors.push(required(at));
  });
  checkResources(rule.resources ?? [], path.child("resources"), errors);
  if (scope !== undefined) checkOneOf(scope, scopes, path.child("scope"), errors);
}

/** Not empty, and `*` stands alone. `what`: how upstream calls the others. */
function checkList(list: readonly string[] = [], what: string, path: FieldPath, errors: Errors): void {
  if (list.length === 0) errors.push(required(path));
  if (list.length > 1 && list.includes("*")) {
    errors.push(invalid(path, list, `if '*' is present, must not specify other ${what}`));
  }
}

// `pods`, `pods/status`, `pods/*`, `*`, `*/status` and `*/*`: none may be said twice over.
function checkResources(resources: readonly string[], path: FieldPath, errors: Errors): void {
  if (resources.length === 0) errors.push(required(path));
  const allOf = new Set<string>();
  const everywhere = new Set<string>();
  let plainLast = false;
  checkEach(resources, path, errors, (text, at) => {
    if (text === "") {
      errors.push(required(at));
      return;
    }
    const slash = text.indexOf("/");
    if (slash < 0) {
      plainLast = text !== "*";
      return;
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    const covered = (by: string) => errors.push(invalid(at, text, `if '${by}' is present, must not specify ${text}`));
    if (allOf.has(resource)) covered(`${resource}/*`);
    if (everywhere.has(subresource)) covered(`*/${subresource}`);
    if (subresource === "*") allOf.add(resource);
    if (resource === "*") everywhere.add(subresource);
  });
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes("*") && plainLast) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalid(path, resources, why));
  }
}

/** Of policies and their bindings. */
export function checkMatchResources(match: MatchResources, path: FieldPath, errors: Errors): void {
  const policyPath = path.child("matchPolicy");
  if (match.matchPolicy === undefined) errors.push(required(policyPath));
  else checkOneOf(match.matchPolicy, matchPolicies, policyPath, errors);
  for (const field of ["namespaceSelector", "objectSelector"] as const) {
    const selector = match[field];
    if (selector === undefined) errors.push(required(path.child(field)));
    else validateLabelSelector(selector, path.child(field), errors);
  }
  checkEach(match.resourceRules, path.child("resourceRules"), errors, checkNamedRule);
  checkEach(match.excludeResourceRules, path.child("excludeResourceRules"), errors, checkNamedRule);
}

function checkNamedRule(rule: admissionregistrationV1.NamedRuleWithOperations, path: FieldPath, errors: Errors): void {
  const seen = new Set<string>();
  checkEach(rule.resourceNames, path.child("resourceNames"), errors, (name, at) => {
    addMessages(isPathSegmentName(name), name, at, errors);
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  });
  checkRule(rule, path, errors);
}

/** What is deleted cannot be mutated. Upstream does not say which rule. */
export function checkMutableOperations(match: MatchResources, path: FieldPath, errors: Errors): void {
  const at = path.child("resourceRules").child("operations");
  for (const operation of (match.resourceRules ?? []).flatMap((rule) => rule.operations ?? [])) {
    if (!mutableOperations.includes(operation)) errors.push(notSupported(at, operation, mutableOperations));
  }
}
