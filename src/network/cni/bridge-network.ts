import { CommandError, type Disk, isPlatformError, type Processes } from "../../base/index.ts";
import { addressAt, parseRange } from "../addresses.ts";
import { type Enter, enterCommand, runIn } from "../enter.ts";
import { removeHostPortChains } from "./host-ports.ts";
import { type BridgeConfig, bridgeConfigList, CNI_NETWORK_NAME } from "./bridge-config.ts";

export interface BridgeNetworkOptions extends BridgeConfig {
  readonly disk: Disk;
  readonly processes: Processes;
  /** Watched by the container runtime. */
  readonly configDirectory: string;
  readonly enter: Enter;
}

/** The node's pod network, as the reference CNI plug-ins make it when the runtime calls them. */
export class BridgeNetwork {
  readonly #options: BridgeNetworkOptions;

  constructor(options: BridgeNetworkOptions) {
    this.#options = options;
  }

  /** Writes the network list, which makes the runtime's NetworkReady condition true. */
  async configure(): Promise<void> {
    const { disk, configDirectory, ipamDirectory } = this.#options;
    await this.#forgetEarlierBoot();
    await disk.makeDirectory(ipamDirectory);
    await disk.makeDirectory(configDirectory);
    await disk.write(this.#configFile, `${JSON.stringify(bridgeConfigList(this.#options), null, 2)}\n`);
  }

  /**
   * Makes the bridge before the first pod does, so that the node can listen on the gateway's address. It keeps its
   * hardware address when pods come and go; otherwise they would lose their gateway for a moment.
   */
  async createBridge(): Promise<void> {
    const { processes, enter, bridge, podCidr, mtu } = this.#options;
    const ip = (...args: readonly string[]) => runIn(processes, enter, "ip", ...args);
    const [command, args] = enterCommand(enter, "ip", "-json", "link", "show", bridge);
    if ((await processes.run(command, args)).code !== 0) {
      await ip("link", "add", bridge, ...(mtu === undefined ? [] : ["mtu", String(mtu)]), "type", "bridge");
    }
    const [{ address = "" } = {}] = JSON.parse(await ip("-json", "link", "show", bridge)) as { address?: string }[];
    await ip("link", "set", bridge, "address", address, "up");
    await ip("address", "replace", `${addressAt(podCidr, 1)}/${parseRange(podCidr).bits}`, "dev", bridge);
  }

  /** Removes the network list, every veth on the bridge, the bridge, unused host port chains, and all allocations. */
  async remove(): Promise<void> {
    const { disk, processes, enter, bridge, ipamDirectory } = this.#options;
    await disk.remove(this.#configFile);
    const [command, args] = enterCommand(enter, "ip", "-json", "link", "show", "master", bridge);
    const { code, stdout } = await processes.run(command, args);
    if (code === 0) {
      for (const name of linkNames(stdout)) await removeLink(processes, enter, name);
      await removeLink(processes, enter, bridge);
    }
    await removeHostPortChains(processes, enter);
    await disk.remove(ipamDirectory);
  }

  /** Addresses allocated to pods that a reboot ended: the runtime has forgotten them and will never release them. */
  async #forgetEarlierBoot(): Promise<void> {
    const { disk, ipamDirectory } = this.#options;
    const bootId = await disk.readText("/proc/sys/kernel/random/boot_id");
    const file = `${ipamDirectory}/boot-id`;
    if ((await readOrUndefined(disk, file)) === bootId) return;
    await disk.remove(`${ipamDirectory}/${CNI_NETWORK_NAME}`);
    await disk.makeDirectory(ipamDirectory);
    await disk.write(file, bootId);
  }

  get #configFile(): string {
    return `${this.#options.configDirectory}/10-k8ts.conflist`;
  }
}

/** Deletes a link; one that is gone already, or goes meanwhile, is not an error. */
export async function removeLink(processes: Processes, enter: Enter, name: string): Promise<void> {
  const [command, args] = enterCommand(enter, "ip", "link", "delete", name);
  const finished = await processes.run(command, args);
  if (finished.code !== 0 && !finished.stderr.includes("Cannot find device"))
    throw new CommandError(command, args, finished);
}

function linkNames(json: string): readonly string[] {
  const links = JSON.parse(json === "" ? "[]" : json) as readonly { readonly ifname?: string }[];
  return links.flatMap(({ ifname }) => (ifname === undefined ? [] : [ifname]));
}

async function readOrUndefined(disk: Disk, file: string): Promise<string | undefined> {
  try {
    return await disk.readText(file);
  } catch (error) {
    if (isPlatformError(error, "ENOENT")) return undefined;
    throw error;
  }
}
