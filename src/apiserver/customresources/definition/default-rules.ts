import {
  aggregateFieldErrors,
  deepEqual,
  type FieldError,
  type FieldPath,
  invalid,
} from "../../../apimachinery/index.ts";
import { checkValueRules, ruleTree } from "../rules/index.ts";
import { checkEmbedded, checkOne } from "../schema/embedded.ts";
import { prune } from "../schema/prune.ts";
import type { Structural } from "../schema/structural.ts";
import { validateValue } from "../schema/validate-value.ts";

type Steps = readonly (string | number)[];

/** Where a default stands: below which object, and whether it is of that object's kind, version or metadata. */
interface Place {
  readonly path: FieldPath;
  readonly steps: Steps;
  readonly isRoot: boolean;
  readonly insideMeta: boolean;
}

/** Defaults are valid, and nothing of them is pruned. Upstream: `ValidateDefaults`. */
export function checkDefaults(root: Structural, path: FieldPath, requirePruned: boolean): FieldError[] {
  const errors: FieldError[] = [];
  walk(
    { ...root, embedded: true, hasEmbedded: true },
    { path, steps: [], isRoot: true, insideMeta: false },
    requirePruned,
    errors,
  );
  return errors;
}

function walk(structural: Structural, place: Place, requirePruned: boolean, errors: FieldError[]): void {
  if (!structural.hasDefaults) return;
  const { path } = place;
  const { embedded } = structural;
  const at: Place = embedded ? { ...place, steps: [], isRoot: true, insideMeta: false } : place;
  const value = structural.props.default;
  if (value !== undefined) checkOneDefault(value, structural, at, requirePruned, errors);
  const { steps, insideMeta } = at;
  const below = { isRoot: false, insideMeta };
  if (structural.items !== undefined)
    walk(structural.items, { ...below, path: path.child("items"), steps: [...steps, 0] }, requirePruned, errors);
  for (const [name, child] of structural.properties) {
    const meta = insideMeta || (embedded && ["metadata", "apiVersion", "kind"].includes(name));
    const next = { ...below, path: path.child("properties").key(name), steps: [...steps, name], insideMeta: meta };
    walk(child, next, requirePruned, errors);
  }
}

function checkOneDefault(
  value: unknown,
  structural: Structural,
  place: Place,
  requirePruned: boolean,
  errors: FieldError[],
): void {
  const at = place.path.child("default");
  const field = at.toString();
  if (!place.insideMeta && requirePruned) {
    const copy = structuredClone(value);
    prune(copy, structural, structural.embedded);
    if (!deepEqual(copy, value)) errors.push(invalid(at, value, "must not have unknown fields"));
  }
  const metadata = place.insideMeta
    ? metadataProblems(value, place.steps, at)
    : checkEmbedded(value, structural).map((error) => ({ ...error, field: joined(field, error.field) }));
  if (metadata.length > 0) return void errors.push(...metadata);
  const shape = validateValue(value, structural.props, { prefix: field });
  if (shape.length > 0) return void errors.push(...shape);
  const tree = ruleTree(structural, place.isRoot);
  if (tree === undefined) return;
  // As an update that changes nothing, then as a value that is new.
  const unchanged = checkValueRules(tree, field, value, value);
  errors.push(...(unchanged.length > 0 ? unchanged : checkValueRules(tree, field, value, undefined)));
}

function joined(prefix: string, field: string): string {
  return field.startsWith("[") ? `${prefix}${field}` : `${prefix}.${field}`;
}

/** What is wrong with an object that has nothing but this default in its metadata. */
function metadataProblems(value: unknown, steps: Steps, at: FieldPath): FieldError[] {
  const object = steps
    .toReversed()
    .reduce<unknown>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), value);
  const problems: FieldError[] = [];
  const surrounding = { apiVersion: "validation/v1", kind: "Validation", ...(object as Record<string, unknown>) };
  checkOne(surrounding, "", problems);
  return problems.length === 0
    ? []
    : [invalid(at, value, `must result in valid metadata: ${aggregateFieldErrors(problems)}`)];
}

/** Whether a default has something that its schema does not know. */
export function prunesDefaults(structural: Structural): boolean {
  if (!structural.hasDefaults) return false;
  const { default: value } = structural.props;
  if (value !== undefined) {
    const copy = structuredClone(value);
    prune(copy, structural, structural.embedded);
    if (!deepEqual(copy, value)) return true;
  }
  const { additional, items, properties } = structural;
  const below = [...properties.values(), items, typeof additional === "object" ? additional : undefined];
  return below.some((child) => child !== undefined && prunesDefaults(child));
}
