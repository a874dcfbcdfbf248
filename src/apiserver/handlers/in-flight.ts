const mutatingMethods: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

export function isMutating(method: string): boolean {
  return mutatingMethods.has(method);
}

/** Counts the requests that are being answered, watches and streams left out. */
export class InFlight {
  #reading = 0;
  #mutating = 0;
  #readingPeak = 0;
  #mutatingPeak = 0;
  #idle: (() => void)[] = [];
  readonly #endReading = (): void => {
    this.#reading--;
    this.#ended();
  };
  readonly #endMutating = (): void => {
    this.#mutating--;
    this.#ended();
  };

  get reading(): number {
    return this.#reading;
  }

  get mutating(): number {
    return this.#mutating;
  }

  /** The returned function is called at the end of the request. */
  start(mutating: boolean): () => void {
    if (mutating) {
      if (++this.#mutating > this.#mutatingPeak) this.#mutatingPeak = this.#mutating;
      return this.#endMutating;
    }
    if (++this.#reading > this.#readingPeak) this.#readingPeak = this.#reading;
    return this.#endReading;
  }

  /** The highest counts since the last call. */
  takePeaks(): { readonly reading: number; readonly mutating: number } {
    const peaks = { reading: this.#readingPeak, mutating: this.#mutatingPeak };
    this.#readingPeak = this.#reading;
    this.#mutatingPeak = this.#mutating;
    return peaks;
  }

  /** Resolves when no request is being answered. */
  idle(): Promise<void> {
    if (this.#reading + this.#mutating === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #ended(): void {
    if (this.#idle.length === 0 || this.#reading + this.#mutating > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
