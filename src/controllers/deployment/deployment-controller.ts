import type { Deployment, Pod, ReplicaSet } from "../../api/index.ts";
import { selectorFromObject } from "../../apimachinery/index.ts";
import { copyOf, informerOf, type Informer, keyOf, kinds, referenceTo } from "../../client/index.ts";
import {
  byControllerUid,
  claimObjects,
  Controller,
  type ControllerContext,
  controllerOf,
  isSemanticallyEqual,
  type Key,
  mapOwner,
  orphansIn,
  type Result,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { Rollout } from "./rollout.ts";

export const deploymentController: ControllerDescriptor = {
  name: "deployment-controller",
  create: (context) => new DeploymentController(context).controller,
};

const name = "deployment-controller";

class DeploymentController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: ReturnType<ControllerContext["recorder"]>;

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#recorder = context.recorder(name);
    this.#deployments = informerOf(informers, kinds.deployments);
    this.#sets = informerOf(informers, kinds.replicasets, { indexes: { controllerUid: byControllerUid } });
    this.#pods = informerOf(informers, kinds.pods, { indexes: { controllerUid: byControllerUid } });
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      retriesMax: 15,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    });
    const toOwner = mapOwner(kinds.deployments);
    this.controller
      .watch(this.#deployments, (deployment) => [keyOf(deployment)])
      .watch(this.#sets, (set) => (controllerOf(set) === undefined ? this.#selecting(set) : toOwner(set)))
      .waitFor(this.#pods);
    this.#pods.addHandler({ onDelete: (pod) => this.#podDeleted(pod) });
  }

  /** A set without a controller may belong to whoever selects it. */
  #selecting(set: ReplicaSet): Key[] {
    const keys: Key[] = [];
    for (const deployment of this.#deployments.lister.listNamespace(set.metadata.namespace ?? "")) {
      const selector = selectorFromObject(deployment.spec.selector);
      if (!selector.isEmpty && selector.matches(set.metadata.labels)) keys.push(keyOf(deployment));
    }
    return keys;
  }

  /** Recreate goes on when the last old pod is gone. */
  #podDeleted(pod: Pod): void {
    const reference = controllerOf(pod);
    if (reference?.kind !== "ReplicaSet") return;
    const set = this.#sets.lister.get(`${pod.metadata.namespace ?? ""}/${reference.name}`);
    const owner = set === undefined ? undefined : controllerOf(set);
    if (owner?.kind !== "Deployment") return;
    const key = `${pod.metadata.namespace ?? ""}/${owner.name}`;
    if (this.#deployments.lister.get(key)?.spec.strategy?.type === "Recreate") this.controller.enqueue(key);
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const cached = this.#deployments.lister.get(key);
    if (cached === undefined) return undefined;
    const deployment = copyOf(cached);
    if (isSemanticallyEqual(deployment.spec.selector, {})) return this.#selectsAll(deployment);
    const { client, clock } = this.#context;
    const sets = await this.#claim(deployment);
    const podsOf = (uid: string): readonly Pod[] => this.#pods.lister.byIndex("controllerUid", uid);
    const waitMs = await new Rollout({ client, clock, recorder: this.#recorder, deployment, sets, podsOf }).step();
    return waitMs === undefined ? undefined : { requeueAfterMs: waitMs };
  }

  #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const { client } = this.#context;
    const { namespace = "", name: deploymentName = "", uid = "" } = deployment.metadata;
    const selector = selectorFromObject(deployment.spec.selector);
    const { lister } = this.#sets;
    return claimObjects({
      owner: deployment,
      ownerKind: kinds.deployments,
      objects: [...lister.byIndex("controllerUid", uid), ...lister.byIndex("controllerUid", orphansIn(namespace))],
      matches: (set) => selector.matches(set.metadata.labels),
      client: client.resource<ReplicaSet>(kinds.replicasets).namespace(namespace),
      freshOwner: () => client.resource<Deployment>(kinds.deployments).namespace(namespace).get(deploymentName),
    });
  }

  async #selectsAll(deployment: Deployment): Promise<undefined> {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    this.#recorder.event(referenceTo(kinds.deployments, deployment), "Warning", "SelectingAll", message);
    const { generation = 0, namespace = "" } = deployment.metadata;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return;
    deployment.status = { ...deployment.status, observedGeneration: generation };
    await this.#context.client.resource<Deployment>(kinds.deployments).namespace(namespace).updateStatus(deployment);
  }
}
