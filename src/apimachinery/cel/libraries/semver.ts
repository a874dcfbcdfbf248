import { define, type Library, method, traverseFirst } from "../functions.ts";
import { boolType, intType, opaque, stringType } from "../types.ts";
import { CelError, OpaqueValue } from "../values.ts";
import { normalizedSemver, parseSemver } from "./semver-text.ts";

const semverType = opaque("kubernetes.Semver");
class Semver extends OpaqueValue {
  readonly typeName = "kubernetes.Semver";
  readonly numbers: readonly bigint[];
  readonly labels: readonly string[];
  constructor(numbers: readonly bigint[], labels: readonly string[]) {
    super();
    this.numbers = numbers;
    this.labels = labels;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof Semver && compare(this, other) === 0;
  }
}

function need(text: string): Semver {
  const { numbers, labels } = parseSemver(text);
  return new Semver(numbers, labels);
}

function isSemver(text: string): boolean {
  try {
    parseSemver(text);
    return true;
  } catch (error) {
    if (error instanceof CelError) return false;
    throw error;
  }
}

function isNormalizable(text: string, normalize: boolean): boolean {
  try {
    return isSemver(normalize ? normalizedSemver(text) : text);
  } catch (error) {
    if (error instanceof CelError) return false;
    throw error;
  }
}

function compare(a: Semver, b: Semver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.labels.length === 0 || b.labels.length === 0) return Math.sign(b.labels.length - a.labels.length);
  for (const [index, label] of a.labels.entries()) {
    const other = b.labels[index];
    if (other === undefined) return 1;
    const order = compareLabels(label, other);
    if (order !== 0) return order;
  }
  return a.labels.length < b.labels.length ? -1 : 0;
}

function compareLabels(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x !== y) return x ? -1 : 1;
  if (x) return BigInt(a) < BigInt(b) ? -1 : 1;
  return a < b ? -1 : 1;
}

const cost = { cost: traverseFirst };

export const semverLibrary: Library = {
  overloads: [
    define("semver", [stringType], semverType, need, cost),
    define(
      "semver",
      [stringType, boolType],
      semverType,
      (text: string, normalize: boolean) => need(normalize ? normalizedSemver(text) : text),
      cost,
    ),
    define("isSemver", [stringType], boolType, isSemver, cost),
    define(
      "isSemver",
      [stringType, boolType],
      boolType,
      (text: string, normalize: boolean) => isNormalizable(text, normalize),
      cost,
    ),
    method("isGreaterThan", [semverType, semverType], boolType, (a: Semver, b: Semver) => compare(a, b) > 0),
    method("isLessThan", [semverType, semverType], boolType, (a: Semver, b: Semver) => compare(a, b) < 0),
    method("compareTo", [semverType, semverType], intType, (a: Semver, b: Semver) => BigInt(compare(a, b))),
    method("major", [semverType], intType, ({ numbers }: Semver) => BigInt.asIntN(64, numbers[0] ?? 0n)),
    method("minor", [semverType], intType, ({ numbers }: Semver) => BigInt.asIntN(64, numbers[1] ?? 0n)),
    method("patch", [semverType], intType, ({ numbers }: Semver) => BigInt.asIntN(64, numbers[2] ?? 0n)),
  ],
};
