import type { ComponentProbe } from "../../apiserver/index.ts";
import type { Runnable } from "../../base/index.ts";

/** Which components of this process run, for those who ask the API server for their statuses. */
export class ComponentHealth {
  readonly #running = new Set<string>();

  /** The same, counted as running while it does. */
  watch(part: Runnable): Runnable {
    const { name } = part;
    return {
      name,
      run: async (signal) => {
        this.#running.add(name);
        try {
          await part.run(signal);
        } finally {
          this.#running.delete(name);
        }
      },
    };
  }

  probe(name: string): ComponentProbe {
    return async () =>
      this.#running.has(name) ? { healthy: true, message: "ok" } : { healthy: false, message: `${name} does not run` };
  }
}
