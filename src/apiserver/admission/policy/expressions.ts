import {
  type CelProgram,
  CelCostError,
  CelError,
  CelMap,
  type CelType,
  type Bindings,
  dynType,
  kubernetesEnvironment,
  type ObjectField,
  patchEnvironment,
  type StructProvider,
  typeText,
  type Value,
} from "../../../apimachinery/index.ts";
import { admissionVariables, type VariableOptions } from "../../../api/index.ts";

/** Units that the expressions of one policy may cost on one request; its match conditions have an account of their own. */
const budgetUnits = 10_000_000;
const conditionsBudgetUnits = 2_500_000;
export const outOfBudget =
  "validation failed due to running out of cost budget, no further validation rules will be run";

export interface CompiledExpression {
  readonly text: string;
  readonly program: CelProgram | undefined;
  readonly problem: string | undefined;
}

export interface ExpressionOptions extends VariableOptions {
  readonly structs?: StructProvider;
  /** Types of result that are fine, as texts; any when absent. What is only known when it runs is none of them. */
  readonly wanted?: readonly string[];
}

export function compileExpression(text: string, options: ExpressionOptions): CompiledExpression {
  const { structs, wanted } = options;
  const environment = structs === undefined ? kubernetesEnvironment : patchEnvironment;
  const compiled = environment.compile(text, {
    variables: admissionVariables(options),
    ...(structs === undefined ? {} : { structs }),
  });
  if (compiled.type === "error")
    return { text, program: undefined, problem: `${compiled.stage} failed: ${compiled.message}` };
  const result = typeText(compiled.program.resultType);
  if (wanted !== undefined && !wanted.includes(result)) {
    const [got = "", ...names] = [result, ...wanted].map((type) => (type === "null" ? "null_type" : type));
    const types = names.length === 1 ? names[0] : `one of [${names.join(" ")}]`;
    return { text, program: undefined, problem: `must evaluate to ${types} but got ${got}` };
  }
  return { text, program: compiled.program, problem: undefined };
}

/** Variables of a policy: each may use those before it. */
export interface CompiledVariables {
  readonly type: CelType;
  readonly expressions: ReadonlyMap<string, CompiledExpression>;
}

export function compileVariables(
  variables: readonly { readonly name: string; readonly expression: string }[],
  options: ExpressionOptions,
): CompiledVariables {
  const fields = new Map<string, ObjectField>();
  const expressions = new Map<string, CompiledExpression>();
  const typeNow = (): CelType => ({ kind: "object", name: "kubernetes.variables", fields: new Map(fields) });
  for (const { name, expression } of variables) {
    const compiled = compileExpression(expression, { ...options, variables: typeNow() });
    expressions.set(name, compiled);
    // What is not given is no variable.
    if (expression.trim() !== "") fields.set(name, { name, type: compiled.program?.resultType ?? dynType });
  }
  return { type: typeNow(), expressions };
}

/** What is left to spend. */
export class Budget {
  #left: number;
  constructor(units: number) {
    this.#left = units;
  }
  static ofPolicy(): Budget {
    return new Budget(budgetUnits);
  }
  static ofConditions(): Budget {
    return new Budget(conditionsBudgetUnits);
  }
  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new CelCostError(outOfBudget);
  }
}

/** The variable `variables`: each is evaluated when first used, and once. */
export class LazyVariables extends CelMap {
  override readonly typeName = "kubernetes.variables";
  readonly #compiled: CompiledVariables;
  readonly #bindings: Bindings;
  readonly #budget: Budget;
  readonly #made = new Map<string, Value | CelError>();

  constructor(compiled: CompiledVariables, bindings: (variables: CelMap) => Bindings, budget: Budget) {
    super();
    this.#compiled = compiled;
    this.#bindings = bindings(this);
    this.#budget = budget;
  }
  get size(): number {
    return this.#compiled.expressions.size;
  }
  keys(): readonly Value[] {
    return [...this.#compiled.expressions.keys()];
  }
  get(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.#made.get(key);
    if (known instanceof CelError) throw known;
    if (known !== undefined) return known;
    const compiled = this.#compiled.expressions.get(key);
    if (compiled === undefined) return undefined;
    return this.#evaluate(key, compiled);
  }

  #evaluate(name: string, { program, problem }: CompiledExpression): Value {
    if (program === undefined) {
      const failure = new CelError(`composited variable ${JSON.stringify(name)} fails to compile: ${problem ?? ""}`);
      this.#made.set(name, failure);
      throw failure;
    }
    try {
      const { value, cost } = program.evaluate(this.#bindings);
      this.#budget.spend(cost);
      this.#made.set(name, value);
      return value;
    } catch (error) {
      if (!(error instanceof CelError) || (error instanceof CelCostError && error.message === outOfBudget)) throw error;
      const wrapped = new CelError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`);
      this.#made.set(name, wrapped);
      throw wrapped;
    }
  }
}

export type Outcome =
  | { readonly type: "value"; readonly value: Value }
  | { readonly type: "error"; readonly message: string; readonly outOfBudget: boolean };

/** Evaluates; what goes wrong is worded as upstream words it. */
export function run({ text, program, problem }: CompiledExpression, bindings: Bindings, budget: Budget): Outcome {
  if (program === undefined)
    return { type: "error", message: `compilation error: ${problem ?? ""}`, outOfBudget: false };
  try {
    const { value, cost } = program.evaluate(bindings);
    budget.spend(cost);
    return { type: "value", value };
  } catch (error) {
    if (error instanceof CelCostError) {
      const stopped = error.message === outOfBudget;
      return { type: "error", message: stopped ? outOfBudget : failed(text, error), outOfBudget: stopped };
    }
    if (error instanceof CelError) return { type: "error", message: failed(text, error), outOfBudget: false };
    throw error;
  }
}

function failed(text: string, error: Error): string {
  return `expression '${text}' resulted in error: ${error.message}`;
}

export interface Condition {
  readonly name: string;
  readonly compiled: CompiledExpression;
}

/** All conditions together: one that is false decides, whatever fails. */
export function meetsConditions(
  conditions: readonly Condition[],
  bindings: Bindings,
  budget: Budget,
): { readonly matches: boolean; readonly problem: string | undefined } {
  const problems: string[] = [];
  for (const { name, compiled } of conditions) {
    const outcome = run(compiled, bindings, budget);
    if (outcome.type === "error" && outcome.outOfBudget) return { matches: false, problem: outcome.message };
    if (outcome.type === "error") problems.push(outcome.message);
    else if (outcome.value === false) return { matches: false, problem: undefined };
    else if (outcome.value !== true) problems.push(`match condition ${JSON.stringify(name)} must evaluate to a bool`);
  }
  const problem = problems.length === 0 ? undefined : problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  return { matches: problem === undefined, problem };
}
