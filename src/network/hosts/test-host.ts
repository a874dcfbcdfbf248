import type { Disk, Processes } from "../../base/index.ts";
import { parseRange } from "../addresses.ts";
import { removeLink } from "../cni/bridge-network.ts";
import { type Enter, enterNetwork, runIn } from "../enter.ts";
import { nodeBridge, nodeLink } from "../names.ts";
import { cgroupMounts, makeCgroup } from "./cgroup-mounts.ts";
import { Namespaces } from "./namespaces.ts";

export interface TestHostOptions {
  /** The cluster's id on this machine. */
  readonly id: string;
  /** 1 to 999, unique in the cluster. */
  readonly number: number;
  readonly hostname: string;
  /** Everything on disk lives below it. */
  readonly directory: string;
  /** On the cluster's node bridge. */
  readonly address: string;
  /** The node bridge's subnet. */
  readonly subnet: string;
  /** A cgroup of its own in every hierarchy, for example `/k8ts/CLUSTER/NODE`. Removing it is left to the caller. */
  readonly cgroup: string;
}

/**
 * A machine inside this machine: own network, mount, UTS and cgroup namespaces, one link to the cluster's node bridge,
 * and no default route, so that nothing leaves the cluster. It exists without any process.
 */
export class TestHost {
  readonly #disk: Disk;
  readonly #processes: Processes;
  readonly #options: TestHostOptions;
  readonly #namespaces: Namespaces;

  private constructor(
    platform: { readonly disk: Disk; readonly processes: Processes },
    options: TestHostOptions,
    namespaces: Namespaces,
  ) {
    this.#disk = platform.disk;
    this.#processes = platform.processes;
    this.#options = options;
    this.#namespaces = namespaces;
  }

  /** Describes a host that exists or will be created. Makes only its cgroup. */
  static async open(
    platform: { readonly disk: Disk; readonly processes: Processes },
    options: TestHostOptions,
  ): Promise<TestHost> {
    const mounts = cgroupMounts(await platform.disk.readText("/proc/self/mountinfo"));
    const { own, daemons } = await makeCgroup(platform.disk, mounts, options.cgroup);
    const namespaces = new Namespaces({
      ...platform,
      directory: `${options.directory}/namespaces`,
      hostname: options.hostname,
      replacedFiles: {
        "/etc/hosts": `${options.directory}/etc/hosts`,
        "/etc/resolv.conf": `${options.directory}/etc/resolv.conf`,
      },
      cgroupMounts: mounts,
      cgroupJoin: own,
      daemonsJoin: daemons,
    });
    return new TestHost(platform, options, namespaces);
  }

  /** The link to the other nodes, as seen inside. */
  readonly link = "eth0";

  /** Runs a command as a daemon of this host: in its namespaces and its cgroup. */
  get enter(): Enter {
    return this.#namespaces.enter;
  }

  async create(): Promise<void> {
    const { directory, hostname, address } = this.#options;
    await this.#disk.makeDirectory(`${directory}/etc`);
    await this.#disk.write(`${directory}/etc/hosts`, `127.0.0.1 localhost\n${address} ${hostname}\n`);
    await this.#disk.write(`${directory}/etc/resolv.conf`, "# no resolver outside of the cluster\n");
    await this.#namespaces.create();
    await this.#connect();
  }

  /** Ends the namespaces. Processes inside must have ended before: they would keep them. */
  async remove(): Promise<void> {
    await removeLink(this.#processes, [], nodeLink(this.#options.id, this.#options.number));
    await this.#namespaces.remove();
    await this.#disk.remove(`${this.#options.directory}/etc`);
  }

  async #connect(): Promise<void> {
    const { id, number, address, subnet } = this.#options;
    const outer = nodeLink(id, number);
    const inside = enterNetwork(this.#namespaces.networkFile);
    const connected = await this.#processes.run("ip", ["link", "show", outer]);
    if (connected.code !== 0) {
      const peer = ["peer", "name", this.link, "netns", this.#namespaces.networkFile];
      await runIn(this.#processes, [], "ip", "link", "add", outer, "type", "veth", ...peer);
    }
    await runIn(this.#processes, [], "ip", "link", "set", outer, "master", nodeBridge(id), "up");
    await runIn(
      this.#processes,
      inside,
      "ip",
      "address",
      "replace",
      `${address}/${parseRange(subnet).bits}`,
      "dev",
      this.link,
    );
    await runIn(this.#processes, inside, "ip", "link", "set", this.link, "up");
  }
}
