import { createScope, type Runnable } from "../../base/index.ts";

export interface RunGroupMember {
  readonly runnable: Runnable;
  /** The next member starts only when this resolves. Without it, at once. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs parts together: started in order, stopped in reverse order, each stopped only when those that came after it
 * have ended. The first failure, or the first part that ends by itself, stops all.
 */
export class RunGroup implements Runnable {
  readonly name: string;
  readonly #members: readonly RunGroupMember[];

  constructor(name: string, members: readonly RunGroupMember[]) {
    this.name = name;
    this.#members = members;
  }

  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const scopes: ReturnType<typeof createScope>[] = [];
    const failures: unknown[] = [];
    const stop = (): void => ended.abort();
    if (signal.aborted) return;
    signal.addEventListener("abort", stop, { once: true });
    for (const { runnable, ready } of this.#members) {
      if (ended.signal.aborted) break;
      const scope = createScope();
      scopes.push(scope);
      scope.start(runnable.name, (own) => runnable.run(own).finally(stop));
      await ready?.(ended.signal).catch((error: unknown) => {
        // Being stopped while waiting is not a failure of the one that was waited for.
        if (!ended.signal.aborted) failures.push(error);
        stop();
      });
    }
    if (!ended.signal.aborted)
      await new Promise((resolve) => ended.signal.addEventListener("abort", resolve, { once: true }));
    signal.removeEventListener("abort", stop);
    for (let scope = scopes.pop(); scope !== undefined; scope = scopes.pop()) {
      await scope
        .close()
        .catch((error: unknown) => failures.push(...(error instanceof AggregateError ? error.errors : [error])));
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${this.name}: ${failures.length} parts failed`);
  }
}
