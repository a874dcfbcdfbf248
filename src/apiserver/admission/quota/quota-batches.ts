import type { ResourceQuota } from "../../../api/index.ts";
import { newInternalError, parseQuantity, type Quantity } from "../../../apimachinery/index.ts";
import { type Clock, TimeoutError, withTimeout } from "../../../base/index.ts";
import type { AdmissionAttributes } from "../contract.ts";

/** How often the status of a quota is written anew after somebody else was faster. */
const retries = 3;
const waitMsMax = 10_000;

/** What a request leaves of the quotas, by their names; throws a refusal. Quotas that it does not touch are missing. */
export type Judge = (
  quotas: readonly ResourceQuota[],
  attributes: AdmissionAttributes,
) => ReadonlyMap<string, Readonly<Record<string, Quantity>>>;

export interface QuotaStore {
  /** The newest that is known of a namespace's quotas. */
  list(namespace: string): readonly ResourceQuota[];
  /** Waits until the cache has seen what is committed. */
  refresh(namespace: string): Promise<readonly ResourceQuota[]>;
  /** False when somebody else has written it meanwhile. */
  writeUsed(quota: ResourceQuota, attributes: AdmissionAttributes): Promise<boolean>;
}

interface Waiter {
  readonly attributes: AdmissionAttributes;
  settled: boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Charges requests to the quotas of their namespace. What waits while a status is written shares the next write; two
 * servers over one store cannot both hand out the last of something. Upstream: `quotaEvaluator`.
 */
export class QuotaBatches {
  readonly #store: QuotaStore;
  readonly #judge: Judge;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiter[]>();
  readonly #busy = new Set<string>();

  constructor(store: QuotaStore, judge: Judge, clock: Clock) {
    this.#store = store;
    this.#judge = judge;
    this.#clock = clock;
  }

  /** Resolves when the request is charged; rejects with the refusal. */
  async charge(attributes: AdmissionAttributes): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { namespace } = attributes;
    const waiting = this.#waiting.get(namespace) ?? [];
    waiting.push({ attributes, settled: false, resolve, reject });
    this.#waiting.set(namespace, waiting);
    this.#work(namespace).catch(reject);
    try {
      await withTimeout(this.#clock, waitMsMax, () => promise);
    } catch (error) {
      throw error instanceof TimeoutError ? newInternalError("resource quota evaluation timed out") : error;
    }
  }

  async #work(namespace: string): Promise<void> {
    if (this.#busy.has(namespace)) return;
    this.#busy.add(namespace);
    try {
      for (;;) {
        const batch = this.#waiting.get(namespace);
        if (batch === undefined) return;
        this.#waiting.delete(namespace);
        await this.#settle(namespace, batch);
      }
    } finally {
      this.#busy.delete(namespace);
    }
  }

  /** Every waiter is settled when this resolves. */
  async #settle(namespace: string, batch: readonly Waiter[]): Promise<void> {
    try {
      let quotas = this.#store.list(namespace);
      for (let attempt = 0; attempt <= retries; attempt++) {
        const lost = await this.#check(quotas, batch);
        if (lost.size === 0) break;
        // What other quotas were charged stays charged: only the lost ones are looked at again.
        quotas = (await this.#store.refresh(namespace)).filter(({ metadata }) => lost.has(metadata.name ?? ""));
      }
      const late = newInternalError("the resource quota could not be updated: it was changed too often meanwhile");
      for (const waiter of batch) settle(waiter, late);
    } catch (error) {
      for (const waiter of batch) settle(waiter, error);
    }
  }

  /** The names of the quotas whose status could not be written; none when all waiters are settled. */
  async #check(quotas: readonly ResourceQuota[], batch: readonly Waiter[]): Promise<ReadonlySet<string>> {
    let running = quotas;
    let charged: AdmissionAttributes | undefined;
    for (const waiter of batch) {
      if (waiter.settled) continue;
      try {
        const used = this.#judge(running, waiter.attributes);
        if (used.size === 0 || waiter.attributes.dryRun) settle(waiter);
        else {
          charged ??= waiter.attributes;
          running = running.map((quota) => withUsed(quota, used.get(quota.metadata.name ?? "")));
        }
      } catch (error) {
        settle(waiter, error);
      }
    }
    const lost = new Set<string>();
    for (const [index, quota] of running.entries()) {
      if (charged === undefined || quota === quotas[index]) continue;
      if (!(await this.#store.writeUsed(quota, charged))) lost.add(quota.metadata.name ?? "");
    }
    if (lost.size === 0) for (const waiter of batch) settle(waiter);
    return lost;
  }
}

function settle(waiter: Waiter, refusal?: unknown): void {
  if (waiter.settled) return;
  waiter.settled = true;
  if (refusal === undefined) waiter.resolve();
  else waiter.reject(refusal);
}

function withUsed(quota: ResourceQuota, used: Readonly<Record<string, Quantity>> | undefined): ResourceQuota {
  if (used === undefined) return quota;
  const texts = Object.fromEntries(Object.entries(used).map(([name, amount]) => [name, amount.toString()]));
  return { ...quota, status: { ...quota.status, used: { ...quota.status?.used, ...texts } } };
}

export function amountsOf(list: Readonly<Record<string, string>> | undefined): ReadonlyMap<string, Quantity> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}
