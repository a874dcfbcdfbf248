import type { Comprehension, Expression } from "./ast.ts";
import type { Checked } from "./checker.ts";
import type { CelType } from "./types.ts";

/** The most that a request may hold, bytes; sizes that no schema bounds are bounded by it. Upstream: `MaxRequestSizeBytes`. */
export const requestBytesMax = 3 * 1024 * 1024;
const infinite = Number.MAX_SAFE_INTEGER;
const costs = { name: 1, list: 10, map: 30, struct: 40 } as const;

interface Estimate {
  readonly cost: number;
  /** The greatest size of the value. */
  readonly size: number;
}

/** The most one evaluation may cost, from the sizes that types allow. */
export function estimateCost(checked: Checked): number {
  return new Estimator(checked).of(checked.expression).cost;
}

class Estimator {
  readonly #checked: Checked;
  readonly #sizes = new Map<string, Estimate[]>();

  constructor(checked: Checked) {
    this.#checked = checked;
  }

  of(node: Expression): Estimate {
    switch (node.kind) {
      case "literal":
        return { cost: 0, size: literalSize(node.value) };
      case "identifier": {
        const local = this.#sizes.get(node.name)?.at(-1);
        return { cost: costs.name, size: local?.size ?? sizeOfType(this.#checked.typeOf(node)) };
      }
      case "select": {
        const named = this.#checked.references.has(node);
        const cost = (named ? 0 : this.of(node.operand).cost) + costs.name;
        return { cost, size: sizeOfType(this.#checked.typeOf(node)) };
      }
      case "call":
        return this.#call(node);
      case "list":
        return { cost: costs.list + this.#sum(node.elements.map(({ value }) => value)), size: node.elements.length };
      case "map":
        return {
          cost: costs.map + this.#sum(node.entries.flatMap(({ key, value }) => [key, value])),
          size: node.entries.length,
        };
      case "struct":
        return { cost: costs.struct + this.#sum(node.fields.map(({ value }) => value)), size: 1 };
      case "comprehension":
        return this.#comprehension(node);
    }
  }

  #sum(nodes: readonly Expression[]): number {
    return nodes.reduce((total, node) => bounded(total + this.of(node).cost), 0);
  }

  #call(node: Expression & { kind: "call" }): Estimate {
    const reference = this.#checked.references.get(node);
    const values = reference?.kind === "overloads" ? reference.values : node.arguments;
    const estimates = values.map((value) => this.of(value));
    const below = estimates.reduce((total, { cost }) => bounded(total + cost), 0);
    if (node.name === "_?_:_") {
      const [condition, yes, no] = estimates;
      return {
        cost: bounded((condition?.cost ?? 0) + Math.max(yes?.cost ?? 0, no?.cost ?? 0)),
        size: Math.max(yes?.size ?? 0, no?.size ?? 0),
      };
    }
    const sizes = estimates.map(({ size }) => size);
    const candidates = reference?.kind === "overloads" ? reference.candidates : [];
    const own = candidates.map((overload) => ({
      cost: overload.cost?.(sizes) ?? 1,
      size: overload.resultSize?.(sizes) ?? sizeOfType(this.#checked.typeOf(node)),
    }));
    return {
      cost: bounded(below + Math.max(0, ...own.map(({ cost }) => cost))),
      size: bounded(Math.max(1, ...own.map(({ size }) => size))),
    };
  }

  #comprehension(node: Comprehension): Estimate {
    const range = this.of(node.range);
    const initial = this.of(node.initial);
    const element = this.#elementSize(node.range);
    const inner = this.#with(node.variable, element, () =>
      this.#with(node.second ?? "", element, () =>
        this.#with(node.accumulator, initial, () => ({ condition: this.of(node.condition), step: this.of(node.step) })),
      ),
    );
    const grows =
      this.#checked.typeOf(node.initial).kind === "list" || this.#checked.typeOf(node.initial).kind === "map";
    const accumulated = { cost: 0, size: grows ? range.size : Math.max(initial.size, inner.step.size) };
    const result = this.#with(node.accumulator, accumulated, () => this.of(node.result));
    const loops = node.variable === "#unused" ? 0 : range.size;
    const loop = bounded(loops * (inner.condition.cost + inner.step.cost));
    return { cost: bounded(range.cost + initial.cost + loop + result.cost), size: result.size };
  }

  #elementSize(range: Expression): Estimate {
    const type = this.#checked.typeOf(range);
    const element = type.kind === "list" ? type.element : type.kind === "map" ? type.value : type;
    return { cost: 0, size: sizeOfType(element) };
  }

  #with<T>(name: string, estimate: Estimate, run: () => T): T {
    const known = this.#sizes.get(name) ?? [];
    known.push(estimate);
    this.#sizes.set(name, known);
    try {
      return run();
    } finally {
      known.pop();
    }
  }
}

function bounded(cost: number): number {
  return Math.min(cost, infinite);
}

function literalSize(value: unknown): number {
  if (typeof value === "string") return value.length;
  return value instanceof Uint8Array ? value.length : 1;
}

function sizeOfType(type: CelType): number {
  switch (type.kind) {
    case "string":
    case "bytes":
    case "dyn":
    case "list":
    case "map":
      return ("maxElements" in type ? type.maxElements : undefined) ?? requestBytesMax;
    default:
      return 1;
  }
}
