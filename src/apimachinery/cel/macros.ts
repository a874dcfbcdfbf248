import type { Comprehension, Expression } from "./ast.ts";
import { CelSyntaxError } from "./lexer.ts";
import { boolType, intType } from "./types.ts";

const accumulator = "@result";

/** Rewrites a call that is a macro; undefined when it is none. `bindings`: with `cel.bind`. */
export function expandMacro(
  name: string,
  target: Expression | undefined,
  values: readonly Expression[],
  offset: number,
  bindings: boolean,
): Expression | undefined {
  if (name === "bind" && !bindings) return undefined;
  if (target === undefined) return name === "has" && values.length === 1 ? has(values[0], offset) : undefined;
  const macro = macros[name];
  return macro?.(new Builder(name, target, values, offset));
}

function has(operand: Expression | undefined, offset: number): Expression {
  if (operand?.kind !== "select" || operand.test) {
    throw new CelSyntaxError(operand?.offset ?? offset, "invalid argument to has() macro");
  }
  return { ...operand, test: true, offset };
}

/** What a macro is made of: its parts by place, and the nodes it needs, all at the macro's offset. */
class Builder {
  readonly name: string;
  readonly target: Expression;
  readonly values: readonly Expression[];
  readonly offset: number;

  constructor(name: string, target: Expression, values: readonly Expression[], offset: number) {
    this.name = name;
    this.target = target;
    this.values = values;
    this.offset = offset;
  }

  get count(): number {
    return this.values.length;
  }
  at(index: number): Expression {
    const value = this.values[index];
    if (value === undefined) throw new CelSyntaxError(this.offset, "missing argument");
    return value;
  }
  variable(index: number): string {
    const value = this.at(index);
    if (value.kind !== "identifier" || value.name.startsWith(".")) {
      throw new CelSyntaxError(value.offset, this.#misnamed);
    }
    return value.name;
  }
  get #misnamed(): string {
    const optional = this.name === "optMap" || this.name === "optFlatMap";
    if (this.name === "map" || this.name === "filter") return "argument is not an identifier";
    return optional ? `${this.name}() variable name must be a simple identifier` : "argument must be a simple name";
  }
  literal(value: boolean | bigint): Expression {
    return { kind: "literal", value, type: typeof value === "boolean" ? boolType : intType, offset: this.offset };
  }
  call(name: string, ...values: Expression[]): Expression {
    return { kind: "call", name, target: undefined, arguments: values, offset: this.offset };
  }
  get accumulated(): Expression {
    return { kind: "identifier", name: accumulator, offset: this.offset };
  }
  identifier(name: string): Expression {
    return { kind: "identifier", name, offset: this.offset };
  }
  listOf(...values: Expression[]): Expression {
    return { kind: "list", elements: values.map((value) => ({ value, optional: false })), offset: this.offset };
  }
  get emptyMap(): Expression {
    return { kind: "map", entries: [], offset: this.offset };
  }
  /** `two`: over pairs; the variables are the first arguments. */
  fold(
    two: boolean,
    parts: { initial: Expression; condition?: Expression; step: Expression; result?: Expression },
  ): Comprehension {
    const variable = this.variable(0);
    const second = two ? this.variable(1) : undefined;
    if (second === variable) {
      throw new CelSyntaxError(this.at(1).offset, `duplicate variable name: ${variable}`);
    }
    return {
      kind: "comprehension",
      range: this.target,
      variable,
      second,
      accumulator,
      condition: this.literal(true),
      result: this.accumulated,
      ...parts,
      offset: this.offset,
    };
  }
  /** `name` stands for `value` within `body`. */
  bind(name: string, value: Expression, body: Expression): Comprehension {
    return {
      kind: "comprehension",
      range: this.listOf(),
      variable: "#unused",
      second: undefined,
      accumulator: name,
      initial: value,
      condition: this.literal(false),
      step: this.identifier(name),
      result: body,
      offset: this.offset,
    };
  }
}

type Macro = (builder: Builder) => Expression | undefined;

/** One variable and a predicate, or two and a predicate. */
function quantifier(make: (builder: Builder, predicate: Expression, two: boolean) => Expression): Macro {
  return (b) => (b.count === 2 || b.count === 3 ? make(b, b.at(b.count - 1), b.count === 3) : undefined);
}

const all = quantifier((b, predicate, two) =>
  b.fold(two, {
    initial: b.literal(true),
    condition: b.call("@not_strictly_false", b.accumulated),
    step: b.call("_&&_", b.accumulated, predicate),
  }),
);

const exists = quantifier((b, predicate, two) =>
  b.fold(two, {
    initial: b.literal(false),
    condition: b.call("@not_strictly_false", b.call("!_", b.accumulated)),
    step: b.call("_||_", b.accumulated, predicate),
  }),
);

const existsOne = quantifier((b, predicate, two) =>
  b.fold(two, {
    initial: b.literal(0n),
    step: b.call("_?_:_", predicate, b.call("_+_", b.accumulated, b.literal(1n)), b.accumulated),
    result: b.call("_==_", b.accumulated, b.literal(1n)),
  }),
);

/** Appends to the accumulator, under a condition or always. */
function collect(b: Builder, two: boolean, filter: Expression | undefined, element: Expression): Expression {
  const appended = b.call("@append", b.accumulated, b.listOf(element));
  return b.fold(two, {
    initial: b.listOf(),
    step: filter === undefined ? appended : b.call("_?_:_", filter, appended, b.accumulated),
  });
}

function insert(
  b: Builder,
  make: (accumulated: Expression, transform: Expression) => Expression,
): Expression | undefined {
  if (b.count !== 3 && b.count !== 4) return undefined;
  const inserted = make(b.accumulated, b.at(b.count - 1));
  return b.fold(true, {
    initial: b.emptyMap,
    step: b.count === 3 ? inserted : b.call("_?_:_", b.at(2), inserted, b.accumulated),
  });
}

function optionalMap(b: Builder, flat: boolean): Expression | undefined {
  if (b.count !== 2) return undefined;
  const method = (name: string): Expression => ({
    kind: "call",
    name,
    target: b.target,
    arguments: [],
    offset: b.offset,
  });
  const mapped = b.bind(b.variable(0), method("value"), b.at(1));
  return b.call("_?_:_", method("hasValue"), flat ? mapped : b.call("optional.of", mapped), b.call("optional.none"));
}

/** The list gets a name, as its keys are made of it and it is sorted by them. */
function sortedBy(b: Builder): Expression {
  if (!["list", "select", "identifier", "comprehension", "call"].includes(b.target.kind)) {
    throw new CelSyntaxError(
      b.target.offset,
      "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
    );
  }
  const name = "@__sortBy_input__";
  const keys: Comprehension = {
    ...b.fold(false, {
      initial: b.listOf(),
      step: b.call("@append", b.accumulated, b.listOf(b.at(1))),
    }),
    range: b.identifier(name),
  };
  const sorted: Expression = {
    kind: "call",
    name: "@sortByAssociatedKeys",
    target: b.identifier(name),
    arguments: [keys],
    offset: b.offset,
  };
  return b.bind(name, b.target, sorted);
}

const macros: Readonly<Record<string, Macro | undefined>> = Object.assign(Object.create(null) as object, {
  all,
  exists,
  exists_one: existsOne,
  existsOne,
  map: (b: Builder) => {
    if (b.count === 2) return collect(b, false, undefined, b.at(1));
    return b.count === 3 ? collect(b, false, b.at(1), b.at(2)) : undefined;
  },
  filter: (b: Builder) => (b.count === 2 ? collect(b, false, b.at(1), b.at(0)) : undefined),
  transformList: (b: Builder) => {
    if (b.count === 3) return collect(b, true, undefined, b.at(2));
    return b.count === 4 ? collect(b, true, b.at(2), b.at(3)) : undefined;
  },
  transformMap: (b: Builder) =>
    insert(b, (accumulated, value) => b.call("cel.@mapInsert", accumulated, b.identifier(b.variable(0)), value)),
  transformMapEntry: (b: Builder) => insert(b, (accumulated, entry) => b.call("cel.@mapInsert", accumulated, entry)),
  optMap: (b: Builder) => optionalMap(b, false),
  optFlatMap: (b: Builder) => optionalMap(b, true),
  sortBy: (b: Builder) => (b.count === 2 ? sortedBy(b) : undefined),
  bind: (b: Builder) =>
    b.count === 3 && b.target.kind === "identifier" && b.target.name === "cel"
      ? b.bind(b.variable(0), b.at(1), b.at(2))
      : undefined,
});
