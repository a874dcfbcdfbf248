import type { Call, Comprehension, Expression, ListLiteral, MapLiteral, Select, StructLiteral } from "./ast.ts";
import type { Checked, Reference } from "./checker.ts";
import type { Evaluation } from "./evaluation.ts";
import { type Overload, sizeOf, type StructProvider, unfit } from "./functions.ts";
import { Constants, isKey } from "./constants.ts";
import { compilePattern } from "./regex.ts";
import type { CelType } from "./types.ts";
import { canonicalKey, CelError, CelMap, EntriesMap, isOf, Optional, typeNameOf, type Value } from "./values.ts";

/** One node, ready to run. */
export type Step = (evaluation: Evaluation) => Value;

/** Upstream: `common.go` of the checker. What is constant is made once, and costs nothing. */
const costs = { name: 1, list: 10, map: 30, struct: 40 } as const;

/** Turns a checked expression into closures. */
export function plan(checked: Checked, structs: StructProvider | undefined): { run: Step; slots: number } {
  const planner = new Planner(checked, structs);
  const run = planner.plan(checked.expression);
  return { run, slots: planner.slots };
}

const patterned = new Set(["matches", "find", "findAll"]);

interface Slot {
  readonly name: string;
  readonly index: number;
  readonly outer: Slot | undefined;
}

class Planner {
  readonly #checked: Checked;
  readonly #structs: StructProvider | undefined;
  readonly #constants: Constants;
  #scope: Slot | undefined;
  slots = 0;

  constructor(checked: Checked, structs: StructProvider | undefined) {
    this.#checked = checked;
    this.#structs = structs;
    this.#constants = new Constants(checked);
  }

  plan(node: Expression): Step {
    const constant = this.#constants.of(node);
    if (constant !== undefined) return given(constant.value);
    const step = this.#attribute(node);
    if (!this.#costsByItself(node)) return step;
    return (evaluation) => {
      evaluation.charge(costs.name);
      return step(evaluation);
    };
  }

  /** A variable with what is asked of it costs one more than is asked; has() alone is free. */
  #costsByItself(node: Expression): boolean {
    let at = node;
    for (let below = accessed(at); below !== undefined; below = accessed(at)) {
      if (this.#isVariable(at)) return true;
      at = below;
    }
    if (at === node) return this.#isVariable(node);
    return !(node.kind === "select" && node.test) && !isConditional(at);
  }

  #isVariable(node: Expression): boolean {
    return this.#checked.references.get(node)?.kind === "variable" || node.kind === "identifier";
  }

  /** As a part of something else: the variable itself is free there. */
  #attribute(node: Expression): Step {
    const reference = this.#checked.references.get(node);
    if (reference?.kind === "variable") return this.#variable(reference.name);
    switch (node.kind) {
      case "literal":
        return given(node.value);
      case "identifier":
        return this.#variable(node.name);
      case "select":
        return this.#select(node);
      case "call":
        return this.#call(node, reference);
      case "list":
        return this.#list(node);
      case "map":
        return this.#map(node);
      case "struct":
        return this.#struct(node, reference);
      case "comprehension":
        return this.#comprehension(node);
    }
  }

  #variable(name: string): Step {
    for (let slot = this.#scope; slot !== undefined; slot = slot.outer) {
      if (slot.name !== name) continue;
      const { index } = slot;
      return (evaluation) => evaluation.local(index);
    }
    return (evaluation) => evaluation.variable(name);
  }

  #select(node: Select): Step {
    const operand = this.#part(node.operand);
    const { field } = node;
    if (node.test) {
      return (evaluation) => {
        evaluation.charge(costs.name);
        return has(operand(evaluation), field);
      };
    }
    if (node.optional) {
      return (evaluation) => {
        evaluation.charge(costs.name);
        return optionalField(operand(evaluation), field);
      };
    }
    return (evaluation) => {
      const value = operand(evaluation);
      evaluation.charge(costs.name);
      if (value instanceof Optional) {
        if (value.value !== undefined && !(value.value instanceof CelMap)) throw new CelError(`no such key: ${field}`);
        return optionalField(value, field);
      }
      if (Array.isArray(value)) throw new CelError("unsupported index type 'string' in list");
      // What is no map has no keys either: null is asked for as much as an object is.
      const found = value instanceof CelMap ? value.get(field) : undefined;
      if (found === undefined) throw new CelError(`no such key: ${field}`);
      return found;
    };
  }

  #call(node: Call, reference: Reference | undefined): Step {
    const values = reference?.kind === "overloads" ? reference.values : node.arguments;
    const partly = isConditional(node) || isIndex(node);
    const steps = values.map((value, index) =>
      partly && !(index === 0 && isConditional(node)) ? this.#part(value) : this.plan(value),
    );
    const [first, second, third] = steps;
    if (first !== undefined) {
      if (node.name === "_?_:_" && second !== undefined && third !== undefined)
        return conditional(first, second, third);
      if (node.name === "_&&_" && second !== undefined) return logical(first, second, false);
      if (node.name === "_||_" && second !== undefined) return logical(first, second, true);
      if (node.name === "@not_strictly_false") return notStrictlyFalse(first);
      const among = node.name === "@in" ? this.#constants.choices(values[1], reference) : undefined;
      if (among !== undefined) return membership(first, among);
      if (
        (node.name === "or" || node.name === "orValue") &&
        second !== undefined &&
        this.#isOptionalMethod(reference)
      ) {
        return optionalElse(first, second, node.name === "orValue");
      }
    }
    if (patterned.has(node.name)) this.#compilePattern(values[1]);
    return dispatch(node.name, reference?.kind === "overloads" ? reference.candidates : [], steps);
  }

  /** Of a call that looks for a pattern. Throws `CelError` for a constant that is none. */
  #compilePattern(node: Expression | undefined): void {
    const pattern = node === undefined ? undefined : this.#constants.of(node)?.value;
    if (typeof pattern === "string") compilePattern(pattern);
  }

  /** What is accessed within another access, a branch of a condition: without the cost of the variable. */
  #part(node: Expression): Step {
    const constant = this.#constants.of(node);
    if (constant !== undefined) return given(constant.value);
    return this.#isVariable(node) || accessed(node) !== undefined ? this.#attribute(node) : this.plan(node);
  }

  #isOptionalMethod(reference: Reference | undefined): boolean {
    return reference?.kind === "overloads" && reference.candidates[0]?.parameters[0]?.kind === "optional";
  }

  #list(node: ListLiteral): Step {
    const elements = node.elements.map(({ value, optional }) => ({ step: this.plan(value), optional }));
    return (evaluation) => {
      evaluation.charge(costs.list);
      const list: Value[] = [];
      for (const { step, optional } of elements) {
        const value = optional ? inside(step(evaluation)) : step(evaluation);
        if (value !== undefined) list.push(value);
      }
      return list;
    };
  }

  #map(node: MapLiteral): Step {
    const entries = node.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    return (evaluation) => {
      evaluation.charge(costs.map);
      const map = new EntriesMap();
      for (const entry of entries) {
        const key = entry.key(evaluation);
        const value = entry.optional ? inside(entry.value(evaluation)) : entry.value(evaluation);
        if (value !== undefined) map.put(key, value);
      }
      return map;
    };
  }

  #struct(node: StructLiteral, reference: Reference | undefined): Step {
    const fields = node.fields.map(({ name, value, optional }) => ({ name, step: this.plan(value), optional }));
    const type = reference?.kind === "struct" ? reference.type : undefined;
    const structs = this.#structs;
    return (evaluation) => {
      evaluation.charge(costs.struct);
      if (type === undefined || structs === undefined) throw new CelError(`unknown type: ${node.typeName}`);
      const given = new Map<string, Value>();
      for (const { name, step, optional } of fields) {
        const value = optional ? inside(step(evaluation)) : step(evaluation);
        if (value !== undefined) given.set(name, value);
      }
      return structs.create(type, given);
    };
  }

  #comprehension(node: Comprehension): Step {
    const range = this.plan(node.range);
    const initial = this.plan(node.initial);
    const outer = this.#scope;
    const accumulator = this.#slot(node.accumulator);
    const variable = this.#slot(node.variable);
    const second = node.second === undefined ? undefined : this.#slot(node.second);
    const condition = this.plan(node.condition);
    const step = this.plan(node.step);
    this.#scope = { name: node.accumulator, index: accumulator, outer };
    const result = this.plan(node.result);
    this.#scope = outer;
    return (evaluation) => {
      const over = range(evaluation);
      evaluation.set(accumulator, initial(evaluation));
      for (const [one, two] of pairs(over, second !== undefined)) {
        evaluation.set(variable, one);
        if (second !== undefined) evaluation.set(second, two);
        if (condition(evaluation) === false) break;
        evaluation.attempt(accumulator, step);
      }
      return result(evaluation);
    };
  }

  #slot(name: string): number {
    const index = this.slots++;
    this.#scope = { name, index, outer: this.#scope };
    return index;
  }
}

function* pairs(range: Value, two: boolean): Generator<readonly [Value, Value]> {
  if (Array.isArray(range)) {
    const list = range as readonly Value[];
    for (const [index, item] of list.entries()) yield two ? [BigInt(index), item] : [item, null];
  } else if (range instanceof CelMap) {
    for (const key of range.keys()) yield [key, two ? (range.get(key) ?? null) : null];
  } else {
    const type = goTypeOf(range);
    throw new CelError(two ? `unsupported comprehension range type: ${type}` : `got '${type}', expected iterable type`);
  }
}

/** As Go names the types of values. */
function goTypeOf(value: Value): string {
  const name = typeNameOf(value);
  return goTypes[name] ?? name;
}

const goTypes: Readonly<Record<string, string>> = {
  null_type: "types.Null",
  bool: "types.Bool",
  int: "types.Int",
  uint: "types.Uint",
  double: "types.Double",
  string: "types.String",
  bytes: "types.Bytes",
  type: "*types.Type",
  optional_type: "*types.Optional",
  "google.protobuf.Timestamp": "types.Timestamp",
  "google.protobuf.Duration": "types.Duration",
};

function has(operand: Value, field: string): Value {
  if (operand instanceof Optional) return operand.value !== undefined && has(operand.value, field);
  return operand instanceof CelMap && operand.has(field);
}

function optionalField(operand: Value, field: string): Value {
  const value = operand instanceof Optional ? operand.value : operand;
  if (value === undefined) return Optional.none;
  const found = value instanceof CelMap ? value.get(field) : undefined;
  return found === undefined ? Optional.none : found instanceof Optional ? found : new Optional(found);
}

/** Of an element with a question mark. */
function inside(value: Value): Value | undefined {
  if (!(value instanceof Optional)) throw new CelError("cannot initialize optional entry from non-optional value");
  return value.value;
}

function conditional(condition: Step, yes: Step, no: Step): Step {
  return (evaluation) => {
    const value = condition(evaluation);
    if (typeof value !== "boolean") throw new CelError("no such overload");
    return value ? yes(evaluation) : no(evaluation);
  };
}

/** A constant; the empty list and map are what folds start from, so each has its own. */
function given(value: Value): Step {
  if (Array.isArray(value) && value.length === 0) return () => [];
  if (value instanceof EntriesMap && value.size === 0) return () => new EntriesMap();
  return () => value;
}

/** What a field or an element is taken from. */
function accessed(node: Expression): Expression | undefined {
  if (node.kind === "select") return node.operand;
  return isIndex(node) ? node.arguments[0] : undefined;
}

function isIndex(node: Expression): node is Call {
  return node.kind === "call" && (node.name === "_[_]" || node.name === "_[?_]");
}

function isConditional(node: Expression): node is Call {
  return node.kind === "call" && node.name === "_?_:_";
}

/** Looked up at once, so it costs nothing but its operand. */
function membership(item: Step, among: ReadonlySet<string>): Step {
  if (among.size === 0) return () => false;
  return (evaluation) => {
    const value = item(evaluation);
    return isKey(value) && among.has(canonicalKey(value));
  };
}

/** `&&` and `||`: an operand that decides makes the other's error moot. */
function logical(left: Step, right: Step, decides: boolean): Step {
  return (evaluation) => {
    const first = evaluation.outcome(left);
    if (first === decides) return decides;
    const second = evaluation.outcome(right);
    if (second === decides) return decides;
    for (const outcome of [first, second]) {
      if (outcome instanceof CelError) throw outcome;
      if (typeof outcome !== "boolean") throw new CelError("no such overload");
    }
    return !decides;
  };
}

function notStrictlyFalse(operand: Step): Step {
  return (evaluation) => {
    evaluation.charge(1);
    return evaluation.outcome(operand) !== false;
  };
}

/** `a.or(b)`, `a.orValue(b)`: b is not looked at when a has a value. */
function optionalElse(first: Step, second: Step, unwrap: boolean): Step {
  return (evaluation) => {
    const value = first(evaluation);
    // What is no optional is its own value.
    if (!(value instanceof Optional) && unwrap) return value;
    if (!(value instanceof Optional)) throw new CelError("no such overload");
    if (value.value !== undefined) return unwrap ? value.value : value;
    return second(evaluation);
  };
}

/** What is neither a list nor a map is asked for a key that it does not have. */
function unindexed([operand, key]: readonly Value[]): string {
  const indexed = Array.isArray(operand) || operand instanceof CelMap || operand instanceof Optional;
  return !indexed && (typeof key === "string" || typeof key === "bigint") ? `no such key: ${key}` : "no such overload";
}

function dispatch(name: string, candidates: readonly Overload[], steps: readonly Step[]): Step {
  const [only] = candidates;
  const certain = candidates.length === 1 && only !== undefined && !only.parameters.some(isLoose);
  return (evaluation) => {
    const values = operands(name, candidates, steps, evaluation);
    const overload =
      certain && fits(only, values)
        ? only
        : (candidates.find((candidate) => fits(candidate, values)) ??
          (name === "_[_]" && Array.isArray(values[0]) ? candidates.find(takesList) : undefined));
    if (overload === undefined) throw new CelError(name === "_[_]" ? unindexed(values) : unfit(name, values));
    evaluation.charge(overload.spent?.(values) ?? overload.cost?.(values.map(sizeOf)) ?? 1);
    return overload.call(values);
  };
}

/** All operands are evaluated, and the call paid for, even if one of them fails; the first failure is the call's. */
function operands(
  name: string,
  candidates: readonly Overload[],
  steps: readonly Step[],
  evaluation: Evaluation,
): readonly Value[] {
  const values: Value[] = [];
  try {
    for (const step of steps) values.push(step(evaluation));
    return values;
  } catch (failure) {
    if (!(failure instanceof CelError)) throw failure;
    for (const step of steps.slice(values.length + 1)) evaluation.outcome(step);
    if (!name.startsWith("_[")) evaluation.charge(candidates[0]?.cost?.(steps.map(() => 1)) ?? 1);
    throw failure;
  }
}

/** An index may be any number that is whole, if only evaluation shows its type. */
function takesList({ parameters }: Overload): boolean {
  return parameters[0]?.kind === "list";
}

function isLoose({ kind }: CelType): boolean {
  return kind === "dyn" || kind === "parameter";
}

function fits(overload: Overload, values: readonly Value[]): boolean {
  return overload.parameters.every((type, index) => isOf(values[index] ?? null, type));
}
