/** Demand for seats over one period. */
export interface ObservedDemand {
  readonly high: number;
  readonly average: number;
  readonly deviation: number;
}

/** Watches a number of seats: how high it rose, its average over time and its deviation from that. */
export class DemandIntegrator {
  #value = 0;
  #high = 0;
  #seconds = 0;
  #sum = 0;
  #squares = 0;

  /** The number has been what it is for so long. */
  passed(seconds: number): void {
    const value = this.#value;
    this.#seconds += seconds;
    this.#sum += value * seconds;
    this.#squares += value * value * seconds;
  }

  set(value: number): void {
    this.#value = value;
    if (value > this.#high) this.#high = value;
  }

  /** What was seen since the last call. */
  take(): ObservedDemand {
    const seconds = this.#seconds;
    const average = seconds > 0 ? this.#sum / seconds : this.#value;
    const variance = seconds > 0 ? this.#squares / seconds - average * average : 0;
    const observed = { high: this.#high, average, deviation: Math.sqrt(Math.max(0, variance)) };
    this.#high = this.#value;
    this.#seconds = 0;
    this.#sum = 0;
    this.#squares = 0;
    return observed;
  }
}

/** How slowly demand is forgotten: half of it in five minutes. */
const smoothing = 0.977;

/** Rises with demand at once and falls slowly. */
export function smoothed({ average, deviation }: ObservedDemand, before: number): number {
  const envelope = average + deviation;
  return Math.max(envelope, smoothing * before + (1 - smoothing) * envelope);
}
