import type { Pod, ReplicaSet, Scale } from "../../api/index.ts";
import type { OwnerReference } from "../../apimachinery/index.ts";
import {
  type Client,
  type DiscoveredResource,
  discoverGroupVersion,
  type Lister,
  orNotFound,
} from "../../client/index.ts";
import { controllerOf, groupOf } from "../../reconcile/index.ts";

/** Finds out how many pods the controllers of some pods want. */
export class OwnerScales {
  readonly #client: Client;
  readonly #replicaSets: Lister<ReplicaSet>;
  readonly #resources = new Map<string, Promise<readonly DiscoveredResource[]>>();

  constructor(client: Client, replicaSets: Lister<ReplicaSet>) {
    this.#client = client;
    this.#replicaSets = replicaSets;
  }

  /** Each controller once. Pods without one count for nothing, as upstream has it. */
  async total(namespace: string, pods: readonly Pod[]): Promise<number> {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const owner = this.#topOwner(namespace, pod);
      if (owner === undefined || scales.has(owner.uid)) continue;
      const scale = await this.#scaleOf(namespace, owner);
      if (scale === undefined) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
      scales.set(owner.uid, scale);
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }

  #topOwner(namespace: string, pod: Pod): OwnerReference | undefined {
    const owner = controllerOf(pod);
    if (owner === undefined) return undefined;
    if (owner.kind !== "ReplicaSet" || groupOf(owner.apiVersion) !== "apps") return owner;
    const set = this.#replicaSets.get(`${namespace}/${owner.name}`);
    const deployment = set === undefined ? undefined : controllerOf(set);
    return deployment?.kind === "Deployment" ? deployment : owner;
  }

  async #scaleOf(namespace: string, { apiVersion, kind, name, uid }: OwnerReference): Promise<number | undefined> {
    const resource = (await this.#served(apiVersion)).find(
      (one) => one.kind === kind && one.subresources.includes("scale"),
    );
    if (resource === undefined)
      throw new Error(`${kind}.${groupOf(apiVersion)} does not implement the scale subresource`);
    const scale = await orNotFound(
      this.#client.resource(resource).namespace(namespace).getSubresource<Scale>(name, "scale"),
    );
    return scale === undefined || scale.metadata.uid !== uid ? undefined : (scale.spec?.replicas ?? 0);
  }

  #served(apiVersion: string): Promise<readonly DiscoveredResource[]> {
    const known = this.#resources.get(apiVersion);
    if (known !== undefined) return known;
    const asking = discoverGroupVersion(
      this.#client,
      groupOf(apiVersion),
      apiVersion.slice(apiVersion.indexOf("/") + 1),
    );
    this.#resources.set(apiVersion, asking);
    // A group that did not answer, or grows, is asked again.
    asking.then(
      (found) => found.length === 0 && this.#resources.delete(apiVersion),
      () => this.#resources.delete(apiVersion),
    );
    return asking;
  }
}
