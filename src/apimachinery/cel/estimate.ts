import type { Call, Comprehension, Expression, Select } from "./ast.ts";
import type { Checked } from "./checker.ts";
import type { CallEstimate, Operand, Overload } from "./functions.ts";
import { eitherSize, exactly, type Size, times, unknownSize } from "./sizes.ts";
import type { CelType } from "./types.ts";

const costs = { name: 1, call: 1, list: 10, map: 30, struct: 40 } as const;

/** Names and fields that lead to a value, from a variable on; `@items`, `@keys` and `@values` within lists and maps. */
type Path = readonly string[];

/** Of what a list or map holds. */
interface EntrySizes {
  readonly list: boolean;
  readonly key: Size;
  readonly value: Size;
}

interface Local {
  readonly path: Path | undefined;
  readonly size: Size | undefined;
  readonly entries: EntrySizes | undefined;
}

/**
 * The most one evaluation may cost, from the sizes that types allow. Definitions are refused by it, so it has to come
 * to upstream's figures. At most the greatest safe integer.
 */
export function estimateCost(checked: Checked, variables: ReadonlyMap<string, CelType>): number {
  return Math.min(new Estimator(checked, variables).cost(checked.expression), Number.MAX_SAFE_INTEGER);
}

class Estimator {
  readonly #checked: Checked;
  readonly #variables: ReadonlyMap<string, CelType>;
  readonly #paths = new Map<Expression, Path>();
  readonly #sizes = new Map<Expression, Size>();
  readonly #entries = new Map<Expression, EntrySizes>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked, variables: ReadonlyMap<string, CelType>) {
    this.#checked = checked;
    this.#variables = variables;
  }

  cost(node: Expression): number {
    switch (node.kind) {
      case "literal":
        return 0;
      case "identifier":
        return this.#name(node, node.name);
      case "select":
        return this.#select(node);
      case "call":
        return this.#call(node);
      case "list": {
        const values = node.elements.map(({ value }) => value);
        const cost = costs.list + this.#total(values);
        this.#entries.set(node, { list: true, key: exactly(1), value: this.#spread(values) });
        return cost;
      }
      case "map": {
        const [keys, values] = [node.entries.map(({ key }) => key), node.entries.map(({ value }) => value)];
        const cost = costs.map + this.#total(keys) + this.#total(values);
        this.#entries.set(node, { list: false, key: this.#spread(keys), value: this.#spread(values) });
        return cost;
      }
      case "struct":
        return costs.struct + this.#total(node.fields.map(({ value }) => value));
      case "comprehension":
        return isBinding(node) ? this.#binding(node) : this.#comprehension(node);
    }
  }

  #total(nodes: readonly Expression[]): number {
    return nodes.reduce((total, node) => total + this.cost(node), 0);
  }

  #spread(nodes: readonly Expression[]): Size {
    const sizes = nodes.map((node) => this.#size(node) ?? unknownSize);
    return sizes.length === 0 ? exactly(0) : sizes.reduce(eitherSize);
  }

  #name(node: Expression, name: string): number {
    const local = this.#locals.get(name)?.at(-1);
    const path = local === undefined ? [name] : local.path;
    if (path !== undefined) this.#paths.set(node, path);
    return costs.name;
  }

  #select(node: Select): number {
    const reference = this.#checked.references.get(node);
    if (reference?.kind === "variable") return this.#name(node, reference.name);
    if (reference?.kind === "constant") return this.#name(node, node.field);
    const below = this.cost(node.operand);
    if (node.test) return below;
    if (node.optional) return below + costs.call;
    this.#paths.set(node, [...(this.#path(node.operand) ?? []), node.field]);
    const { kind } = this.#checked.typeOf(node.operand);
    return below + (kind === "map" || kind === "object" ? costs.name : 0);
  }

  #call(node: Call): number {
    const reference = this.#checked.references.get(node);
    const values = reference?.kind === "overloads" ? reference.values : node.arguments;
    const candidates = reference?.kind === "overloads" ? reference.candidates : [];
    const [first, second, third] = values;
    const below = values.map((value) => this.cost(value));
    const sum = below.reduce((total, cost) => total + cost, 0);
    if (node.name === "dyn" && first !== undefined) {
      this.#keep(node, this.#size(first), this.#entriesOf(first));
      return sum + costs.call;
    }
    if (node.name === "_?_:_" && second !== undefined && third !== undefined) {
      const [condition = 0, yes = 0, no = 0] = below;
      const size = eitherSize(this.#size(second) ?? unknownSize, this.#size(third) ?? unknownSize);
      this.#keep(node, size, eitherEntries(this.#entriesOf(second), this.#entriesOf(third)));
      return condition + Math.max(yes, no);
    }
    if ((node.name === "_+_" || node.name === "@append") && first !== undefined && second !== undefined) {
      this.#keep(node, undefined, eitherEntries(this.#entriesOf(first), this.#entriesOf(second)));
    }
    if (node.name === "_[_]" && first !== undefined) {
      this.#index(node, first, candidates);
      return sum + costs.call;
    }
    return sum + this.#calls(node, candidates, values);
  }

  /** The dearest of the overloads that may be meant. */
  #calls(node: Call, candidates: readonly Overload[], values: readonly Expression[]): number {
    const operands = values.map((value) => this.#operand(value));
    let cost = 0;
    let size: Size | undefined;
    for (const overload of candidates) {
      const estimate = estimateOf(overload, operands);
      cost = Math.max(cost, estimate.cost);
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : eitherSize(size, estimate.size);
    }
    this.#keep(node, size, undefined);
    return cost;
  }

  #index(node: Call, operand: Expression, candidates: readonly Overload[]): void {
    for (const { parameters } of candidates) {
      const kind = parameters[0]?.kind;
      if (kind !== "list" && kind !== "map") continue;
      this.#paths.set(node, [...(this.#path(operand) ?? []), kind === "list" ? "@items" : "@values"]);
      this.#keep(node, this.#entriesOf(operand)?.value, undefined);
    }
  }

  #operand(node: Expression): Operand {
    const type = this.#checked.typeOf(node);
    const path = this.#path(node);
    return {
      type,
      size: this.#size(node) ?? unknownSize,
      elements: (path === undefined ? undefined : this.#sizeAt([...path, "@items"])) ?? unknownSize,
      whole: node.kind === "literal" && typeof node.value === "bigint" ? node.value : undefined,
    };
  }

  #comprehension(node: Comprehension): number {
    const before = this.cost(node.range) + this.cost(node.initial);
    this.#push(node.accumulator, this.#local(node.initial));
    const entries = this.#entriesOf(node.range);
    const path = this.#path(node.range) ?? [];
    const isList = entries?.list ?? this.#checked.typeOf(node.range).kind === "list";
    const keys = (part: string): Local => ({ path: [...path, part], size: entries?.key, entries: undefined });
    const held = (part: string): Local => ({ path: [...path, part], size: entries?.value, entries: undefined });
    if (node.second === undefined) this.#push(node.variable, isList ? held("@items") : keys("@keys"));
    else {
      this.#push(node.variable, isList ? { path: undefined, size: exactly(1), entries: undefined } : keys("@keys"));
      this.#push(node.second, held(isList ? "@items" : "@values"));
    }
    const each = this.cost(node.condition) + this.cost(node.step);
    for (const name of [node.variable, node.second]) if (name !== undefined) this.#locals.get(name)?.pop();
    const after = this.cost(node.result);
    this.#locals.get(node.accumulator)?.pop();
    const range = this.#size(node.range) ?? unknownSize;
    if (node.initial.kind === "literal") this.#keep(node, this.#size(node.initial), undefined);
    if (node.initial.kind === "list" || node.initial.kind === "map") {
      this.#keep(node, range, this.#entriesOf(node.step));
    }
    return before + after + times(range.max, each);
  }

  #binding(node: Comprehension): number {
    const before = this.cost(node.range) + this.cost(node.initial);
    this.#push(node.accumulator, this.#local(node.initial));
    const after = this.cost(node.result);
    const [size, entries] = [this.#size(node.result), this.#entriesOf(node.result)];
    this.#locals.get(node.accumulator)?.pop();
    this.#keep(node, size, entries);
    return before + after;
  }

  #local(node: Expression): Local {
    return { path: this.#path(node), size: this.#size(node), entries: this.#entriesOf(node) };
  }

  #push(name: string, local: Local): void {
    const known = this.#locals.get(name);
    if (known === undefined) this.#locals.set(name, [local]);
    else known.push(local);
  }

  #keep(node: Expression, size: Size | undefined, entries: EntrySizes | undefined): void {
    if (size !== undefined) this.#sizes.set(node, size);
    if (entries !== undefined) this.#entries.set(node, entries);
  }

  #path(node: Expression): Path | undefined {
    return this.#paths.get(node);
  }

  #entriesOf(node: Expression): EntrySizes | undefined {
    return (
      this.#entries.get(node) ?? (node.kind === "identifier" ? this.#locals.get(node.name)?.at(-1)?.entries : undefined)
    );
  }

  #size(node: Expression): Size | undefined {
    const known = this.#sizes.get(node) ?? writtenSize(node);
    if (known !== undefined) return known;
    const path = this.#path(node);
    const placed = path === undefined ? undefined : this.#sizeAt(path);
    if (placed !== undefined) return placed;
    if (isScalar(this.#checked.typeOf(node))) return exactly(1);
    return node.kind === "identifier" ? this.#locals.get(node.name)?.at(-1)?.size : undefined;
  }

  #sizeAt([first = "", ...rest]: Path): Size | undefined {
    let type = this.#root(first);
    for (const part of rest) type = type === undefined ? undefined : within(type, part);
    return type === undefined ? undefined : { min: 0, max: greatest(type) };
  }

  /** What has no name that is declared is taken for the first of the variables, as upstream takes it for `self`. */
  #root(name: string): CelType | undefined {
    const type = this.#variables.get(name);
    if (type !== undefined && type.kind !== "optional") return type;
    return this.#variables.get("self") ?? [...this.#variables.values()][0];
  }
}

function within(type: CelType, part: string): CelType | undefined {
  if (part === "@items" || part === "@values") {
    if (type.kind === "list") return type.element;
    return type.kind === "map" ? type.value : undefined;
  }
  if (part === "@keys") return type.kind === "map" ? type.key : undefined;
  return type.kind === "object" ? type.fields?.get(part)?.type : undefined;
}

/** Of a value at a place; what has no size counts as nothing there. */
function greatest(type: CelType): number {
  switch (type.kind) {
    case "string":
    case "bytes":
    case "dyn":
    case "list":
    case "map":
      return type.maxElements ?? Number.POSITIVE_INFINITY;
    default:
      return ("maxElements" in type ? type.maxElements : undefined) ?? 0;
  }
}

function estimateOf(overload: Overload, operands: readonly Operand[]): CallEstimate {
  if (overload.estimate !== undefined) return overload.estimate(operands);
  const sizes = operands.map(({ size }) => size);
  const cost = overload.cost?.(sizes.map(({ max }) => max)) ?? costs.call;
  return overload.resultSize === undefined ? { cost } : { cost, size: overload.resultSize(sizes) };
}

function eitherEntries(a: EntrySizes | undefined, b: EntrySizes | undefined): EntrySizes | undefined {
  if (a === undefined || b === undefined) return undefined;
  return { list: a.list, key: eitherSize(a.key, b.key), value: eitherSize(a.value, b.value) };
}

/** Of what stands in the expression itself. */
function writtenSize(node: Expression): Size | undefined {
  if (node.kind === "list") return exactly(node.elements.length);
  if (node.kind === "map") return exactly(node.entries.length);
  if (node.kind !== "literal") return undefined;
  if (typeof node.value === "string") return exactly([...node.value].length);
  return exactly(node.value instanceof Uint8Array ? node.value.length : 1);
}

function isScalar(type: CelType): boolean {
  if (type.kind === "optional") return isScalar(type.element);
  return ["bool", "double", "duration", "int", "timestamp", "uint"].includes(type.kind);
}

/** A name for a value, as `optMap` and `sortBy` make it: looped over once at most. */
function isBinding(node: Comprehension): boolean {
  return (
    node.range.kind === "list" &&
    node.range.elements.length === 0 &&
    node.condition.kind === "literal" &&
    node.condition.value === false &&
    node.accumulator !== "@result"
  );
}
