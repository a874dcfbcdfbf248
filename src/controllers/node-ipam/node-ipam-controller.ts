import type { Node } from "../../api/index.ts";
import {
  type EventRecorder,
  informerOf,
  type Informer,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
} from "../../client/index.ts";
import { Controller, type ControllerContext, type Key } from "../../reconcile/index.ts";
import type { ControllerConfig } from "../config.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { type Cidr, CidrSet, formatCidr, parseCidr } from "./cidr-set.ts";

const name = "node-ipam-controller";

/** Gives every node its range of pod addresses, one of each family, and takes it back when the node is gone. */
export const nodeIpamController: ControllerDescriptor = {
  name,
  serviceAccount: "node-controller",
  create: (context, config) =>
    config.clusterCidrs === undefined || config.clusterCidrs.length === 0
      ? undefined
      : new NodeIpam(context, config).controller,
};

class NodeIpam {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #nodes: Informer<Node>;
  readonly #recorder: EventRecorder;
  readonly #sets: readonly CidrSet[];
  /** What each node has, to be given back. */
  readonly #held = new Map<string, readonly Cidr[]>();

  constructor(context: ControllerContext, config: ControllerConfig) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#recorder = context.recorder("cidrAllocator");
    this.#sets = (config.clusterCidrs ?? []).map((text) => {
      const range = parseCidr(text);
      return new CidrSet(
        range,
        range.bits === 32 ? (config.nodeCidrMaskSizeIpv4 ?? 24) : (config.nodeCidrMaskSizeIpv6 ?? 64),
      );
    });
    for (const text of config.serviceCidrs ?? []) for (const set of this.#sets) set.occupy(parseCidr(text));
    this.#nodes = informerOf(informers, kinds.nodes);
    // One at a time: two must not be given the same range.
    const reconciler = { reconcile: (key: Key) => this.#reconcile(key) };
    this.controller = new Controller({ name, clock, log, metrics, workers: 1, reconciler }).waitFor(this.#nodes);
    // Ranges in use are known before the first one is given out, whatever the order of the queue.
    this.#nodes.addHandler({
      onAdd: (node) => this.#observe(node),
      onUpdate: (_previous, node) => this.#observe(node),
      onDelete: (node) => this.controller.enqueue(keyOf(node)),
    });
  }

  #observe(node: Node): void {
    if (podCidrs(node).length > 0) this.#occupy(node);
    else this.controller.enqueue(keyOf(node));
  }

  #occupy(node: Node): void {
    const cidrs = podCidrs(node).map(parseCidr);
    for (const cidr of cidrs) for (const set of this.#sets) set.occupy(cidr);
    this.#held.set(node.metadata.name ?? "", cidrs);
  }

  async #reconcile(nodeName: Key): Promise<void> {
    const cached = this.#nodes.lister.get(nodeName);
    if (cached === undefined) return this.#release(nodeName);
    if (podCidrs(cached).length > 0) return;
    const nodes = this.#context.client.resource<Node>(kinds.nodes);
    const node = await orNotFound(nodes.get(nodeName));
    if (node === undefined) return;
    if (podCidrs(node).length > 0) return this.#occupy(node);
    const cidrs = this.#allocate(node);
    const [podCIDR] = cidrs.map(formatCidr);
    try {
      await nodes.patch(nodeName, { type: "strategic", body: { spec: { podCIDR, podCIDRs: cidrs.map(formatCidr) } } });
    } catch (error) {
      this.#release(nodeName);
      if (!isNotFound(error)) throw error;
    }
  }

  #allocate(node: Node): readonly Cidr[] {
    const { name: nodeName = "", uid } = node.metadata;
    const cidrs: Cidr[] = [];
    this.#held.set(nodeName, cidrs);
    for (const set of this.#sets) {
      const cidr = set.allocate();
      if (cidr === undefined) {
        this.#release(nodeName);
        const about = { apiVersion: "v1", kind: "Node", name: nodeName, uid };
        this.#recorder.event(about, "Normal", "CIDRNotAvailable", `Node ${nodeName} status is now: CIDRNotAvailable`);
        throw new Error(
          `failed to allocate cidr for node ${nodeName}: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range`,
        );
      }
      cidrs.push(cidr);
    }
    return cidrs;
  }

  #release(nodeName: string): void {
    for (const cidr of this.#held.get(nodeName) ?? []) for (const set of this.#sets) set.release(cidr);
    this.#held.delete(nodeName);
  }
}

function podCidrs({ spec }: Node): readonly string[] {
  if ((spec.podCIDRs ?? []).length > 0) return spec.podCIDRs ?? [];
  return spec.podCIDR === undefined || spec.podCIDR === "" ? [] : [spec.podCIDR];
}
