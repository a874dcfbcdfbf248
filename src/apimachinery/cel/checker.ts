import type { Call, Comprehension, Expression, Issue, MapLiteral, Select, StructLiteral } from "./ast.ts";
import type { Overload } from "./functions.ts";
import {
  boolType,
  type CelType,
  dynType,
  errorType,
  intType,
  listOf,
  mapOf,
  optionalOf,
  parameter,
  typeText,
} from "./types.ts";
import { assignable, atLeastAsGeneral, instantiate, type Substitution, substitute } from "./unify.ts";
import type { Value } from "./values.ts";

/** What names mean where an expression is compiled. */
export interface Declarations {
  variable(name: string): CelType | undefined;
  constant(name: string): { readonly type: CelType; readonly value: Value } | undefined;
  overloads(name: string): readonly Overload[];
  struct(name: string): CelType | undefined;
}

export type Reference =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "overloads"; readonly candidates: readonly Overload[]; readonly values: readonly Expression[] }
  | { readonly kind: "struct"; readonly type: CelType };

/** An expression whose types are known and whose names are resolved. */
export interface Checked {
  readonly expression: Expression;
  readonly typeOf: (node: Expression) => CelType;
  readonly references: ReadonlyMap<Expression, Reference>;
  readonly issues: readonly Issue[];
}

interface Scope {
  readonly name: string;
  readonly type: CelType;
  readonly outer: Scope | undefined;
}

export function check(expression: Expression, declarations: Declarations): Checked {
  return new Checker(declarations).run(expression);
}

class Checker {
  readonly #declarations: Declarations;
  readonly #types = new Map<Expression, CelType>();
  readonly #references = new Map<Expression, Reference>();
  readonly #issues: Issue[] = [];
  readonly #bindings: Substitution = new Map();
  #scope: Scope | undefined;
  #fresh = 0;

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  run(expression: Expression): Checked {
    this.#check(expression);
    const types = new Map(
      [...this.#types].map(([node, type]) => [node, substitute(this.#bindings, type, true)] as const),
    );
    const issues = this.#issues.toSorted((a, b) => a.offset - b.offset);
    return { expression, typeOf: (node) => types.get(node) ?? dynType, references: this.#references, issues };
  }

  #check(node: Expression): CelType {
    const type = this.#typeOf(node);
    this.#types.set(node, type);
    return type;
  }

  #typeOf(node: Expression): CelType {
    switch (node.kind) {
      case "literal":
        return node.type;
      case "identifier":
        return (
          this.#named(node, node.name) ??
          this.#issue(node, `undeclared reference to '${plain(node.name)}' (in container '')`)
        );
      case "select":
        return this.#select(node);
      case "call":
        return this.#call(node);
      case "list":
        return this.#list(node.elements);
      case "map":
        return this.#map(node);
      case "struct":
        return this.#struct(node);
      case "comprehension":
        return this.#comprehension(node);
    }
  }

  #issue(node: { readonly offset: number }, message: string): CelType {
    this.#issues.push({ offset: node.offset, message });
    return errorType;
  }

  #settle(type: CelType): CelType {
    return substitute(this.#bindings, type, false);
  }

  #variable(): CelType {
    return parameter(`_${this.#fresh++}`);
  }

  /** A variable, a constant or a type of that (dotted) name. */
  #named(node: Expression, name: string): CelType | undefined {
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) {
      if (scope.name !== name) continue;
      this.#references.set(node, { kind: "variable", name });
      return scope.type;
    }
    const bare = plain(name);
    const declared = this.#declarations.variable(bare);
    if (declared !== undefined) {
      this.#references.set(node, { kind: "variable", name: bare });
      return declared;
    }
    const constant = this.#declarations.constant(bare);
    if (constant === undefined) return undefined;
    this.#references.set(node, { kind: "constant", value: constant.value });
    return constant.type;
  }

  #select(node: Select): CelType {
    const dotted = node.test || node.optional ? undefined : dottedName(node);
    if (dotted !== undefined && !this.#isLocal(dotted)) {
      const named = this.#named(node, dotted);
      if (named !== undefined) return named;
    }
    const operand = this.#settle(this.#check(node.operand));
    const isOptional = operand.kind === "optional";
    const field = this.#field(isOptional ? this.#settle(operand.element) : operand, node);
    if (node.test) return boolType;
    if (!isOptional && !node.optional) return field;
    return field.kind === "optional" ? field : optionalOf(field);
  }

  #isLocal(dotted: string): boolean {
    const first = dotted.split(".")[0];
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) if (scope.name === first) return true;
    return false;
  }

  #field(operand: CelType, node: Select): CelType {
    switch (operand.kind) {
      case "dyn":
      case "error":
        return operand;
      case "parameter":
        return dynType;
      case "map":
        return operand.value;
      case "object": {
        if (operand.fields === undefined) return dynType;
        return operand.fields.get(node.field)?.type ?? this.#issue(node, `undefined field '${node.field}'`);
      }
      default:
        return this.#issue(node, unselectable(operand));
    }
  }

  #call(node: Call): CelType {
    const dotted = node.target === undefined ? undefined : dottedName(node.target);
    if (dotted !== undefined && !this.#isLocal(dotted)) {
      const name = `${plain(dotted)}.${node.name}`;
      const overloads = this.#declarations.overloads(name);
      if (overloads.length > 0) return this.#resolve(node, name, overloads, node.arguments, false);
    }
    const member = node.target !== undefined;
    const values = node.target === undefined ? node.arguments : [node.target, ...node.arguments];
    const overloads = this.#declarations.overloads(plain(node.name));
    if (overloads.length === 0) {
      for (const value of values) this.#check(value);
      return this.#issue(node, `undeclared reference to '${plain(node.name)}' (in container '')`);
    }
    if (node.name === "_&&_" || node.name === "_||_") return this.#logic(node, overloads, values);
    return this.#resolve(node, plain(node.name), overloads, values, member);
  }

  /** Each operand of `&&` and `||` is judged by itself. */
  #logic(node: Call, overloads: readonly Overload[], values: readonly Expression[]): CelType {
    for (const value of values) this.#expect(boolType, this.#check(value), value);
    this.#references.set(node, { kind: "overloads", candidates: overloads, values });
    return boolType;
  }

  #resolve(
    node: Call,
    name: string,
    overloads: readonly Overload[],
    values: readonly Expression[],
    member: boolean,
  ): CelType {
    const types = values.map((value) => this.#settle(this.#check(value)));
    if (types.some(({ kind }) => kind === "error")) return errorType;
    const candidates: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (overload.member !== member || overload.parameters.length !== types.length) continue;
      const suffix = String(this.#fresh++);
      const trial = new Map(this.#bindings);
      const fits = overload.parameters.every((formal, index) =>
        assignable(trial, instantiate(formal, suffix), types[index] ?? dynType),
      );
      if (!fits) continue;
      for (const [key, type] of trial) this.#bindings.set(key, type);
      candidates.push(overload);
      const own = substitute(this.#bindings, instantiate(overload.result, suffix), false);
      result = result === undefined || typeText(result) === typeText(own) ? own : dynType;
    }
    this.#references.set(node, { kind: "overloads", candidates, values });
    if (result !== undefined) return result;
    const texts = types.map((type) => typeText(substitute(this.#bindings, type, true)));
    const shown = member ? `${texts[0]}.(${texts.slice(1).join(", ")})` : `(${texts.join(", ")})`;
    return this.#issue(node, `found no matching overload for '${name}' applied to '${shown}'`);
  }

  #list(elements: readonly { readonly value: Expression; readonly optional: boolean }[]): CelType {
    let joined: CelType | undefined;
    for (const { value, optional } of elements) {
      joined = this.#join(joined, this.#element(value, optional));
    }
    return listOf(joined ?? this.#variable());
  }

  #map(node: MapLiteral): CelType {
    let keys: CelType | undefined;
    let values: CelType | undefined;
    for (const { key, value, optional } of node.entries) {
      keys = this.#join(keys, this.#check(key));
      values = this.#join(values, this.#element(value, optional));
    }
    return mapOf(keys ?? this.#variable(), values ?? this.#variable());
  }

  /** Of an element, or of what an optional one holds. */
  #element(value: Expression, optional: boolean): CelType {
    const type = this.#settle(this.#check(value));
    if (!optional || type.kind === "dyn" || type.kind === "error") return type;
    if (type.kind === "optional") return type.element;
    return this.#issue(value, `expected type 'optional_type(${typeText(type)})' but found '${typeText(type)}'`);
  }

  /** Elements of several types make a list of anything. */
  #join(joined: CelType | undefined, type: CelType): CelType {
    if (joined === undefined || joined.kind === "error") return type;
    if (assignable(this.#bindings, joined, type)) {
      return atLeastAsGeneral(this.#bindings, joined, type) ? joined : type;
    }
    return dynType;
  }

  #struct(node: StructLiteral): CelType {
    const type = this.#declarations.struct(plain(node.typeName));
    if (type === undefined) {
      for (const { value } of node.fields) this.#check(value);
      return this.#issue(node, `undeclared reference to '${plain(node.typeName)}' (in container '')`);
    }
    this.#references.set(node, { kind: "struct", type });
    for (const field of node.fields) {
      const actual = this.#element(field.value, field.optional);
      if (type.kind !== "object" || type.fields === undefined) continue;
      const wanted = type.fields.get(field.name)?.type;
      if (wanted === undefined) this.#issue(field, `undefined field '${field.name}'`);
      else if (!assignable(this.#bindings, wanted, actual)) {
        const found = typeText(this.#settle(actual));
        this.#issue(
          field,
          `expected type of field '${field.name}' is '${typeText(wanted)}' but provided type is '${found}'`,
        );
      }
    }
    return type;
  }

  #comprehension(node: Comprehension): CelType {
    const range = this.#settle(this.#check(node.range));
    const initial = this.#check(node.initial);
    const outer = this.#scope;
    const [first, second] = this.#loopTypes(range, node);
    const accumulated: Scope = { name: node.accumulator, type: initial, outer };
    this.#scope = { name: node.variable, type: first, outer: accumulated };
    if (node.second !== undefined) this.#scope = { name: node.second, type: second, outer: this.#scope };
    this.#check(node.condition);
    const step = this.#check(node.step);
    this.#expect(initial, step, node.step);
    this.#scope = accumulated;
    const result = this.#check(node.result);
    this.#scope = outer;
    return result;
  }

  #expect(wanted: CelType, found: CelType, node: Expression): void {
    const settled = this.#settle(found);
    if (settled.kind === "error" || assignable(this.#bindings, wanted, found)) return;
    this.#issue(node, `expected type '${typeText(this.#settle(wanted))}' but found '${typeText(settled)}'`);
  }

  #loopTypes(range: CelType, { second, range: node }: Comprehension): readonly [CelType, CelType] {
    switch (range.kind) {
      case "list":
        return second === undefined ? [range.element, dynType] : [intType, range.element];
      case "map":
        return [range.key, range.value];
      case "dyn":
      case "error":
      case "parameter":
        return [dynType, dynType];
      default: {
        const text = typeText(range);
        const error = this.#issue(
          node,
          `expression of type '${text}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [error, error];
      }
    }
  }
}

/** Kubernetes' own types are messages to the checker, which nobody resolves. */
function unselectable(operand: CelType): string {
  const isMessage = operand.kind === "opaque" && operand.name.startsWith("kubernetes.");
  if (isMessage) return `unexpected failed resolution of '${operand.name}'`;
  return `type '${typeText(operand)}' does not support field selection`;
}

/** Without the dot that says "from the top". */
function plain(name: string): string {
  return name.startsWith(".") ? name.slice(1) : name;
}

/** `a.b.c` when a node is nothing but names. */
function dottedName(node: Expression): string | undefined {
  if (node.kind === "identifier") return node.name;
  if (node.kind !== "select" || node.test || node.optional) return undefined;
  const before = dottedName(node.operand);
  return before === undefined ? undefined : `${before}.${node.field}`;
}
