import { messageOf } from "../../base/index.ts";
import type { HealthObserver } from "./health-metrics.ts";

/** Resolves when healthy; rejects with the reason otherwise. The reason is logged, never shown. */
export type HealthCheck = () => Promise<void> | void;

export interface HealthAnswer {
  readonly status: number;
  readonly contentType: "text/plain; charset=utf-8";
  readonly body: string;
}

const onlyPing: ReadonlyMap<string, HealthCheck> = new Map([["ping", () => {}]]);

/** The failures of one answer, for the log. */
export interface HealthFailure {
  readonly endpoint: string;
  readonly check: string;
  readonly reason: string;
}

/**
 * The checks behind one endpoint, `healthz`, `livez` or `readyz`, with upstream's text: `ok`, the list of checks with
 * `?verbose` and whenever one fails, `?exclude=name`, and one check alone at `/readyz/name`. Without any it has `ping`.
 */
export class HealthChecks {
  readonly endpoint: string;
  readonly #named = new Map<string, HealthCheck>();
  readonly #onFailure: (failure: HealthFailure) => void;
  #observer: HealthObserver | undefined;

  constructor(endpoint: string, onFailure: (failure: HealthFailure) => void = () => {}) {
    this.endpoint = endpoint;
    this.#onFailure = onFailure;
  }

  /** Tells of every check from now on. */
  observedBy(observer: HealthObserver): void {
    this.#observer = observer;
  }

  get #checks(): ReadonlyMap<string, HealthCheck> {
    return this.#named.size === 0 ? onlyPing : this.#named;
  }

  /** Checks run in the order they were added. */
  add(name: string, check: HealthCheck): this {
    this.#named.set(name, check);
    return this;
  }

  /** Whether every check passes. */
  async healthy(): Promise<boolean> {
    for (const name of this.#checks.keys()) {
      if ((await this.#run(name)) !== undefined) return false;
    }
    return true;
  }

  /** Answers a request for the path, such as `/readyz` or `/readyz/ping`. `undefined` when there is nothing there. */
  async answer(path: string, query: URLSearchParams): Promise<HealthAnswer | undefined> {
    const [, endpoint, ...rest] = path.split("/");
    if (endpoint !== this.endpoint) return undefined;
    if (rest.length === 0) return this.#answerAll(query);
    const name = rest.join("/");
    if (!this.#checks.has(name)) return undefined;
    const reason = await this.#run(name);
    return reason === undefined ? text(200, "ok") : text(500, `internal server error: ${reason}\n`);
  }

  async #answerAll(query: URLSearchParams): Promise<HealthAnswer> {
    const excluded = new Set(query.getAll("exclude"));
    let list = "";
    let failed = false;
    for (const name of this.#checks.keys()) {
      if (excluded.delete(name)) {
        list += `[+]${name} excluded: ok\n`;
        continue;
      }
      const reason = await this.#run(name);
      if (reason !== undefined) failed = true;
      list += reason === undefined ? `[+]${name} ok\n` : `[-]${name} failed: reason withheld\n`;
    }
    if (excluded.size > 0) {
      const names = [...excluded]
        .toSorted()
        .map((name) => JSON.stringify(name))
        .join(",");
      list += `warn: some health checks cannot be excluded: no matches for ${names}\n`;
    }
    if (failed) return text(500, `${list}${this.endpoint} check failed\n`);
    return text(200, query.has("verbose") ? `${list}${this.endpoint} check passed\n` : "ok");
  }

  async #run(name: string): Promise<string | undefined> {
    try {
      await this.#checks.get(name)?.();
      this.#observer?.(name, this.endpoint, true);
      return undefined;
    } catch (error) {
      const reason = messageOf(error);
      this.#observer?.(name, this.endpoint, false);
      this.#onFailure({ endpoint: this.endpoint, check: name, reason });
      return reason;
    }
  }
}

function text(status: number, body: string): HealthAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}
