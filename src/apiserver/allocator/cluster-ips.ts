import { isStatusError, type KubeObject } from "../../apimachinery/index.ts";
import type { Random } from "../../base/index.ts";
import type { Client, ResourceClient } from "../../client/index.ts";
import { addressAt, type AddressRange, formatAddress, offsetIn, parseAddress } from "./address-range.ts";
import type { Usage } from "./metrics.ts";
import { NumberSet } from "./number-set.ts";

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
}

interface IpAddress extends KubeObject {
  spec?: { parentRef?: { group?: string; resource?: string; namespace?: string; name?: string } };
}

/** An address that cannot be had. `message` is upstream's. */
export class AllocationError extends Error {}

/** How often to try another address when some other server was faster. */
const attemptsMax = 32;

/**
 * Cluster IPs, each backed by an IPAddress object: creating that object is what makes an allocation exclusive, also
 * among several servers over one store. A set in memory says where to look for free ones.
 */
export class ClusterIps {
  readonly #ranges: readonly { readonly range: AddressRange; readonly taken: NumberSet }[];
  readonly #addresses: ResourceClient<IpAddress>;

  constructor(ranges: readonly AddressRange[], client: Client, random: Random) {
    this.#ranges = ranges.map((range) => ({ range, taken: new NumberSet(range.size, random) }));
    this.#addresses = client.resource<IpAddress>({
      group: "networking.k8s.io",
      version: "v1",
      resource: "ipaddresses",
    });
  }

  get families(): readonly ("IPv4" | "IPv6")[] {
    return this.#ranges.map(({ range }) => range.family);
  }

  /** By CIDR. */
  usage(): ReadonlyMap<string, Usage> {
    return new Map(this.#ranges.map(({ range, taken }) => [range.cidr, taken.usage]));
  }

  /** Takes note of what is in use already; the feed may repeat itself. */
  mark(address: string, used: boolean): void {
    const parsed = parseAddress(address);
    if (parsed === undefined) return;
    for (const { range, taken } of this.#ranges) {
      const offset = offsetIn(range, parsed);
      if (offset === undefined) continue;
      if (used) taken.take(offset);
      else taken.release(offset);
    }
  }

  async allocate(family: "IPv4" | "IPv6", owner: ServiceReference, dryRun: boolean): Promise<string> {
    const found = this.#ranges.find(({ range }) => range.family === family);
    if (found === undefined) throw new AllocationError(`no service range for family ${family}`);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const offset = dryRun ? found.taken.anyFree([]) : found.taken.takeAny();
      if (offset === undefined) break;
      const address = addressAt(found.range, offset);
      if (dryRun || (await this.#claim(address, owner))) return address;
    }
    throw new AllocationError("range is full");
  }

  async allocateExact(text: string, owner: ServiceReference, dryRun: boolean): Promise<string> {
    const parsed = parseAddress(text);
    const found =
      parsed === undefined ? undefined : this.#ranges.find(({ range }) => offsetIn(range, parsed) !== undefined);
    if (parsed === undefined || found === undefined) {
      const valid = this.#ranges.find(({ range }) => range.family === parsed?.family) ?? this.#ranges[0];
      // Upstream's allocators for dry runs are others.
      throw new AllocationError(
        dryRun
          ? `the provided IP (${text}) is not in the valid range. The range of valid IPs is ${valid?.range.cidr}`
          : "the provided network does not match the current range",
      );
    }
    const address = formatAddress(parsed);
    const offset = offsetIn(found.range, parsed) ?? 0;
    const isFree = dryRun ? !found.taken.has(offset) : found.taken.take(offset);
    if (!isFree) throw new AllocationError("provided IP is already allocated");
    if (dryRun || (await this.#claim(address, owner))) return address;
    throw new AllocationError("provided IP is already allocated");
  }

  async release(address: string): Promise<void> {
    this.mark(address, false);
    await this.#addresses.delete(address).catch((error: unknown) => {
      if (!isStatusError(error, "NotFound")) throw error;
    });
  }

  /** Makes sure of the object for an address in use; false when it belongs to another Service. */
  async repair(address: string, owner: ServiceReference): Promise<boolean> {
    this.mark(address, true);
    if (await this.#claim(address, owner)) return true;
    const present = await this.#addresses.get(address).catch(() => undefined);
    const parent = present?.spec?.parentRef;
    return parent?.name === owner.name && parent.namespace === owner.namespace;
  }

  async #claim(address: string, { namespace, name }: ServiceReference): Promise<boolean> {
    const family = address.includes(":") ? "IPv6" : "IPv4";
    const labels = {
      "ipaddress.kubernetes.io/ip-family": family,
      "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    };
    try {
      await this.#addresses.create({
        metadata: { name: address, labels },
        spec: { parentRef: { group: "", resource: "services", namespace, name } },
      });
      return true;
    } catch (error) {
      if (isStatusError(error, "AlreadyExists")) return false;
      throw error;
    }
  }
}
