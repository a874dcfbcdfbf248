import {
  type FieldError,
  fieldPath,
  invalid,
  isDns1035Label,
  type KubeObject,
  nameIsPathSegment,
  required,
  validateObjectMeta,
} from "../../../apimachinery/index.ts";
import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;
type Visit = (object: Fields, path: string) => void;

/** Objects inside a custom resource (`x-kubernetes-embedded-resource`), with their paths, outermost first. */
export function visitEmbedded(value: unknown, structural: Structural, visit: Visit, path = ""): void {
  if (!structural.hasEmbedded) return;
  if (Array.isArray(value)) {
    if (structural.items !== undefined)
      for (const [index, item] of value.entries()) visitEmbedded(item, structural.items, visit, `${path}[${index}]`);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (structural.embedded) visit(value as Fields, path);
  const { additional, properties } = structural;
  for (const [key, child] of Object.entries(value)) {
    const known = properties.get(key);
    if (known !== undefined) visitEmbedded(child, known, visit, join(path, key));
    else if (typeof additional === "object") visitEmbedded(child, additional, visit, `${path}[${key}]`);
  }
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** Embedded objects say what they are, and their metadata is that of an object. Upstream: `objectmeta.Validate`. */
export function checkEmbedded(object: unknown, structural: Structural): FieldError[] {
  const errors: FieldError[] = [];
  visitEmbedded(object, structural, (embedded, path) => checkOne(embedded, path, errors));
  return errors;
}

export function checkOne(object: Fields, path: string, errors: FieldError[]): void {
  for (const name of ["apiVersion", "kind"]) if (!Object.hasOwn(object, name)) errors.push(required(join(path, name)));
  for (const [name, value] of Object.entries(object)) {
    const at = join(path, name);
    if (name === "apiVersion" || name === "kind") {
      if (typeof value !== "string") errors.push(invalid(at, value, "must be a string"));
      else if (value === "") errors.push(invalid(at, value, "must not be empty"));
      else if (name === "kind") checkKind(value, at, errors);
      else if (value.split("/").length > 2) errors.push(invalid(at, value, `unexpected GroupVersion string: ${value}`));
    } else if (name === "metadata" && (typeof value !== "object" || value === null)) {
      errors.push(invalid(at, value, `cannot be read as the metadata of an object`));
    } else if (name === "metadata") {
      const metadata = { ...(value as KubeObject["metadata"]) };
      // An embedded object may be without a name.
      if ((metadata.name ?? "") === "") metadata.name = "fakename";
      const namespaced = (metadata.namespace ?? "") !== "";
      errors.push(...validateObjectMeta(metadata, namespaced, nameIsPathSegment, fieldPath(at)));
    }
  }
}

function checkKind(kind: string, at: string, errors: FieldError[]): void {
  const problems = isDns1035Label(kind.toLowerCase());
  if (problems.length > 0)
    errors.push(invalid(at, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`));
}
