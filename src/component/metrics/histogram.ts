import { assert } from "../../base/index.ts";
import { Family } from "./family.ts";
import type { LabelledOptions, Sample } from "./metric.ts";

export interface HistogramOptions<Label extends string> extends LabelledOptions<Label> {
  /** Upper bounds, ascending, without infinity. */
  readonly buckets: readonly number[];
}

/** Counts observations by size. */
export class Histogram {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Counts a value, or as many as there are of it. */
  observe(value: number, times = 1): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.#bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + times;
    this.#sum += value * times;
    this.#count += times;
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** How many observations are not larger than the bound of that index. */
  *cumulative(): Generator<number> {
    let total = 0;
    for (const count of this.#counts) {
      total += count;
      yield total;
    }
  }
}

export class HistogramFamily<Label extends string> extends Family<Histogram, Label> {
  readonly type = "histogram";
  readonly #bounds: Float64Array;

  constructor(options: HistogramOptions<Label>) {
    super(options);
    this.#bounds = Float64Array.from(options.buckets);
    assert(
      options.buckets.every((bound, index) => index === 0 || bound > (options.buckets[index - 1] ?? 0)),
      `the buckets of ${options.name} ascend`,
    );
  }

  protected create(): Histogram {
    return new Histogram(this.#bounds);
  }

  protected *samplesOf(child: Histogram, labels: string): Generator<Sample> {
    const prefix = labels === "" ? "" : `${labels},`;
    let index = 0;
    for (const count of child.cumulative()) {
      const bound = this.#bounds[index++];
      yield ["_bucket", `${prefix}le="${bound === undefined ? "+Inf" : formatBound(bound)}"`, count];
    }
    yield ["_sum", labels, child.sum];
    yield ["_count", labels, child.count];
  }
}

/** As Go prints a float, since queries name bounds by their text: `1e+06`. */
function formatBound(bound: number): string {
  const size = Math.abs(bound);
  return size >= 1e6 || (size !== 0 && size < 1e-4) ? goExponent(bound) : String(bound);
}

function goExponent(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

/** Those of Prometheus' client library, where upstream names none. Seconds, mostly. */
export const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `count` bounds from `start`, each `factor` times the one before; rounded step by step, as upstream's are. */
export function exponentialBuckets(start: number, factor: number, count: number): readonly number[] {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}

/** `count` bounds from `start`, each `width` above the one before. */
export function linearBuckets(start: number, width: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => start + width * index);
}
