import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from "../../api/index.ts";
import { Quantity } from "../../apimachinery/index.ts";
import type { Runnable } from "../../base/index.ts";
import { informerOf, type Informer, keyOf, kinds, orNotFound } from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  isPodTerminal,
  isSemanticallyEqual,
  type Key,
  type Result,
  runAll,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { CountedResources } from "./counted-resources.ts";
import { claimUsage, countedResource, serviceUsage } from "./object-usage.ts";
import { addAll, type Amounts, podUsage } from "./pod-usage.ts";
import { hasScopes, isInScope } from "./scopes.ts";

const name = "resourcequota-controller";
/** `--resource-quota-sync-period` */
const syncPeriodMs = 5 * 60_000;

/** Counts what a namespace uses of its quotas. Refusing is admission's work; this keeps its numbers true. */
export const resourceQuotaController: ControllerDescriptor = {
  name,
  create: (context) => new ResourceQuotaController(context).runnable(),
};

class ResourceQuotaController {
  readonly #controller: Controller;
  readonly #context: ControllerContext;
  readonly #quotas: Informer<ResourceQuota>;
  readonly #pods: Informer<Pod>;
  readonly #services: Informer<Service>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #counted: CountedResources;

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#quotas = informerOf(informers, kinds.resourcequotas);
    this.#pods = informerOf(informers, kinds.pods);
    this.#services = informerOf(informers, kinds.services);
    this.#claims = informerOf(informers, kinds.persistentvolumeclaims);
    const quotasOf = (namespace: string): Key[] => [...this.#quotas.lister.listNamespace(namespace)].map(keyOf);
    const inNamespace = ({ metadata }: { metadata: { namespace?: string } }): Key[] =>
      quotasOf(metadata.namespace ?? "");
    this.#counted = new CountedResources(context, (namespace) => {
      for (const key of quotasOf(namespace)) this.#controller.enqueue(key);
    });
    this.#controller = new Controller({
      name,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key, signal) => this.#reconcile(key, signal) },
    })
      .watch(this.#quotas, (quota) => [keyOf(quota)], {
        predicate: { updated: (a, b) => !isSemanticallyEqual(a.spec, b.spec) },
      })
      .watch(this.#pods, inNamespace, {
        predicate: { updated: (previous, pod) => isPodTerminal(previous) !== isPodTerminal(pod) },
      })
      .watch(this.#services, inNamespace, { predicate: { updated: (a, b) => !isSemanticallyEqual(a.spec, b.spec) } })
      .watch(this.#claims, inNamespace, {
        predicate: { updated: (a, b) => !isSemanticallyEqual(a.spec.resources, b.spec.resources) },
      });
  }

  runnable(): Runnable {
    return runAll(name, [this.#counted.runnable(name), this.#controller]);
  }

  async #reconcile(key: Key, signal: AbortSignal): Promise<Result | undefined> {
    const quota = this.#quotas.lister.get(key);
    if (quota === undefined) return undefined;
    const usage = await this.#usage(quota, signal);
    const hard = quota.spec.hard ?? {};
    const used = Object.fromEntries(
      Object.keys(hard).map((resource) => [resource, (usage.get(resource) ?? Quantity.zero).toString()]),
    );
    if (!isSemanticallyEqual(quota.status, { hard, used })) {
      const quotas = this.#context.client
        .resource<ResourceQuota>(kinds.resourcequotas)
        .namespace(quota.metadata.namespace ?? "");
      await orNotFound(quotas.updateStatus({ ...quota, status: { hard, used } }));
    }
    return { requeueAfterMs: syncPeriodMs };
  }

  async #usage(quota: ResourceQuota, signal: AbortSignal): Promise<Amounts> {
    const { namespace = "" } = quota.metadata;
    const now = this.#context.clock.now();
    const usage = new Map<string, Quantity>();
    for (const pod of this.#pods.lister.listNamespace(namespace))
      if (isInScope(quota, pod)) addAll(usage, podUsage(pod, now));
    // Scopes are about pods; with them nothing else counts.
    if (hasScopes(quota)) return usage;
    for (const service of this.#services.lister.listNamespace(namespace)) addAll(usage, serviceUsage(service));
    for (const claim of this.#claims.lister.listNamespace(namespace)) addAll(usage, claimUsage(claim));
    for (const resource of Object.keys(quota.spec.hard ?? {})) {
      const wanted = usage.has(resource) ? undefined : countedResource(resource);
      const count = wanted === undefined ? undefined : await this.#counted.count(namespace, wanted, signal);
      if (count !== undefined) usage.set(resource, Quantity.fromValue(count));
    }
    return usage;
  }
}
