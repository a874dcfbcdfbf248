import { type Clock, isAbort, type Log, messageOf, type Runnable } from "../../base/index.ts";
import { type Client, isAlreadyExists, isNotFound } from "../../client/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { rfc3339Micro } from "../time.ts";

const leases = { group: "coordination.k8s.io", version: "v1", resource: "leases" };
const leaseNamespace = "kube-node-lease";
const retryMs = 200;
const retryMaximumMs = 7_000;

interface Lease extends KubeObject {
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
}

export interface LeaseOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly durationSeconds: number;
  /** The Node object that owns the lease; undefined until it exists. */
  readonly nodeUid: () => string | undefined;
}

/** Renews the node's lease every quarter of its duration. Failures are retried until the next renewal. */
export class LeaseKeeper implements Runnable {
  readonly name = "lease";
  readonly #options: LeaseOptions;
  #latest: Lease | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, durationSeconds } = this.#options;
    let delayMs = retryMs;
    while (!signal.aborted) {
      let waitMs = (durationSeconds * 1000) / 4;
      try {
        await this.renew(signal);
        delayMs = retryMs;
      } catch (error) {
        if (isAbort(error, signal) || signal.aborted) return;
        log.warn("The node's lease could not be renewed", { error: messageOf(error) });
        waitMs = delayMs;
        delayMs = Math.min(delayMs * 2, retryMaximumMs);
      }
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }

  async renew(signal: AbortSignal): Promise<void> {
    const client = this.#options.client.resource<Lease>(leases).namespace(leaseNamespace);
    try {
      const base = this.#latest ?? (await client.get(this.#options.nodeName, { signal }));
      this.#latest = await client.update(this.#renewed(base), { signal });
    } catch (error) {
      this.#latest = undefined;
      if (!isNotFound(error)) throw error;
      try {
        this.#latest = await client.create(this.#renewed({ metadata: {} }), { signal });
      } catch (failure) {
        if (!isAlreadyExists(failure)) throw failure;
      }
    }
  }

  #renewed(base: Lease): Lease {
    const { nodeName, durationSeconds, clock, nodeUid } = this.#options;
    const uid = nodeUid();
    const owned = base.metadata.ownerReferences?.length || uid === undefined;
    const ownerReferences = owned
      ? base.metadata.ownerReferences
      : [{ apiVersion: "v1", kind: "Node", name: nodeName, uid }];
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        ...base.metadata,
        name: nodeName,
        namespace: leaseNamespace,
        ...(ownerReferences ? { ownerReferences } : {}),
      },
      spec: {
        ...base.spec,
        holderIdentity: nodeName,
        leaseDurationSeconds: durationSeconds,
        renewTime: rfc3339Micro(clock.now()),
      },
    };
  }
}
