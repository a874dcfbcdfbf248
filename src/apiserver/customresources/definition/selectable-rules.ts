import type { SelectableField } from "../../../api/index.ts";
import { duplicate, type FieldError, type FieldPath, invalid, required, tooMany } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { Structural } from "../schema/structural.ts";
import { findField } from "./field-paths.ts";

export const selectableFieldsMax = 8;
const selectableTypes = ["string", "boolean", "integer"];

/** The fields that lists and watches may select by. `allowMany`: there were too many already, and the same. */
export function checkSelectableFields(
  fields: readonly SelectableField[],
  structural: Structural,
  path: FieldPath,
  allowMany: boolean,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const at = path.index(index).child("jsonPath");
    if (jsonPath === "") errors.push(required(at));
    else checkOne(jsonPath, structural, at, seen, errors);
  }
  if (seen.size > selectableFieldsMax && !allowMany) errors.push(tooMany(path, seen.size, selectableFieldsMax));
}

function checkOne(jsonPath: string, root: Structural, at: FieldPath, seen: Set<string>, errors: FieldError[]): void {
  let found: ReturnType<typeof findField>;
  try {
    found = findField(jsonPath, root, false);
  } catch (error) {
    errors.push(invalid(at, jsonPath, `is an invalid path: ${messageOf(error)}`));
    return;
  }
  const text = found?.path ?? "";
  if (/^metadata(\.|\[|$)/.test(text)) errors.push(invalid(at, jsonPath, "must not point to fields in metadata"));
  if (!selectableTypes.includes(found?.structural?.type ?? "")) {
    const why =
      "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
    errors.push(invalid(at, jsonPath, why));
  }
  if (seen.has(text)) errors.push(duplicate(at, jsonPath));
  seen.add(text);
}
