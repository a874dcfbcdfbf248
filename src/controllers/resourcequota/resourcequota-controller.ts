import {
  addAmounts,
  type Amounts,
  changesClaimQuota,
  countedResource,
  type DeviceClass,
  isInScopes,
  isTerminating,
  type PersistentVolumeClaim,
  type Pod,
  type QuotaSurroundings,
  quotaEvaluator,
  type ResourceQuota,
  type resourceV1,
  scopesOf,
  type Service,
} from "../../api/index.ts";
import { type KubeObject, Quantity } from "../../apimachinery/index.ts";
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
  readonly #deviceClaims: Informer<resourceV1.ResourceClaim>;
  readonly #deviceClasses: Informer<DeviceClass>;
  readonly #counted: CountedResources;

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#quotas = informerOf(informers, kinds.resourcequotas);
    this.#pods = informerOf(informers, kinds.pods);
    this.#services = informerOf(informers, kinds.services);
    this.#claims = informerOf(informers, kinds.persistentvolumeclaims);
    this.#deviceClaims = informerOf(informers, kinds.resourceclaims);
    this.#deviceClasses = informerOf(informers, kinds.deviceclasses);
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
      .watch(this.#pods, inNamespace, { predicate: { updated: changesPodQuota } })
      .watch(this.#services, inNamespace, { predicate: { updated: (a, b) => !isSemanticallyEqual(a.spec, b.spec) } })
      .watch(this.#claims, inNamespace, {
        predicate: {
          updated: (a, b) => !isSemanticallyEqual(a.spec.resources, b.spec.resources) || changesClaimQuota(b, a),
        },
      })
      .watch(this.#deviceClaims, inNamespace, { predicate: { updated: () => false } });
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
    const usage = new Map<string, Quantity>();
    const surroundings = this.#surroundings();
    const counted: readonly (readonly [group: string, resource: string, Iterable<KubeObject>])[] = [
      ["", "pods", this.#pods.lister.listNamespace(namespace)],
      ["", "services", this.#services.lister.listNamespace(namespace)],
      ["", "persistentvolumeclaims", this.#claims.lister.listNamespace(namespace)],
      ["resource.k8s.io", "resourceclaims", this.#deviceClaims.lister.listNamespace(namespace)],
    ];
    for (const [group, resource, objects] of counted) {
      const evaluator = quotaEvaluator({ group, resource });
      for (const object of objects)
        if (isInScopes(quota, evaluator, object)) addAmounts(usage, evaluator.usage(object, surroundings));
    }
    // What is only counted is in no scope.
    if (scopesOf(quota).length > 0) return usage;
    for (const resource of Object.keys(quota.spec.hard ?? {})) {
      const wanted = usage.has(resource) ? undefined : countedResource(resource);
      const count = wanted === undefined ? undefined : await this.#counted.count(namespace, wanted, signal);
      if (count !== undefined) usage.set(resource, Quantity.fromValue(count));
    }
    return usage;
  }

  #surroundings(): QuotaSurroundings {
    return {
      nowMs: this.#context.clock.now(),
      deviceClasses: () => this.#deviceClasses.lister.list(),
      pod: (namespace, name) => this.#pods.lister.get(`${namespace}/${name}`),
      resourceClaims: (namespace) => this.#deviceClaims.lister.listNamespace(namespace),
    };
  }
}

/** Whether what a pod takes, or the scopes it is in, can differ between these two. */
function changesPodQuota(before: Pod, pod: Pod): boolean {
  return (
    isPodTerminal(before) !== isPodTerminal(pod) ||
    isTerminating(before) !== isTerminating(pod) ||
    !isSemanticallyEqual(resourcesIn(before), resourcesIn(pod))
  );
}

function resourcesIn({ status }: Pod): unknown {
  const { containerStatuses = [], initContainerStatuses = [] } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses].map(({ name: of, resources }) => ({ of, resources }));
}
