import { Family } from "./family.ts";
import type { Sample } from "./metric.ts";

/** Only ever goes up. */
export class Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  increment(amount = 1): void {
    this.#value += amount;
  }
}

export class CounterFamily<Label extends string> extends Family<Counter, Label> {
  readonly type = "counter";

  protected create(): Counter {
    return new Counter();
  }

  protected *samplesOf(child: Counter, labels: string): Generator<Sample> {
    yield ["", labels, child.value];
  }
}
