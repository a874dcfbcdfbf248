import type { CustomResourceSubresourceScale } from "../../api/index.ts";
import { type FieldError, goText, invalid } from "../../apimachinery/index.ts";
import { isInt64 } from "./schema/numbers.ts";

type Fields = Readonly<Record<string, unknown>>;
const most = 2 ** 31 - 1;

/** The wanted replicas of an object that can be scaled. */
export function checkScaleSpec(object: Fields, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  return scale === undefined ? [] : checkReplicas(object, scale.specReplicasPath);
}

/** The replicas there are, and the selector's text. */
export function checkScaleStatus(object: Fields, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  if (scale === undefined) return [];
  const errors = checkReplicas(object, scale.statusReplicasPath);
  const { labelSelectorPath } = scale;
  if (labelSelectorPath === undefined) return errors;
  const { problem } = read(object, labelSelectorPath, "string");
  if (problem !== undefined) errors.push(invalid(labelSelectorPath, "", problem));
  return errors;
}

function checkReplicas(object: Fields, path: string): FieldError[] {
  const { value, problem } = read(object, path, "int64");
  if (problem !== undefined) return [invalid(path, 0, problem)];
  const replicas = typeof value === "number" ? value : 0;
  if (replicas < 0) return [invalid(path, replicas, "should be a non-negative integer")];
  return replicas > most ? [invalid(path, replicas, `should be less than or equal to ${most}`)] : [];
}

/** Follows a path of plain names; what is absent has no problem. */
function read(object: Fields, path: string, wanted: "int64" | "string"): { value?: unknown; problem?: string } {
  const names = path.replace(/^\./, "").split(".");
  let value: unknown = object;
  for (const [index, name] of names.entries()) {
    if (value === undefined || value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) {
      const at = `.${names.slice(0, index + 1).join(".")}`;
      return { value, problem: mistyped(at, value, "map[string]interface{}") };
    }
    value = Object.hasOwn(value, name) ? (value as Fields)[name] : undefined;
  }
  if (value === undefined || goType(value) === wanted) return { value };
  return { value, problem: mistyped(`.${names.join(".")}`, value, wanted) };
}

function mistyped(at: string, value: unknown, wanted: string): string {
  return `${at} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${wanted}`;
}

function goType(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return isInt64(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}
