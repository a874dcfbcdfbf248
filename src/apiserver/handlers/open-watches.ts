/** What can be told to end early. */
export interface Finishable {
  finish(): void;
}

/** The watches being served, so that they can be ended when the server is. */
export class OpenWatches {
  readonly #watches = new Set<Finishable>();
  #finished = false;

  get size(): number {
    return this.#watches.size;
  }

  add(watch: Finishable): void {
    this.#watches.add(watch);
    if (this.#finished) queueMicrotask(() => watch.finish());
  }

  delete(watch: Finishable): void {
    this.#watches.delete(watch);
  }

  /** Ends all of them, and those that still come. */
  finish(): void {
    this.#finished = true;
    for (const watch of [...this.#watches]) watch.finish();
  }
}
