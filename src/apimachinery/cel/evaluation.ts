import { CelCostError, CelError, type Value } from "./values.ts";

/** What the names of an expression stand for. `undefined`: there is nothing of that name. */
export type Bindings = (name: string) => Value | undefined;

/** One run of a program: its local variables, and what it has cost so far. */
export class Evaluation {
  readonly #bindings: Bindings;
  readonly #limit: number;
  readonly #locals: (Value | CelError)[];
  cost = 0;

  constructor(bindings: Bindings, limit: number, slots: number) {
    this.#bindings = bindings;
    this.#limit = limit;
    this.#locals = new Array<Value>(slots).fill(null);
  }

  charge(units: number): void {
    this.cost += units;
    if (this.cost > this.#limit) throw new CelCostError("operation cancelled: actual cost limit exceeded");
  }

  variable(name: string): Value {
    const value = this.#bindings(name);
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return value;
  }

  /** An accumulator may hold an error that a later step makes moot. */
  local(index: number): Value {
    const value = this.#locals[index];
    if (value instanceof CelError) throw value;
    return value ?? null;
  }

  set(index: number, value: Value): void {
    this.#locals[index] = value;
  }

  attempt(index: number, step: (evaluation: Evaluation) => Value): void {
    this.#locals[index] = this.outcome(step);
  }

  /** A value or the error instead of it. */
  outcome(step: (evaluation: Evaluation) => Value): Value | CelError {
    try {
      return step(this);
    } catch (error) {
      if (error instanceof CelError) return error;
      throw error;
    }
  }
}
