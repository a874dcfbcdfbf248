import type { Disk, Log, Processes } from "../../base/index.ts";
import { BridgeNetwork, removeLink } from "../cni/bridge-network.ts";
import { type Enter, enterCommand, runIn } from "../enter.ts";
import { podBridge, serviceLink } from "../names.ts";
import { removeTable, replaceTable } from "../nft/diff.ts";
import { Nft } from "../nft/nft.ts";
import { guardRules } from "./guard.ts";
import { addUnreachable, listRoutes, type Peer, removeUnreachable, ROUTE_PROTOCOL, syncPeerRoutes } from "./routes.ts";
import { applySysctls } from "./sysctls.ts";

export interface NodeNetworkPlatform {
  readonly disk: Disk;
  readonly processes: Processes;
  readonly log: Log;
}

export interface NodeNetworkOptions {
  /** Unique on this machine: 1 to 10 lower-case letters and digits, part of every name in the kernel. */
  readonly id: string;
  /** Everything on disk lives below it. */
  readonly directory: string;
  readonly nodeAddress: string;
  /** The pods of this node. */
  readonly podCidr: string;
  /** The pods of all nodes. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly mtu?: number;
  /** Links that lead to other nodes of the cluster. */
  readonly nodeLinks?: readonly string[];
  /** Ranges outside of the cluster's that pods may reach, for example the nodes' own. */
  readonly insideRanges?: readonly string[];
  /** Traffic of pods to anywhere else. Default `reject`: nothing leaves. */
  readonly podEgress?: "reject" | "masquerade";
  readonly enter?: Enter;
}

/** One node's network: pod bridge, routes, settings, and the guard. Every method may be repeated. */
export class NodeNetwork {
  readonly #platform: NodeNetworkPlatform;
  readonly #options: NodeNetworkOptions;
  readonly #enter: Enter;
  readonly #nft: Nft;
  readonly #pods: BridgeNetwork;

  constructor(platform: NodeNetworkPlatform, options: NodeNetworkOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#enter = options.enter ?? [];
    this.#nft = new Nft({ ...platform, directory: `${options.directory}/guard`, enter: this.#enter });
    this.#pods = new BridgeNetwork({
      ...platform,
      bridge: podBridge(options.id),
      podCidr: options.podCidr,
      mtu: options.mtu,
      ipamDirectory: `${options.directory}/ipam`,
      configDirectory: this.cniConfigDirectory,
      enter: this.#enter,
    });
  }

  /** For the container runtime. */
  get cniConfigDirectory(): string {
    return `${this.#options.directory}/cni`;
  }

  /** The bridge that the node's pods are attached to. */
  get bridge(): string {
    return podBridge(this.#options.id);
  }

  /** Rejects with an `Error` when another network on this machine uses one of the ranges. */
  async up(): Promise<void> {
    const { clusterCidr, serviceCidr } = this.#options;
    const missing = await applySysctls(this.#platform, this.#enter);
    if (missing.length > 0) this.#platform.log.warn("kernel settings are missing", { missing });
    await this.#checkRange(serviceCidr, serviceLink(this.#options.id));
    await this.#checkRange(this.#options.podCidr, this.bridge);
    for (const range of [clusterCidr, serviceCidr]) await addUnreachable(this.#platform.processes, this.#enter, range);
    await this.#routeServices();
    await this.#pods.createBridge();
    await this.#nft.apply(
      replaceTable(guardRules({ nodeLinks: [], insideRanges: [], podEgress: "reject", ...this.#options })),
    );
    await this.#pods.configure();
  }

  /** Routes to the pods of other nodes; those of former peers go. */
  async setPeers(peers: readonly Peer[]): Promise<void> {
    await syncPeerRoutes(this.#platform.processes, this.#enter, this.#options.clusterCidr, peers);
  }

  async down(): Promise<void> {
    const { id, clusterCidr, serviceCidr } = this.#options;
    await this.setPeers([]);
    await this.#pods.remove();
    await removeLink(this.#platform.processes, this.#enter, serviceLink(id));
    for (const range of [clusterCidr, serviceCidr]) {
      await removeUnreachable(this.#platform.processes, this.#enter, range);
    }
    await this.#nft.apply(
      removeTable(guardRules({ nodeLinks: [], insideRanges: [], podEgress: "reject", ...this.#options })),
    );
    await this.#platform.disk.remove(this.#options.directory);
  }

  /**
   * A connection of the node itself to a Service needs some route before its destination is translated. It leads to a
   * bridge without ports: what is not translated goes nowhere, even without the guard.
   */
  async #routeServices(): Promise<void> {
    const { id, nodeAddress, serviceCidr } = this.#options;
    const link = serviceLink(id);
    const [command, args] = enterCommand(this.#enter, "ip", "link", "show", link);
    if ((await this.#platform.processes.run(command, args)).code !== 0) {
      await this.#ip("link", "add", link, "type", "bridge");
    }
    await this.#ip("link", "set", link, "up");
    const source = ["src", nodeAddress, "protocol", ROUTE_PROTOCOL];
    await this.#ip("route", "replace", serviceCidr, "dev", link, ...source);
  }

  async #checkRange(range: string, ownLink: string): Promise<void> {
    const routes = await listRoutes(this.#platform.processes, this.#enter, "exact", range);
    const foreign = routes.find(({ dev, type }) => type !== "unreachable" && dev !== ownLink);
    if (foreign !== undefined) {
      throw new Error(
        `${range} is in use on this machine (by ${foreign.dev ?? foreign.gateway}): choose another range`,
      );
    }
  }

  #ip(...args: readonly string[]): Promise<string> {
    return runIn(this.#platform.processes, this.#enter, "ip", ...args);
  }
}
