import type { Clock } from "../../base/index.ts";
import type { DiagnosticsAnswer } from "../../component/index.ts";

export interface ProxyHealthOptions {
  readonly clock: Clock;
  readonly family: "IPv4" | "IPv6";
  /** A change that waits longer than this for its rules makes the proxy unhealthy. */
  readonly timeoutMs: number;
  readonly nodeEligible: () => boolean;
  /** Told of each answer. */
  readonly answered: (path: "healthz" | "livez", status: number) => void;
}

/** What a proxy says of itself. `/healthz` also tells load balancers whether its node will stay. */
export class ProxyHealth {
  readonly #options: ProxyHealthOptions;
  #updatedMs: number | undefined;
  #waitingSinceMs: number | undefined;

  constructor(options: ProxyHealthOptions) {
    this.#options = options;
  }

  /** There is something to write. */
  queued(): void {
    this.#waitingSinceMs ??= this.#options.clock.monotonic();
  }

  /** Everything is written. */
  updated(): void {
    this.#waitingSinceMs = undefined;
    this.#updatedMs = this.#options.clock.now();
  }

  /** The answer at `/healthz` or `/livez`; nothing is elsewhere. */
  answer(path: string): DiagnosticsAnswer | undefined {
    if (path !== "/healthz" && path !== "/livez") return undefined;
    const { clock, family, nodeEligible, answered } = this.#options;
    const healthy = this.#healthy;
    const eligible = path === "/healthz" ? nodeEligible() : undefined;
    const status = healthy && eligible !== false ? 200 : 503;
    answered(path === "/healthz" ? "healthz" : "livez", status);
    const stamp = (ms: number | undefined) => (ms === undefined ? "0001-01-01T00:00:00Z" : new Date(ms).toISOString());
    const lastUpdated = stamp(this.#updatedMs);
    const body = {
      // As of old: a proxy that is well is up to date now.
      lastUpdated: status === 200 ? stamp(clock.now()) : lastUpdated,
      currentTime: stamp(clock.now()),
      ...(eligible === undefined ? {} : { nodeEligible: eligible }),
      healthy,
      ...(this.#updatedMs === undefined ? {} : { status: { [family]: { lastUpdated, healthy } } }),
    };
    return { status, contentType: "application/json", body: JSON.stringify(body) };
  }

  /** One that has not written anything yet still starts. */
  get #healthy(): boolean {
    if (this.#updatedMs === undefined || this.#waitingSinceMs === undefined) return true;
    return this.#options.clock.monotonic() - this.#waitingSinceMs < this.#options.timeoutMs;
  }
}
