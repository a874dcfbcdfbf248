import { isAbort } from "./abort.ts";
import { messageOf } from "./errors.ts";
import type { Scope } from "./scope.ts";

/** Makes a scope. It closes by itself when the parent signal aborts or started work fails. */
export function createScope(parent?: AbortSignal): Scope {
  return new OwningScope(parent);
}

class OwningScope implements Scope {
  readonly #controller = new AbortController();
  readonly #failed = Promise.withResolvers<void>();
  readonly #releases: (() => void | Promise<void>)[] = [];
  readonly #work = new Set<Promise<void>>();
  readonly #late: Promise<void>[] = [];
  readonly #failures: unknown[] = [];
  readonly #parent: AbortSignal | undefined;
  #closing: Promise<void> | undefined;

  constructor(parent: AbortSignal | undefined) {
    this.#parent = parent;
    this.#failed.promise.catch(() => {});
    if (parent?.aborted === true) this.#closeQuietly();
    else parent?.addEventListener("abort", this.#closeQuietly, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  own<T>(resource: T, release: (resource: T) => void | Promise<void>): T {
    if (this.#closing === undefined) this.#releases.push(() => release(resource));
    else this.#late.push(this.#release(() => release(resource)));
    return resource;
  }

  start(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.#closing !== undefined) return;
    const running: Promise<void> = this.#run(name, work).finally(() => this.#work.delete(running));
    this.#work.add(running);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  readonly #closeQuietly = (): void => {
    // Whoever calls `close` later gets the same promise, failures included.
    this.close().catch(() => {});
  };

  async #run(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(this.signal);
    } catch (error) {
      if (this.signal.aborted && isAbort(error, this.signal)) return;
      const failure = new Error(`${name}: ${messageOf(error)}`, { cause: error });
      this.#failures.push(failure);
      this.#failed.reject(failure);
      this.#closeQuietly();
    }
  }

  async #close(): Promise<void> {
    this.#parent?.removeEventListener("abort", this.#closeQuietly);
    this.#controller.abort();
    // Work ends before what it may be using is released.
    await Promise.all(this.#work);
    for (let release = this.#releases.pop(); release !== undefined; release = this.#releases.pop()) {
      await this.#release(release);
    }
    await Promise.all(this.#late);
    this.#failed.resolve();
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, this.#failures.map(messageOf).join("; "));
  }

  async #release(release: () => void | Promise<void>): Promise<void> {
    try {
      await release();
    } catch (error) {
      this.#failures.push(error);
    }
  }
}
