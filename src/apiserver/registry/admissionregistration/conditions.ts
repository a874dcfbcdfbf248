import type { admissionregistrationV1 } from "../../../api/index.ts";
import { duplicate, type FieldPath, required, tooMany } from "../../../apimachinery/index.ts";
import { checkEach, checkQualifiedName, type Errors } from "../common/check.ts";

type MatchCondition = admissionregistrationV1.MatchCondition;

const conditionsMax = 64;

/** Their form; what the expressions say is checked where they are compiled. */
export function checkMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  const count = conditions?.length ?? 0;
  if (count > conditionsMax) errors.push(tooMany(path, count, conditionsMax));
  const seen = new Set<string>();
  checkEach(conditions, path, errors, ({ name, expression }, at) => {
    if (isBlank(expression)) errors.push(required(at.child("expression")));
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
