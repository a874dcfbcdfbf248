import type { Expression, ListLiteral, MapLiteral } from "./ast.ts";
import type { Checked, Reference } from "./checker.ts";
import { unfit } from "./functions.ts";
import { canonicalKey, CelError, EntriesMap, isOf, Uint, type Value } from "./values.ts";

/** A value that stands in the expression itself. */
interface Constant {
  readonly value: Value;
}

/** Conversions of constants are constants. */
const conversions = new Set([
  "bool",
  "bytes",
  "double",
  "duration",
  "dyn",
  "int",
  "string",
  "timestamp",
  "type",
  "uint",
]);

/** The parts of an expression that are the same whatever it is asked about; as cel-go, these and no others. */
export class Constants {
  readonly #checked: Checked;
  readonly #known = new Map<Expression, Constant | undefined>();

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  /** Throws `CelError` for a conversion that cannot be done. */
  of(node: Expression): Constant | undefined {
    if (this.#known.has(node)) return this.#known.get(node);
    const constant = this.#find(node);
    this.#known.set(node, constant);
    return constant;
  }

  #find(node: Expression): Constant | undefined {
    const reference = this.#checked.references.get(node);
    if (reference?.kind === "constant") return { value: reference.value };
    switch (node.kind) {
      case "literal":
        return { value: node.value };
      case "list":
        return this.#list(node);
      case "map":
        return this.#map(node);
      case "call":
        return conversions.has(node.name) ? this.#converted(node.name, reference) : undefined;
      default:
        return undefined;
    }
  }

  #list({ elements }: ListLiteral): Constant | undefined {
    const list: Value[] = [];
    for (const { value, optional } of elements) {
      const constant = optional ? undefined : this.of(value);
      if (constant === undefined) return undefined;
      list.push(constant.value);
    }
    return { value: list };
  }

  #map({ entries }: MapLiteral): Constant | undefined {
    const map = new EntriesMap();
    for (const entry of entries) {
      const [key, value] = entry.optional ? [] : [this.of(entry.key), this.of(entry.value)];
      // What is no key is left for the evaluation to fail on.
      if (key === undefined || value === undefined || !isKey(key.value)) return undefined;
      map.put(key.value, value.value);
    }
    return { value: map };
  }

  #converted(name: string, reference: Reference | undefined): Constant | undefined {
    const [value] = reference?.kind === "overloads" && reference.values.length === 1 ? reference.values : [];
    const constant = value === undefined ? undefined : this.of(value);
    if (constant === undefined || reference?.kind !== "overloads") return undefined;
    const overload = reference.candidates.find(({ parameters: [type] }) => type && isOf(constant.value, type));
    if (overload === undefined) throw new CelError(unfit(name, [constant.value]));
    return { value: overload.call([constant.value]) };
  }

  /** The elements of a constant list that `in` looks into, if all may be keys. */
  choices(node: Expression | undefined, reference: Reference | undefined): ReadonlySet<string> | undefined {
    const candidates = reference?.kind === "overloads" ? reference.candidates : [];
    if (node === undefined || candidates.length !== 1 || candidates[0]?.parameters[1]?.kind !== "list")
      return undefined;
    const value = this.of(node)?.value;
    if (!Array.isArray(value)) return undefined;
    const list = value as readonly Value[];
    return list.every(isKey) ? new Set(list.map(canonicalKey)) : undefined;
  }
}

/** Numbers, texts and booleans; not a number that equals nothing. */
export function isKey(value: Value): boolean {
  if (typeof value === "number") return !Number.isNaN(value);
  return typeof value === "string" || typeof value === "bigint" || typeof value === "boolean" || value instanceof Uint;
}
