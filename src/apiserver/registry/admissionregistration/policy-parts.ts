import type { admissionregistrationV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegmentName,
  type LabelSelector,
  notSupported,
  required,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { addMessages, checkObjectName, checkOneOf, type Errors } from "../common/check.ts";
import { type ExpressionProblems, isBlank, tellProblem } from "./conditions.ts";
import { failurePolicies } from "./rules.ts";

type ParamKind = admissionregistrationV1.ParamKind;
type ParamRef = admissionregistrationV1.ParamRef;

export function checkFailurePolicy(policy: string | undefined, path: FieldPath, errors: Errors): void {
  if (policy === undefined) errors.push(required(path));
  else checkOneOf(policy, failurePolicies, path, errors);
}

export function checkParamKind({ apiVersion = "", kind = "" }: ParamKind, path: FieldPath, errors: Errors): void {
  checkApiVersion(apiVersion, path.child("apiVersion"), errors);
  if (kind === "") {
    errors.push(required(path.child("kind")));
    return;
  }
  const messages = isDns1035Label(kind.toLowerCase());
  if (messages.length === 0) return;
  const why = `may have mixed case, but should otherwise match: ${messages.join(",")}`;
  errors.push(invalid(path.child("kind"), kind, why));
}

function checkApiVersion(apiVersion: string, path: FieldPath, errors: Errors): void {
  if (apiVersion === "") {
    errors.push(required(path));
    return;
  }
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/");
  if (parts.length > 2) {
    errors.push(invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    return;
  }
  const [group = "", version = ""] = parts.length === 1 ? ["", ...parts] : parts;
  const groupMessages = group === "" ? [] : isDns1123Subdomain(group);
  if (groupMessages.length > 0) errors.push(invalid(path, group, groupMessages.join(",")));
  if (version === "") {
    errors.push(invalid(path, apiVersion, "version must be specified"));
    return;
  }
  const messages = isDns1035Label(version);
  if (messages.length > 0) errors.push(invalid(path, version, messages.join(",")));
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

export function checkVariable(
  { name, expression }: admissionregistrationV1.Variable,
  problems: ExpressionProblems,
  path: FieldPath,
  errors: Errors,
): void {
  if (isBlank(name)) errors.push(required(path.child("name"), "name is not specified"));
  else if (!identifier.test(name) || reserved.has(name)) {
    errors.push(invalid(path.child("name"), name, "must be a valid CEL identifier"));
  }
  if (isBlank(expression)) errors.push(required(path.child("expression"), "expression is not specified"));
  else tellProblem(problems, path.child("expression"), errors);
}

export function checkPolicyName(name: string | undefined, path: FieldPath, errors: Errors): void {
  if (name === undefined || name === "") errors.push(required(path));
  else checkObjectName(name, path, errors);
}

const exclusive = "name and selector are mutually exclusive";

export function checkParamRef(reference: ParamRef, path: FieldPath, errors: Errors): void {
  const { name = "", selector, parameterNotFoundAction: action = "" } = reference;
  if (name !== "") {
    addMessages(isPathSegmentName(name), name, path.child("name"), errors);
    if (selector !== undefined) errors.push(forbidden(path.child("name"), exclusive));
  }
  if (selector !== undefined) {
    validateLabelSelector(selector, path.child("selector"), errors);
    if (name !== "") errors.push(forbidden(path.child("selector"), exclusive));
  }
  if (name === "" && selector === undefined) {
    errors.push(required(path, "one of name or selector must be specified"));
  }
  const actionPath = path.child("parameterNotFoundAction");
  if (action === "") errors.push(required(actionPath));
  else if (action !== "Deny" && action !== "Allow") errors.push(notSupported(actionPath, action, ["Deny", "Allow"]));
}

export function paramKindText(kind: ParamKind | undefined): string {
  return kind === undefined ? "<unset>" : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;
}

/** Without a namespace it may be of any. */
export function paramRefText(reference: ParamRef | undefined): string {
  const { name = "", namespace = "", selector } = reference ?? {};
  if (name !== "") return `${namespace === "" ? "*" : namespace}/${name}`;
  return selector === undefined ? "<unset>" : goSelector(selector);
}

/** As Go prints the structure. */
function goSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}
