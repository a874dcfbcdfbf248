import type { Processes } from "../../base/index.ts";
import { addressAt, parseRange } from "../addresses.ts";
import { removeLink } from "../cni/bridge-network.ts";
import { enterCommand, runIn } from "../enter.ts";
import { nodeBridge } from "../names.ts";
import { addUnreachable, type Peer, removeUnreachable, syncPeerRoutes } from "../node/routes.ts";

export interface NodeBridgeOptions {
  /** The cluster's id on this machine. */
  readonly id: string;
  /** The nodes' addresses; the machine itself has number 1. Not routed anywhere. */
  readonly subnet: string;
  /** Of pods and Services: refused on the machine where no route leads to a node. */
  readonly insideRanges?: readonly string[];
}

/** The wire between the nodes of a cluster on one machine: a bridge that leads nowhere else. */
export class NodeBridge {
  readonly #processes: Processes;
  readonly #options: NodeBridgeOptions;

  constructor(processes: Processes, options: NodeBridgeOptions) {
    this.#processes = processes;
    this.#options = options;
  }

  get name(): string {
    return nodeBridge(this.#options.id);
  }

  /** The machine's own address on the wire, where nodes reach the API server. */
  get machineAddress(): string {
    return addressAt(this.#options.subnet, 1);
  }

  /** The address of node `number`, which starts at 1. */
  nodeAddress(number: number): string {
    return addressAt(this.#options.subnet, number + 1);
  }

  async up(): Promise<void> {
    const [command, args] = enterCommand([], "ip", "link", "show", this.name);
    if ((await this.#processes.run(command, args)).code !== 0)
      await this.#ip("link", "add", this.name, "type", "bridge");
    const { bits } = parseRange(this.#options.subnet);
    await this.#ip("address", "replace", `${this.machineAddress}/${bits}`, "dev", this.name);
    await this.#ip("link", "set", this.name, "up");
    for (const range of this.#options.insideRanges ?? []) await addUnreachable(this.#processes, [], range);
  }

  /** Routes from the machine to the nodes' pods, for an API server that runs outside of the nodes. */
  async setPeers(clusterCidr: string, peers: readonly Peer[]): Promise<void> {
    await addUnreachable(this.#processes, [], clusterCidr);
    await syncPeerRoutes(this.#processes, [], clusterCidr, peers);
  }

  async down(clusterCidr?: string): Promise<void> {
    if (clusterCidr !== undefined) {
      await syncPeerRoutes(this.#processes, [], clusterCidr, []);
      await removeUnreachable(this.#processes, [], clusterCidr);
    }
    for (const range of this.#options.insideRanges ?? []) await removeUnreachable(this.#processes, [], range);
    await removeLink(this.#processes, [], this.name);
  }

  #ip(...args: readonly string[]): Promise<string> {
    return runIn(this.#processes, [], "ip", ...args);
  }
}
