import type {
  admissionregistrationV1,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  fieldPath,
  invalid,
  required,
  semanticEqual,
  validateConditions,
} from "../../../apimachinery/index.ts";
import { checkValidatingExpressions } from "../../admission/policy/check-expressions.ts";
import { checkEach, checkOneOf, checkQualifiedName, checkUnique, type Errors } from "../common/check.ts";
import {
  collect,
  countGeneration,
  metadataKeptByStatus,
  specAndStatus,
  statusAlone,
  statusOnly,
} from "../common/lifecycle.ts";
import { ageColumn, defineTable, integer, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import {
  checkMatchConditions,
  type ExpressionProblems,
  isBlank,
  noProblems,
  problemsOf,
  tellProblem,
} from "./conditions.ts";
import {
  checkFailurePolicy,
  checkParamKind,
  checkParamRef,
  checkPolicyName,
  checkVariable,
  paramKindText,
  paramRefText,
} from "./policy-parts.ts";
import { checkMatchResources } from "./rules.ts";

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");
const annotationsMax = 20;
const valueExpressionMax = 5 * 1024;
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

export const validatingPolicyStrategy: Strategy<Policy> = {
  ...specAndStatus<Policy>(),
  validate: (policy) => collect((errors) => checkPolicy(policy, undefined, errors)),
  validateUpdate: (policy, old) => collect((errors) => checkPolicy(policy, old, errors)),
  allowUnconditionalUpdate: false,
  status: statusOnly<Policy>(({ status }, _old, errors) => checkStatus(status, errors), metadataKeptByStatus),
  resetFields: statusAlone,
  table: defineTable([
    nameColumn,
    integer("Validations", "How many rules it has.", ({ spec }) => spec.validations?.length ?? 0),
    text("ParamKind", "What its parameters are.", ({ spec }) => paramKindText(spec.paramKind)),
    ageColumn,
  ]),
};

const bindingCheck = ({ spec }: Binding) => collect((errors) => checkBinding(spec, errors));

export const validatingPolicyBindingStrategy: Strategy<Binding> = {
  prepareForCreate({ metadata }) {
    metadata.generation = 1;
  },
  prepareForUpdate: (binding, old) => countGeneration(binding, old, !semanticEqual(binding.spec, old.spec)),
  validate: bindingCheck,
  validateUpdate: bindingCheck,
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    text("PolicyName", "The policy that it puts to use.", ({ spec }) => spec.policyName),
    text("ParamRef", "The parameters it gives.", ({ spec }) => paramRefText(spec.paramRef)),
    ageColumn,
  ]),
};

function checkPolicy(policy: Policy, old: Policy | undefined, errors: Errors): void {
  const { metadata, spec } = policy;
  const problems = semanticEqual(spec, old?.spec)
    ? noProblems
    : problemsOf((list) => checkValidatingExpressions(policy, list));
  const { paramKind, matchConstraints: match, validations = [], auditAnnotations = [] } = spec;
  checkFailurePolicy(spec.failurePolicy, specPath.child("failurePolicy"), errors);
  if (paramKind !== undefined) checkParamKind(paramKind, specPath.child("paramKind"), errors);
  const matchPath = specPath.child("matchConstraints");
  if (match === undefined) errors.push(required(matchPath));
  else {
    checkMatchResources(match, matchPath, errors);
    if ((match.resourceRules ?? []).length === 0) errors.push(required(matchPath.child("resourceRules")));
  }
  const same =
    old !== undefined &&
    semanticEqual(spec.matchConditions, old.spec.matchConditions) &&
    semanticEqual(paramKind, old.spec.paramKind);
  if (!same) checkMatchConditions(spec.matchConditions, problems, specPath.child("matchConditions"), errors);
  checkEach(spec.variables, specPath.child("variables"), errors, (one, at) => checkVariable(one, problems, at, errors));
  if (validations.length + auditAnnotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    for (const field of ["validations", "auditAnnotations"]) errors.push(required(specPath.child(field), why));
    return;
  }
  checkEach(validations, specPath.child("validations"), errors, (one, at) =>
    checkValidation(one, problems, at, errors),
  );
  checkAuditAnnotations(auditAnnotations, metadata.name ?? "", problems, errors);
}

function checkValidation(
  { expression, message = "", messageExpression = "", reason }: admissionregistrationV1.Validation,
  problems: ExpressionProblems,
  path: FieldPath,
  errors: Errors,
): void {
  if (isBlank(expression)) errors.push(required(path.child("expression"), "expression is not specified"));
  else tellProblem(problems, path.child("expression"), errors);
  if (messageExpression !== "" && isBlank(messageExpression)) {
    errors.push(invalid(path.child("messageExpression"), messageExpression, "must be non-empty if specified"));
  } else tellProblem(problems, path.child("messageExpression"), errors);
  const messagePath = path.child("message");
  if (message !== "" && isBlank(message)) {
    errors.push(invalid(messagePath, message, "must be non-empty if specified"));
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(invalid(messagePath, message, "must not contain line breaks"));
  }
  if (reason !== undefined) checkOneOf(reason, reasons, path.child("reason"), errors);
}

function checkAuditAnnotations(
  annotations: readonly admissionregistrationV1.AuditAnnotation[],
  name: string,
  problems: ExpressionProblems,
  errors: Errors,
): void {
  const path = specPath.child("auditAnnotations");
  if (annotations.length > annotationsMax) {
    errors.push(invalid(path, annotations, `must not have more than ${annotationsMax} auditAnnotations`));
  }
  const keys = new Set<string>();
  checkEach(annotations, path, errors, ({ key, valueExpression }, at) => {
    if (name === "") errors.push(invalid(at.child("key"), key, "requires metadata.name be non-empty"));
    else checkQualifiedName(`${name}/${key}`, at.child("key"), errors);
    const valuePath = at.child("valueExpression");
    if (isBlank(valueExpression)) errors.push(required(valuePath, "valueExpression is not specified"));
    else if (valueExpression.trim().length > valueExpressionMax) {
      errors.push(required(valuePath, `must not exceed ${valueExpressionMax} bytes in length`));
    } else tellProblem(problems, valuePath, errors);
    checkUnique(keys, key, at.child("key"), errors);
  });
}

function checkStatus(status: Policy["status"], errors: Errors): void {
  const path = statusPath.child("typeChecking").child("expressionWarnings");
  checkEach(status?.typeChecking?.expressionWarnings, path, errors, ({ warning, fieldRef }, at) => {
    if (warning === "") errors.push(required(at.child("warning")));
    if (isBlank(fieldRef)) errors.push(required(at.child("fieldRef")));
  });
  validateConditions(status?.conditions ?? [], statusPath.child("conditions"), errors);
}

const actions = ["Audit", "Deny", "Warn"];

function checkBinding(spec: Binding["spec"], errors: Errors): void {
  checkPolicyName(spec.policyName, specPath.child("policyName"), errors);
  if (spec.paramRef !== undefined) checkParamRef(spec.paramRef, specPath.child("paramRef"), errors);
  const matchPath = specPath.child("matchResources");
  if (spec.matchResources !== undefined) checkMatchResources(spec.matchResources, matchPath, errors);
  checkActions(spec.validationActions ?? [], specPath.child("validationActions"), errors);
}

function checkActions(list: readonly string[], path: FieldPath, errors: Errors): void {
  const seen = new Set<string>();
  checkEach(list, path, errors, (action, at) => {
    checkOneOf(action, actions, at, errors);
    if (seen.has(action)) errors.push(duplicate(at, action));
    seen.add(action);
  });
  if (seen.has("Deny") && seen.has("Warn")) {
    const why =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
    errors.push(invalid(path, list, why));
  }
  if (seen.size === 0) errors.push(required(path, "at least one validation action is required"));
}
