import type { CustomResourceColumnDefinition, CustomResourceSubresources } from "../../../api/index.ts";
import { type FieldError, type FieldPath, invalid, required } from "../../../apimachinery/index.ts";

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/** Where an object that can be scaled has its numbers. */
export function checkSubresources(
  subresources: CustomResourceSubresources | undefined,
  path: FieldPath,
  errors: FieldError[],
): void {
  const { scale } = subresources ?? {};
  if (scale === undefined) return;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = "" } = scale;
  checkReplicasPath(specReplicasPath, ".spec", path.child("scale.specReplicasPath"), errors);
  checkReplicasPath(statusReplicasPath, ".status", path.child("scale.statusReplicasPath"), errors);
  if (labelSelectorPath === "") return;
  const at = path.child("scale.labelSelectorPath");
  if (checkSimplePath(labelSelectorPath, at, errors) && !/^\.(spec|status)\./.test(labelSelectorPath))
    errors.push(invalid(at, labelSelectorPath, "should be a json path under either .spec or .status"));
}

function checkReplicasPath(value: string | undefined, below: string, path: FieldPath, errors: FieldError[]): void {
  if (value === undefined || value === "") errors.push(required(path));
  else if (checkSimplePath(value, path, errors) && !value.startsWith(`${below}.`))
    errors.push(invalid(path, value, `should be a json path under ${below}`));
}

function checkSimplePath(value: string, path: FieldPath, errors: FieldError[]): boolean {
  if (value.startsWith(".")) return true;
  errors.push(invalid(path, value, "must be a simple json path starting with ."));
  return false;
}

/** A column of what `kubectl get` prints. */
export function checkColumn(column: CustomResourceColumnDefinition, path: FieldPath, errors: FieldError[]): void {
  const { name = "", type = "", format = "", jsonPath = "" } = column;
  if (name === "") errors.push(required(path.child("name")));
  const types = `must be one of ${columnTypes.join(",")}`;
  if (type === "") errors.push(required(path.child("type"), types));
  else if (!columnTypes.includes(type)) errors.push(invalid(path.child("type"), type, types));
  if (format !== "" && !columnFormats.includes(format))
    errors.push(invalid(path.child("format"), format, `must be one of ${columnFormats.join(",")}`));
  if (jsonPath === "") errors.push(required(path.child("JSONPath")));
  else checkSimplePath(jsonPath, path.child("JSONPath"), errors);
}
