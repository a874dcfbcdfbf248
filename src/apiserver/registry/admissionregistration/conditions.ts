import type { admissionregistrationV1 } from "../../../api/index.ts";
import { duplicate, type FieldError, type FieldPath, required, tooMany } from "../../../apimachinery/index.ts";
import { checkEach, checkQualifiedName, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";

type MatchCondition = admissionregistrationV1.MatchCondition;

const conditionsMax = 64;

/** What compilers say of expressions, by where these stand; it is told where each expression is checked. */
export type ExpressionProblems = ReadonlyMap<string, FieldError>;

export const noProblems: ExpressionProblems = new Map();

export function problemsOf(check: (errors: Errors) => void): ExpressionProblems {
  return new Map(collect(check).map((error) => [error.field, error]));
}

export function tellProblem(problems: ExpressionProblems, path: FieldPath, errors: Errors): void {
  const problem = problems.get(path.toString());
  if (problem !== undefined) errors.push(problem);
}

export function checkMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  problems: ExpressionProblems,
  path: FieldPath,
  errors: Errors,
): void {
  const count = conditions?.length ?? 0;
  if (count > conditionsMax) errors.push(tooMany(path, count, conditionsMax));
  const seen = new Set<string>();
  checkEach(conditions, path, errors, ({ name, expression }, at) => {
    if (isBlank(expression)) errors.push(required(at.child("expression")));
    else tellProblem(problems, at.child("expression"), errors);
    if (name === "") {
      errors.push(required(at.child("name")));
      return;
    }
    checkQualifiedName(name, at.child("name"), errors);
    if (seen.has(name)) errors.push(duplicate(at.child("name"), name));
    seen.add(name);
  });
}

export function isBlank(text: string | undefined): boolean {
  return (text ?? "").trim() === "";
}
