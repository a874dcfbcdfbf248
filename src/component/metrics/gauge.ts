import { Family } from "./family.ts";
import type { Sample } from "./metric.ts";

/** Goes up and down. */
export class Gauge {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    this.#value = value;
  }

  increment(amount = 1): void {
    this.#value += amount;
  }

  decrement(amount = 1): void {
    this.#value -= amount;
  }
}

export class GaugeFamily<Label extends string> extends Family<Gauge, Label> {
  readonly type = "gauge";

  protected create(): Gauge {
    return new Gauge();
  }

  protected *samplesOf(child: Gauge, labels: string): Generator<Sample> {
    yield ["", labels, child.value];
  }
}
