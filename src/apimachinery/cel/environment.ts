import type { Issue } from "./ast.ts";
import { check, type Checked, type Declarations } from "./checker.ts";
import { mentionsName } from "./children.ts";
import { estimateCost } from "./estimate.ts";
import { type Bindings, Evaluation } from "./evaluation.ts";
import type { Library, Overload, StructProvider } from "./functions.ts";
import { CelSyntaxError } from "./lexer.ts";
import { checkLiterals } from "./literal-checks.ts";
import { parse, type Syntax } from "./parser.ts";
import { plan } from "./plan.ts";
import type { CelType } from "./types.ts";
import { CelCostError, CelError, type Value } from "./values.ts";

/** Upstream: `PerCallLimit`, about a tenth of a second. */
export const perCallLimit = 1_000_000;

export interface EnvironmentOptions {
  readonly libraries: readonly Library[];
  /** `[1, "a"]` is an error. Default true, as in Kubernetes. */
  readonly homogeneousLiterals?: boolean;
  /** `cel.bind(x, 1, x + x)`. Default false, as nearly everywhere in Kubernetes. */
  readonly bindings?: boolean;
  /** Field names in backticks. Default false: upstream's version of the language has them turned off. */
  readonly quotedFields?: boolean;
}

export interface CompileOptions {
  readonly variables: ReadonlyMap<string, CelType>;
  /** Types that this expression may construct. */
  readonly structs?: StructProvider;
  /** Units that one evaluation may cost. Default `perCallLimit`. */
  readonly costLimit?: number;
}

export interface CelProgram {
  readonly resultType: CelType;
  /** The most that an evaluation can cost, as far as types and sizes tell. */
  readonly estimatedCost: number;
  /** Throws `CelError`, or `CelCostError` when it costs more than `costLimit` (default: the program's). */
  evaluate(bindings: Bindings, costLimit?: number): { readonly value: Value; readonly cost: number };
  /** The same, with what it cost where it failed, too. */
  attempt(bindings: Bindings): { readonly outcome: Value | CelError | CelCostError; readonly cost: number };
}

export type Compilation =
  | { readonly type: "program"; readonly program: CelProgram }
  /** `ERROR: <input>:1:6: undeclared reference to 'x' (in container '')` with the line and a mark below it. */
  | { readonly type: "error"; readonly stage: CompileStage; readonly message: string };

/** `program instantiation`: it is well-formed, but a conversion of a constant in it cannot be done. */
export type CompileStage = "compilation" | "program instantiation";

/** What expressions may use; made once, and used for many. */
export class CelEnvironment {
  readonly #overloads = new Map<string, Overload[]>();
  readonly #constants = new Map<string, { readonly type: CelType; readonly value: Value }>();
  readonly #structs: readonly StructProvider[];
  readonly #homogeneous: boolean;
  readonly #syntax: Syntax;

  constructor({ libraries, homogeneousLiterals = true, bindings = false, quotedFields = false }: EnvironmentOptions) {
    this.#syntax = { bindings, quotedFields };
    this.#homogeneous = homogeneousLiterals;
    this.#structs = libraries.flatMap(({ structs }) => structs ?? []);
    for (const { overloads, constants } of libraries) {
      for (const overload of overloads) {
        const known = this.#overloads.get(overload.name);
        if (known === undefined) this.#overloads.set(overload.name, [overload]);
        else known.push(overload);
      }
      for (const [name, constant] of constants ?? []) this.#constants.set(name, constant);
    }
  }

  compile(text: string, options: CompileOptions): Compilation {
    const checked = this.#check(text, options);
    if ("message" in checked) return failed("compilation", issueText(text, [checked]));
    const issues = checked.issues.length > 0 ? checked.issues : checkLiterals(checked, this.#homogeneous);
    if (issues.length > 0) return failed("compilation", issueText(text, issues));
    const structs = this.#provider(options.structs);
    const planned = instantiated(checked, structs);
    if (planned instanceof CelError) return failed("program instantiation", planned.message);
    const { run, slots } = planned;
    const { costLimit = perCallLimit } = options;
    let estimate: number | undefined;
    return {
      type: "program",
      program: {
        resultType: checked.typeOf(checked.expression),
        get estimatedCost() {
          estimate ??= estimateCost(checked, options.variables);
          return estimate;
        },
        evaluate(bindings, limit = costLimit) {
          const evaluation = new Evaluation(bindings, limit, slots);
          return { value: guarded(() => run(evaluation)), cost: evaluation.cost };
        },
        attempt(bindings) {
          const evaluation = new Evaluation(bindings, costLimit, slots);
          try {
            return { outcome: guarded(() => run(evaluation)), cost: evaluation.cost };
          } catch (error) {
            if (!(error instanceof CelError || error instanceof CelCostError)) throw error;
            return { outcome: error, cost: evaluation.cost };
          }
        },
      },
    };
  }

  #check(text: string, options: CompileOptions): Checked | Issue {
    try {
      return check(parse(text, this.#syntax), this.#declarations(options));
    } catch (error) {
      if (error instanceof CelSyntaxError) return { offset: error.offset, message: error.message };
      throw error;
    }
  }

  #declarations({ variables, structs }: CompileOptions): Declarations {
    const provider = this.#provider(structs);
    return {
      variable: (name) => variables.get(name),
      constant: (name) => this.#constants.get(name),
      overloads: (name) => this.#overloads.get(name) ?? [],
      struct: (name) => provider?.find(name),
    };
  }

  #provider(own: StructProvider | undefined): StructProvider | undefined {
    const all = own === undefined ? this.#structs : [own, ...this.#structs];
    if (all.length <= 1) return all[0];
    const find = (name: string) => all.find((provider) => provider.find(name) !== undefined);
    return {
      find: (name) => find(name)?.find(name),
      create: (type, fields) => {
        const provider = type.kind === "object" ? find(type.name) : undefined;
        return (provider ?? (all[0] as StructProvider)).create(type, fields);
      },
    };
  }
}

function failed(stage: CompileStage, message: string): Compilation {
  return { type: "error", stage, message };
}

function instantiated(checked: Checked, structs: StructProvider | undefined): ReturnType<typeof plan> | CelError {
  try {
    return plan(checked, structs);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}

/** What is too large or too deep for the machine is the expression's fault. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new CelError(error.message);
    throw error;
  }
}

/** As upstream shows where something is wrong. */
function issueText(text: string, issues: readonly Issue[]): string {
  return issues.map((issue) => oneIssue(text, issue)).join("\n");
}

function oneIssue(text: string, { offset, message }: Issue): string {
  // Where there is no text, upstream points before it and shows no line.
  if (text === "") return `ERROR: <input>:1:0: ${message}`;
  const before = [...text].slice(0, offset).join("");
  const line = before.split("\n").length;
  const column = [...(before.split("\n").at(-1) ?? "")].length;
  const shown = text.split("\n")[line - 1] ?? "";
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${shown.replaceAll("\t", " ")}\n | ${".".repeat(column)}^`;
}

/** Whether an expression speaks of a variable; false for what is no expression. */
export function mentionsVariable(text: string, name: string): boolean {
  try {
    return mentionsName(parse(text), name);
  } catch (error) {
    if (error instanceof CelSyntaxError) return false;
    throw error;
  }
}
