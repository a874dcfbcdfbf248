import type { Lease } from "../../api/index.ts";
import { type Clock, isAbort, type Log, messageOf, type Random, type Runnable, withTimeout } from "../../base/index.ts";
import type { Client, ResourceClient } from "../contract.ts";
import { orNotFound } from "../retry.ts";
import { type ElectionConfig, type ElectionState, electionStep, initialElectionState, releasedLease } from "./step.ts";

export interface LeaderElectorOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly namespace: string;
  readonly leaseName: string;
  readonly identity: string;
  /** Upstream's defaults: 15 s, 10 s, 2 s. */
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  /** Gives the lease back at a regular end. Default true. */
  readonly releaseOnCancel?: boolean;
  /** The work of the leader. Its signal aborts when leadership is lost or the elector is stopped. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly onNewLeader?: (identity: string) => void;
}

/** Leadership could not be renewed in time. The process should end and start afresh. */
export class LeadershipLostError extends Error {
  constructor(lease: string) {
    super(`leader election lost: ${lease}`);
    this.name = "LeadershipLostError";
  }
}

const leases = { group: "coordination.k8s.io", version: "v1", resource: "leases" };
/** Candidates wait up to so much longer than the retry period, to keep apart. */
const jitterFactor = 1.2;

/** Runs work while holding a Lease. */
export class LeaderElector implements Runnable {
  readonly name: string;
  readonly #options: LeaderElectorOptions;
  readonly #config: ElectionConfig;
  readonly #leases: ResourceClient<Lease>;
  #state: ElectionState = initialElectionState;
  #holder = "";
  #held: Lease | undefined;

  constructor(options: LeaderElectorOptions) {
    this.name = `leader-election/${options.leaseName}`;
    this.#options = options;
    this.#config = {
      identity: options.identity,
      leaseDurationMs: options.leaseDurationMs ?? 15_000,
      renewDeadlineMs: options.renewDeadlineMs ?? 10_000,
      retryPeriodMs: options.retryPeriodMs ?? 2_000,
    };
    this.#leases = options.client.resource<Lease>(leases).namespace(options.namespace);
  }

  get isLeader(): boolean {
    return this.#holder === this.#config.identity;
  }

  /** Throws when the leader has not renewed its lease for so long after its end that its process should die. */
  check(toleratedMs: number): void {
    const { clock, leaseName } = this.#options;
    if (!this.isLeader) return;
    const sinceMs = clock.monotonic() - this.#state.observedAtMs;
    if (sinceMs > this.#config.leaseDurationMs + toleratedMs) {
      throw new Error(`failed election to renew leadership on lease ${leaseName}`);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    const { lead, log, leaseName, releaseOnCancel = true } = this.#options;
    log.info("Successfully acquired lease", { lease: leaseName });
    const controller = new AbortController();
    const work = lead(AbortSignal.any([signal, controller.signal]));
    try {
      const lost = await Promise.race([this.#renewUntilLost(signal), work.then(() => false)]);
      if (lost) throw new LeadershipLostError(leaseName);
    } finally {
      controller.abort();
      await work.catch(() => {});
      if (releaseOnCancel) await this.#release();
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      if (await this.#try(signal)) return true;
      const delay = this.#config.retryPeriodMs * (1 + jitterFactor * random.next());
      await clock.sleep(delay, signal).catch(() => {});
    }
    return false;
  }

  /** True when leadership was lost, false when the signal ended it. */
  async #renewUntilLost(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    let renewedAt = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(this.#config.retryPeriodMs, signal).catch(() => {});
      if (signal.aborted) break;
      if (await this.#try(signal)) renewedAt = clock.monotonic();
      else if (clock.monotonic() - renewedAt >= this.#config.renewDeadlineMs) return true;
    }
    return false;
  }

  async #try(signal: AbortSignal): Promise<boolean> {
    const { clock, log, leaseName } = this.#options;
    try {
      return await withTimeout(clock, this.#config.renewDeadlineMs, (inner) => this.#tryOnce(inner), signal);
    } catch (error) {
      if (!isAbort(error, signal))
        log.warn("Failed to get or renew lease", { lease: leaseName, error: messageOf(error) });
      return false;
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    const { clock, leaseName, namespace } = this.#options;
    const current = await orNotFound(this.#leases.get(leaseName, { signal }));
    const now = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
    const step = electionStep(this.#state, current?.spec, now, this.#config);
    this.#state = step.state;
    if (step.kind === "wait") {
      this.#observeHolder(step.holder);
      return false;
    }
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: leaseName, namespace },
      spec: step.spec,
    };
    this.#held =
      current === undefined
        ? await this.#leases.create(lease, { signal })
        : await this.#leases.update({ ...lease, metadata: current.metadata }, { signal });
    this.#state = { observed: JSON.stringify(this.#held.spec), observedAtMs: clock.monotonic() };
    this.#observeHolder(this.#config.identity);
    return true;
  }

  #observeHolder(holder: string): void {
    if (holder === this.#holder) return;
    this.#holder = holder;
    this.#options.onNewLeader?.(holder);
  }

  async #release(): Promise<void> {
    const held = this.#held;
    if (held === undefined || !this.isLeader) return;
    this.#holder = "";
    const { clock, log } = this.#options;
    const spec = releasedLease(held.spec, clock.now());
    await this.#leases.update({ ...held, spec }).catch((error: unknown) => {
      log.debug("Failed to release lease", { error: messageOf(error) });
    });
  }
}
