import type { MatchCondition, MutatingAdmissionPolicy, ValidatingAdmissionPolicy } from "../../../api/index.ts";
import { type FieldError, type FieldPath, fieldPath, invalid } from "../../../apimachinery/index.ts";
import { compileMutatingPolicy, compileValidatingPolicy } from "./compile-policy.ts";
import { type CompiledExpression, type CompiledVariables, compileExpression, type Condition } from "./expressions.ts";

type Errors = FieldError[];
const specPath = fieldPath("spec");

/** Blank expressions are reported elsewhere. */
function report({ text, problem }: CompiledExpression, path: FieldPath, errors: Errors): void {
  if (problem !== undefined && text.trim() !== "") errors.push(invalid(path, text, problem));
}

function reportCommon(conditions: readonly Condition[], variables: CompiledVariables, errors: Errors): void {
  for (const [index, { compiled }] of conditions.entries()) {
    report(compiled, specPath.child("matchConditions").index(index).child("expression"), errors);
  }
  for (const [index, compiled] of [...variables.expressions.values()].entries()) {
    report(compiled, specPath.child("variables").index(index).child("expression"), errors);
  }
}

/** What of a policy does not compile. Upstream checks it at creation, and on update where it changed. */
export function checkValidatingExpressions(policy: ValidatingAdmissionPolicy, errors: Errors): void {
  const { conditions, variables, validations, auditAnnotations } = compileValidatingPolicy(policy);
  reportCommon(conditions, variables, errors);
  for (const [index, { expression, message }] of validations.entries()) {
    const path = specPath.child("validations").index(index);
    report(expression, path.child("expression"), errors);
    if (message !== undefined) report(message, path.child("messageExpression"), errors);
  }
  for (const [index, { expression }] of auditAnnotations.entries()) {
    report(expression, specPath.child("auditAnnotations").index(index).child("valueExpression"), errors);
  }
}

export function checkMutatingExpressions(policy: MutatingAdmissionPolicy, errors: Errors): void {
  const { conditions, variables, mutations } = compileMutatingPolicy(policy);
  reportCommon(conditions, variables, errors);
  for (const [index, { type, expression }] of mutations.entries()) {
    const field = type === "JSONPatch" ? "jsonPatch" : "applyConfiguration";
    report(expression, specPath.child("mutations").index(index).child(field).child("expression"), errors);
  }
}

/** `matchConditions` of webhooks. */
export function checkConditionExpressions(
  conditions: readonly MatchCondition[] | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  for (const [index, { expression }] of (conditions ?? []).entries()) {
    const compiled = compileExpression(expression, { hasParams: false, wanted: ["bool"] });
    report(compiled, path.index(index).child("expression"), errors);
  }
}
