import type { IPAddress, ServiceCIDR } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import {
  informerOf,
  type Informer,
  keyOf,
  kinds,
  orNotFound,
  type ResourceClient,
  resourceOf,
} from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  findCondition,
  isSemanticallyEqual,
  type Key,
  type Result,
  withCondition,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { contains, parseRange, type Range } from "./ranges.ts";

const name = "service-cidr-controller";
const finalizer = "networking.k8s.io/service-cidr-finalizer";
/** API servers may still be allocating from a range that was just deleted. */
const deletionDelayMs = 10_000;

/** Ranges for Services: ready when they are seen, and kept until no address of theirs is in use. */
export const serviceCidrController: ControllerDescriptor = {
  name,
  serviceAccount: "service-cidrs-controller",
  create: (context) => new ServiceCidrs(context).controller,
};

class ServiceCidrs {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #cidrs: Informer<ServiceCIDR>;
  readonly #addresses: Informer<IPAddress>;
  readonly #client: ResourceClient<ServiceCIDR>;

  constructor(context: ControllerContext) {
    const { client, clock, log, metrics, informers } = context;
    this.#context = context;
    this.#client = resourceOf(client, kinds.servicecidrs);
    this.#cidrs = informerOf(informers, kinds.servicecidrs);
    this.#addresses = informerOf(informers, kinds.ipaddresses);
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    })
      .watch(this.#cidrs, (cidr) => [keyOf(cidr)])
      .watch(this.#addresses, (address) => this.#containing(address), { predicate: { updated: () => false } });
  }

  #containing({ metadata }: IPAddress): Key[] {
    const holds = (cidr: ServiceCIDR): boolean => rangesOf(cidr).some((range) => contains(range, metadata.name ?? ""));
    return [...this.#cidrs.lister.list()].filter(holds).map(keyOf);
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const cidr = this.#cidrs.lister.get(key);
    if (cidr === undefined) return undefined;
    if (cidr.metadata.deletionTimestamp === undefined) {
      await this.#makeReady(cidr);
      return undefined;
    }
    return this.#finishDeletion(cidr);
  }

  async #makeReady(cidr: ServiceCIDR): Promise<void> {
    const { finalizers = [] } = cidr.metadata;
    let current = cidr;
    if (!finalizers.includes(finalizer)) {
      current = await this.#client.update({
        ...cidr,
        metadata: { ...cidr.metadata, finalizers: [...finalizers, finalizer] },
      });
    }
    if (findCondition(current.status?.conditions, "Ready")?.status !== "True") {
      await this.#setReady(current, "True", "", "Kubernetes Service CIDR is ready");
    }
  }

  async #finishDeletion(cidr: ServiceCIDR): Promise<Result | undefined> {
    const { finalizers = [] } = cidr.metadata;
    if (!finalizers.includes(finalizer)) return undefined;
    if (this.#isNeeded(cidr)) {
      const message =
        "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";
      await this.#setReady(cidr, "False", "Terminating", message);
      return undefined;
    }
    const since = Date.parse(cidr.metadata.deletionTimestamp ?? "");
    const leftMs = since + deletionDelayMs - this.#context.clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    await orNotFound(
      this.#client.update({
        ...cidr,
        metadata: { ...cidr.metadata, finalizers: finalizers.filter((one) => one !== finalizer) },
      }),
    );
    return undefined;
  }

  /** An address of it is in use that no other range holds. */
  #isNeeded(cidr: ServiceCIDR): boolean {
    const own = rangesOf(cidr);
    const others = [...this.#cidrs.lister.list()].filter(
      (other) => other.metadata.uid !== cidr.metadata.uid && other.metadata.deletionTimestamp === undefined,
    );
    const elsewhere = others.flatMap(rangesOf);
    for (const { metadata } of this.#addresses.lister.list()) {
      const address = metadata.name ?? "";
      if (own.some((range) => contains(range, address)) && !elsewhere.some((range) => contains(range, address)))
        return true;
    }
    return false;
  }

  async #setReady(cidr: ServiceCIDR, status: "True" | "False", reason: string, message: string): Promise<void> {
    const lastTransitionTime = formatTime(this.#context.clock.now());
    const conditions = withCondition(cidr.status?.conditions, {
      type: "Ready",
      status,
      reason,
      message,
      lastTransitionTime,
    });
    if (isSemanticallyEqual(conditions, cidr.status?.conditions)) return;
    await orNotFound(this.#client.updateStatus({ ...cidr, status: { conditions } }));
  }
}

function rangesOf({ spec }: ServiceCIDR): Range[] {
  return (spec.cidrs ?? []).map(parseRange).filter((range) => range !== undefined);
}
