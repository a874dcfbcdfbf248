import type {
  admissionregistrationV1,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  invalid,
  notSupported,
  required,
  semanticEqual,
} from "../../../apimachinery/index.ts";
import { checkMutatingExpressions } from "../../admission/policy/check-expressions.ts";
import { checkEach, type Errors } from "../common/check.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
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
import { checkMatchResources, checkMutableOperations } from "./rules.ts";

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

const specPath = fieldPath("spec");

interface Counted {
  readonly metadata: Policy["metadata"];
  readonly spec: unknown;
}

/** Generations count changes of the spec; there is no status. */
function generations<T extends Counted>(): Pick<Strategy<T>, "prepareForCreate" | "prepareForUpdate"> {
  return {
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    prepareForUpdate: (object, old) => countGeneration(object, old, !semanticEqual(object.spec, old.spec)),
  };
}

export const mutatingPolicyStrategy: Strategy<Policy> = {
  ...generations<Policy>(),
  validate: (policy) => collect((errors) => checkWhole(policy, undefined, errors)),
  validateUpdate: (policy, old) => collect((errors) => checkWhole(policy, old, errors)),
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    integer("Mutations", "How many changes it makes.", ({ spec }) => spec.mutations?.length ?? 0),
    text("ParamKind", "What its parameters are.", ({ spec }) => paramKindText(spec.paramKind)),
    ageColumn,
  ]),
};

const bindingCheck = ({ spec }: Binding) => collect((errors) => checkBinding(spec, errors));

export const mutatingPolicyBindingStrategy: Strategy<Binding> = {
  ...generations<Binding>(),
  validate: bindingCheck,
  validateUpdate: bindingCheck,
  allowUnconditionalUpdate: false,
  table: defineTable([
    nameColumn,
    text("PolicyName", "The policy that it puts to use.", ({ spec }) => spec.policyName ?? ""),
    text("ParamRef", "The parameters it gives.", ({ spec }) => paramRefText(spec.paramRef)),
    ageColumn,
  ]),
};

function checkWhole(policy: Policy, old: Policy | undefined, errors: Errors): void {
  const problems = semanticEqual(policy.spec, old?.spec)
    ? noProblems
    : problemsOf((list) => checkMutatingExpressions(policy, list));
  checkPolicy(policy.spec, old?.spec, problems, errors);
}

function checkPolicy(
  spec: Policy["spec"],
  old: Policy["spec"] | undefined,
  problems: ExpressionProblems,
  errors: Errors,
): void {
  const { paramKind, matchConstraints: match, mutations = [] } = spec;
  checkFailurePolicy(spec.failurePolicy, specPath.child("failurePolicy"), errors);
  if (paramKind !== undefined) checkParamKind(paramKind, specPath.child("paramKind"), errors);
  const matchPath = specPath.child("matchConstraints");
  if (match === undefined) errors.push(required(matchPath));
  else {
    checkMatchResources(match, matchPath, errors);
    if ((match.resourceRules ?? []).length === 0) errors.push(required(matchPath.child("resourceRules")));
    checkMutableOperations(match, matchPath, errors);
  }
  const same =
    old !== undefined &&
    semanticEqual(spec.matchConditions, old.matchConditions) &&
    semanticEqual(paramKind, old.paramKind);
  if (!same) checkMatchConditions(spec.matchConditions, problems, specPath.child("matchConditions"), errors);
  checkEach(spec.variables, specPath.child("variables"), errors, (one, path) =>
    checkVariable(one, problems, path, errors),
  );
  const at = specPath.child("mutations");
  if (mutations.length === 0) errors.push(required(at, "mutations must contain at least one item"));
  checkEach(mutations, at, errors, (one, path) => checkMutation(one, problems, path, errors));
  const policyPath = specPath.child("reinvocationPolicy");
  const policy = spec.reinvocationPolicy;
  if (policy === undefined) errors.push(required(policyPath));
  else if (policy !== "Never" && policy !== "IfNeeded") {
    errors.push(notSupported(policyPath, policy, ["IfNeeded", "Never"]));
  }
}

const patchFields = { ApplyConfiguration: "applyConfiguration", JSONPatch: "jsonPatch" } as const;
const patchTypes = Object.keys(patchFields);

function checkMutation(
  mutation: admissionregistrationV1.Mutation,
  problems: ExpressionProblems,
  path: FieldPath,
  errors: Errors,
): void {
  const { patchType } = mutation;
  const own = patchFields[patchType];
  const typePath = path.child("patchType");
  if (own === undefined) {
    if (!patchType) errors.push(required(typePath));
    else errors.push(notSupported(typePath, patchType, patchTypes));
    return;
  }
  const patch = mutation[own];
  if (patch === undefined) errors.push(required(path.child(own), `must be specified when patchType is ${patchType}`));
  else if (isBlank(patch.expression)) errors.push(required(path.child(own).child("expression")));
  else tellProblem(problems, path.child(own).child("expression"), errors);
  const other = own === "jsonPatch" ? "applyConfiguration" : "jsonPatch";
  if (mutation[other] === undefined) return;
  const why = `must not be specified when patchType is ${patchType}`;
  errors.push(invalid(path.child(other), `{${other}}`, why));
}

function checkBinding(spec: Binding["spec"], errors: Errors): void {
  checkPolicyName(spec.policyName, specPath.child("policyName"), errors);
  if (spec.paramRef !== undefined) checkParamRef(spec.paramRef, specPath.child("paramRef"), errors);
  if (spec.matchResources === undefined) return;
  const at = specPath.child("matchResources");
  checkMatchResources(spec.matchResources, at, errors);
  checkMutableOperations(spec.matchResources, at, errors);
}
