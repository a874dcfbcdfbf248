import { define, type Library, method, traverseFirst } from "../functions.ts";
import { boolType, intType, opaque, stringType } from "../types.ts";
import { CelError, OpaqueValue } from "../values.ts";

const semverType = opaque("kubernetes.Semver");
const strict =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

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

function parse(text: string): Semver | undefined {
  const match = strict.exec(text);
  if (match === null) return undefined;
  const [, major = "0", minor = "0", patch = "0", labels] = match;
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], labels === undefined ? [] : labels.split("."));
}

/** Takes a leading `v`, missing minor and patch, and leading zeros. */
function normalized(text: string): string {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*)?$/.exec(text);
  if (match === null) return text;
  const [, major = "0", minor = "0", patch = "0", rest = ""] = match;
  return `${BigInt(major)}.${BigInt(minor)}.${BigInt(patch)}${rest}`;
}

function need(text: string): Semver {
  const parsed = parse(text);
  if (parsed === undefined) throw new CelError(`invalid semver ${JSON.stringify(text)}`);
  return parsed;
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
const chosen = (text: string, normalize: boolean) => (normalize ? normalized(text) : text);

export const semverLibrary: Library = {
  overloads: [
    define("semver", [stringType], semverType, need, cost),
    define(
      "semver",
      [stringType, boolType],
      semverType,
      (text: string, normalize: boolean) => need(chosen(text, normalize)),
      cost,
    ),
    define("isSemver", [stringType], boolType, (text: string) => parse(text) !== undefined, cost),
    define(
      "isSemver",
      [stringType, boolType],
      boolType,
      (text: string, normalize: boolean) => parse(chosen(text, normalize)) !== undefined,
      cost,
    ),
    method("isGreaterThan", [semverType, semverType], boolType, (a: Semver, b: Semver) => compare(a, b) > 0),
    method("isLessThan", [semverType, semverType], boolType, (a: Semver, b: Semver) => compare(a, b) < 0),
    method("compareTo", [semverType, semverType], intType, (a: Semver, b: Semver) => BigInt(compare(a, b))),
    method("major", [semverType], intType, ({ numbers }: Semver) => numbers[0] ?? 0n),
    method("minor", [semverType], intType, ({ numbers }: Semver) => numbers[1] ?? 0n),
    method("patch", [semverType], intType, ({ numbers }: Semver) => numbers[2] ?? 0n),
  ],
};
