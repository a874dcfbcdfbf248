import type { Pod, PodResourceClaim, ResourceClaimTemplate, resourceV1 } from "../../api/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type EventRecorder,
  informerOf,
  type Informer,
  isNotFound,
  keyOf,
  kinds,
  LruMap,
  orNotFound,
  referenceTo,
} from "../../client/index.ts";
import { Controller, type ControllerContext, isControlledBy, type Key } from "../../reconcile/index.ts";
import type { ControllerConfig } from "../config.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { type ClaimMetrics, claimMetrics } from "./claim-metrics.ts";
import {
  asksForAdminAccess,
  asksForAlternatives,
  checkOwner,
  claimFrom,
  claimKeysOf,
  claimNameOf,
  extendedClaimKeysOf,
  hasClaims,
  inNamespaceOf,
  isMadeFor,
  isPodDone,
  needsReservation,
  needsWork,
  templateKeysOf,
} from "./pod-claims.ts";
import { allocationFinalizer, type Consumer, owningPod, release } from "./release.ts";

type ResourceClaim = resourceV1.ResourceClaim;

const name = "resourceclaim-controller";
/** Pods known to be gone. Older ones are asked for again. */
const goneMax = 500;
const fieldManager = "ResourceClaimController";

/** Makes claims of templates for pods, reserves claims for pods that were placed by hand, and frees claims. */
export const resourceClaimController: ControllerDescriptor = {
  name,
  serviceAccount: "resource-claim-controller",
  featureGates: ["DynamicResourceAllocation"],
  create: (context, config) => new ResourceClaimController(context, config).controller,
};

class ResourceClaimController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #config: ControllerConfig;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<ResourceClaim>;
  readonly #templates: Informer<ResourceClaimTemplate>;
  readonly #recorder: EventRecorder;
  readonly #metrics: ClaimMetrics | undefined;
  readonly #gone = new LruMap<true>(goneMax);
  /** Claims that were made and that the informer may not show yet, by pod and entry. */
  readonly #made = new LruMap<ResourceClaim>(goneMax);

  constructor(context: ControllerContext, config: ControllerConfig) {
    const { clock, informers, log, metrics, registry } = context;
    this.#context = context;
    this.#config = config;
    this.#pods = informerOf(informers, kinds.pods, {
      indexes: { resourceClaim: claimKeysOf, resourceClaimTemplate: templateKeysOf },
    });
    this.#claims = informerOf(informers, kinds.resourceclaims, {
      indexes: { owningPod: (claim) => [owningPod(claim)?.uid ?? []].flat() },
    });
    this.#templates = informerOf(informers, kinds.resourceclaimtemplates);
    this.#recorder = context.recorder("resource_claim");
    this.#metrics = registry === undefined ? undefined : claimMetrics(registry, this.#claims.lister);
    const reconciler = { reconcile: (key: Key) => this.#reconcile(key) };
    const workers = config.concurrentResourceClaimSyncs ?? 50;
    this.controller = new Controller({ name, clock, log, metrics, reconciler, workers });
    this.controller.waitFor(this.#pods, this.#claims, this.#templates);
    this.#watch();
  }

  #watch(): void {
    this.#pods.addHandler({
      onAdd: (pod) => this.#enqueuePod(pod, false),
      onUpdate: (_previous, pod) => this.#enqueuePod(pod, false),
      onDelete: (pod) => this.#enqueuePod(pod, true),
    });
    const users = (claim: ResourceClaim): void => {
      for (const pod of this.#pods.lister.byIndex("resourceClaim", keyOf(claim))) this.#enqueuePod(pod, false);
    };
    const changed = (claim: ResourceClaim): void => {
      this.controller.enqueue(`claim:${keyOf(claim)}`);
      users(claim);
    };
    this.#claims.addHandler({
      onAdd: changed,
      onUpdate: (_previous, claim) => changed(claim),
      onDelete: users,
    });
    const template = (object: ResourceClaimTemplate): void => {
      for (const pod of this.#pods.lister.byIndex("resourceClaimTemplate", keyOf(object))) this.#enqueuePod(pod, false);
    };
    this.#templates.addHandler({ onAdd: template, onUpdate: (_previous, object) => template(object) });
  }

  #enqueuePod(pod: Pod, isGone: boolean): void {
    if (!hasClaims(pod)) return;
    if (isGone) this.#gone.set(pod.metadata.uid ?? "", true);
    if (isGone || isPodDone(pod)) {
      for (const key of [...claimKeysOf(pod), ...extendedClaimKeysOf(pod)]) this.controller.enqueue(`claim:${key}`);
    }
    if (needsWork(pod, (key) => this.#claims.lister.get(key))) this.controller.enqueue(`pod:${keyOf(pod)}`);
  }

  #reconcile(key: Key): Promise<void> {
    const at = key.indexOf(":");
    const object = key.slice(at + 1);
    return key.slice(0, at) === "pod" ? this.#syncPod(object) : this.#syncClaim(object);
  }

  async #syncPod(key: Key): Promise<void> {
    const pod = this.#pods.lister.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isPodDone(pod)) return;
    const made = new Map<string, string>();
    for (const entry of pod.spec.resourceClaims ?? []) {
      try {
        const claim = await this.#claimFor(pod, entry);
        if (claim !== undefined) made.set(entry.name, claim.metadata.name ?? "");
      } catch (error) {
        const message = `PodResourceClaim ${entry.name}: ${messageOf(error)}`;
        this.#recorder.event(referenceTo(kinds.pods, pod), "Warning", "FailedResourceClaimCreation", message);
        throw new Error(`pod ${key}, ${message}`);
      }
    }
    if (made.size > 0) await this.#noteClaims(pod, made);
    if ((pod.spec.nodeName ?? "") !== "") await this.#reserve(pod);
  }

  /** The claim of a template that the pod's status does not name yet, made if need be. */
  async #claimFor(pod: Pod, entry: PodResourceClaim): Promise<ResourceClaim | undefined> {
    const found = claimNameOf(pod, entry);
    if (found.type === "unneeded") return undefined;
    if (found.type === "unsupported") {
      const why = "none of the supported fields are set";
      const where = `pod "${keyOf(pod)}", spec.resourceClaim "${entry.name}"`;
      throw new Error(`checking for claim before creating it: ${where}: ${why}`);
    }
    if (found.type === "named") {
      const claim = this.#claims.lister.get(inNamespaceOf(pod, found.name));
      if (claim !== undefined && (!found.generated || isControlledBy(claim, pod))) return undefined;
    }
    const { resourceClaimTemplateName: templateName } = entry;
    if (templateName === undefined) return undefined;
    return this.#existing(pod, entry) ?? (await this.#make(pod, entry, templateName));
  }

  /** Made before, though the pod's status could not be written then. */
  #existing(pod: Pod, entry: PodResourceClaim): ResourceClaim | undefined {
    const uid = pod.metadata.uid ?? "";
    const known = this.#claims.lister.byIndex("owningPod", uid).find((claim) => isMadeFor(claim, entry));
    if (known !== undefined) this.#made.delete(`${uid}/${entry.name}`);
    return known ?? this.#made.get(`${uid}/${entry.name}`);
  }

  async #make(pod: Pod, entry: PodResourceClaim, templateName: string): Promise<ResourceClaim> {
    const template = this.#templates.lister.get(inNamespaceOf(pod, templateName));
    if (template === undefined) {
      const missing = `resourceclaimtemplate.resource.k8s.io "${templateName}" not found`;
      throw new Error(`resource claim template "${templateName}": ${missing}`);
    }
    const { isFeatureOn } = this.#config;
    const { spec } = template.spec;
    if (isFeatureOn?.("DRAAdminAccess") === false && asksForAdminAccess(spec))
      throw new Error("admin access is requested, but the feature is disabled");
    if (isFeatureOn?.("DRAPrioritizedList") === false && asksForAlternatives(spec))
      throw new Error("template includes a prioritized list of subrequests, but the feature is disabled");
    const claims = this.#claimsOf(pod.metadata.namespace);
    try {
      const claim = await claims.create(claimFrom(template, pod, entry));
      this.#metrics?.created("success", spec);
      this.#made.set(`${pod.metadata.uid ?? ""}/${entry.name}`, claim);
      return claim;
    } catch (error) {
      this.#metrics?.created("failure", spec);
      throw new Error(`create ResourceClaim : ${messageOf(error)}`);
    }
  }

  async #noteClaims(pod: Pod, made: ReadonlyMap<string, string>): Promise<void> {
    const { namespace, name: podName = "" } = pod.metadata;
    const statuses = [...made].map(([entry, claim]) => ({ name: entry, resourceClaimName: claim }));
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: podName, namespace },
      status: { resourceClaimStatuses: statuses },
    };
    const pods = this.#context.client.resource<Pod>(kinds.pods).namespace(namespace ?? "");
    const options = { subresource: "status", fieldManager, force: true };
    await pods.patch(podName, { type: "apply", body }, options).catch((error: unknown) => {
      throw new Error(`update pod ${keyOf(pod)} ResourceClaimStatuses: ${messageOf(error)}`);
    });
  }

  /** For a pod that has its node already. */
  async #reserve(pod: Pod): Promise<void> {
    for (const entry of pod.spec.resourceClaims ?? []) {
      const found = claimNameOf(pod, entry);
      if (found.type === "unneeded") continue;
      if (found.type !== "named") throw new Error(`pod "${keyOf(pod)}": ResourceClaim not created yet`);
      const claim = this.#claims.lister.get(inNamespaceOf(pod, found.name));
      if (claim === undefined) return;
      if (found.generated) checkOwner(claim, pod);
      if (!needsReservation(claim, pod)) continue;
      const consumer = { resource: "pods", name: pod.metadata.name ?? "", uid: pod.metadata.uid ?? "" };
      const reservedFor = [...(claim.status?.reservedFor ?? []), consumer];
      await this.#claimsOf(claim.metadata.namespace).updateStatus({
        ...claim,
        status: { ...claim.status, reservedFor },
      });
    }
  }

  async #syncClaim(key: Key): Promise<void> {
    const claim = this.#claims.lister.get(key);
    if (claim === undefined) return;
    const remaining: Consumer[] = [];
    for (const consumer of claim.status?.reservedFor ?? []) {
      if (await this.#isConsumer(consumer, claim.metadata.namespace ?? "")) remaining.push(consumer);
    }
    const { status, isFree } = release(claim, remaining);
    const claims = this.#claimsOf(claim.metadata.namespace);
    const written = status === undefined ? claim : await claims.updateStatus({ ...claim, status });
    if (isFree && written.status?.allocation === undefined) {
      const finalizers = (written.metadata.finalizers ?? []).filter((one) => one !== allocationFinalizer);
      await claims.update({ ...written, metadata: { ...written.metadata, finalizers } });
    }
    if (remaining.length === 0) await this.#removeUnused(claim);
  }

  /** A pod counts until it is certain that it will not run; what is no pod is kept. */
  async #isConsumer(consumer: Consumer, namespace: string): Promise<boolean> {
    const { apiGroup = "", resource, name: podName, uid } = consumer;
    if (apiGroup !== "" || resource !== "pods") return true;
    if (this.#gone.get(uid) !== undefined) return false;
    const known = this.#pods.lister.get(`${namespace}/${podName}`);
    if (known !== undefined) return known.metadata.uid === uid && !isPodDone(known);
    // The informer may be behind the scheduler: the server has the last word.
    const live = await orNotFound(this.#context.client.resource<Pod>(kinds.pods).namespace(namespace).get(podName));
    return live?.metadata.uid === uid;
  }

  /** A claim that was made for a pod goes when the pod is done, which may be long before the pod is deleted. */
  async #removeUnused(claim: ResourceClaim): Promise<void> {
    const owner = owningPod(claim);
    if (owner === undefined) return;
    const { namespace = "", name: claimName = "" } = claim.metadata;
    const pod = this.#pods.lister.get(`${namespace}/${owner.name}`);
    if (pod === undefined || (pod.metadata.uid === owner.uid && !isPodDone(pod))) return;
    await this.#claimsOf(namespace)
      .delete(claimName)
      .catch((error: unknown) => {
        if (isNotFound(error)) return;
        throw new Error(`delete unused generated claim ${keyOf(claim)}: ${messageOf(error)}`);
      });
  }

  #claimsOf(namespace: string | undefined) {
    return this.#context.client.resource<ResourceClaim>(kinds.resourceclaims).namespace(namespace ?? "");
  }
}
