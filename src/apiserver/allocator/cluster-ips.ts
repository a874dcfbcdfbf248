import { isStatusError, type KubeObject } from "../../apimachinery/index.ts";
import type { Random } from "../../base/index.ts";
import type { Client, ResourceClient } from "../../client/index.ts";
import {
  type Address,
  addressAt,
  type AddressRange,
  formatAddress,
  offsetIn,
  parseAddress,
  parseRange,
} from "./address-range.ts";
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

interface Offered {
  readonly range: AddressRange;
  readonly taken: NumberSet;
  /** The ServiceCIDRs that offer it; several may. */
  readonly offeredBy: Set<string>;
}

/**
 * Cluster IPs, each backed by an IPAddress object: creating that object is what makes an allocation exclusive, also
 * among several servers over one store. A set in memory says where to look for free ones.
 *
 * The server's own ranges are always there; ServiceCIDRs add to them, and what they offer may overlap.
 */
export class ClusterIps {
  readonly #own: readonly AddressRange[];
  readonly #ranges = new Map<string, Offered>();
  readonly #used = new Map<string, Address>();
  readonly #random: Random;
  readonly #addresses: ResourceClient<IpAddress>;

  constructor(ranges: readonly AddressRange[], client: Client, random: Random) {
    this.#own = ranges;
    this.#random = random;
    for (const range of ranges) this.#offer(range, "");
    this.#addresses = client.resource<IpAddress>({
      group: "networking.k8s.io",
      version: "v1",
      resource: "ipaddresses",
    });
  }

  get families(): readonly ("IPv4" | "IPv6")[] {
    return this.#own.map(({ family }) => family);
  }

  /** What the ServiceCIDR of this name offers from now on, in place of what it did before. */
  offer(name: string, cidrs: readonly string[]): void {
    const ranges = cidrs.map(parseRange);
    for (const [cidr, { offeredBy }] of this.#ranges) {
      if (ranges.some((range) => range.cidr === cidr)) continue;
      offeredBy.delete(name);
      if (offeredBy.size === 0) this.#ranges.delete(cidr);
    }
    for (const range of ranges) this.#offer(range, name);
  }

  #offer(range: AddressRange, name: string): void {
    const known = this.#ranges.get(range.cidr);
    if (known !== undefined) {
      known.offeredBy.add(name);
      return;
    }
    const taken = new NumberSet(range.size, this.#random);
    this.#ranges.set(range.cidr, { range, taken, offeredBy: new Set([name]) });
    for (const address of this.#used.values()) note(range, taken, address, true);
  }

  /** By CIDR. */
  usage(): ReadonlyMap<string, Usage> {
    return new Map([...this.#ranges].map(([cidr, { taken }]) => [cidr, taken.usage]));
  }

  /** Takes note of what is in use already; the feed may repeat itself. */
  mark(address: string, used: boolean): void {
    const parsed = parseAddress(address);
    if (parsed === undefined) return;
    if (used) this.#used.set(address, parsed);
    else this.#used.delete(address);
    for (const { range, taken } of this.#ranges.values()) note(range, taken, parsed, used);
  }

  async allocate(family: "IPv4" | "IPv6", owner: ServiceReference, dryRun: boolean): Promise<string> {
    const offered = [...this.#ranges.values()].filter(({ range }) => range.family === family);
    if (offered.length === 0) throw new AllocationError(`no service range for family ${family}`);
    for (const { range, taken } of offered) {
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const offset = taken.anyFree([]);
        if (offset === undefined) break;
        const address = addressAt(range, offset);
        if (dryRun) return address;
        this.mark(address, true);
        if (await this.#claim(address, owner)) return address;
      }
    }
    throw new AllocationError("range is full");
  }

  async allocateExact(text: string, owner: ServiceReference, dryRun: boolean): Promise<string> {
    const parsed = parseAddress(text);
    const found =
      parsed === undefined
        ? undefined
        : [...this.#ranges.values()].find(({ range }) => offsetIn(range, parsed) !== undefined);
    if (parsed === undefined || found === undefined) {
      const valid = this.#own.find(({ family }) => family === parsed?.family) ?? this.#own[0];
      // Upstream's allocators for dry runs are others.
      throw new AllocationError(
        dryRun
          ? `the provided IP (${text}) is not in the valid range. The range of valid IPs is ${valid?.cidr}`
          : "the provided network does not match the current range",
      );
    }
    const address = formatAddress(parsed);
    const offset = offsetIn(found.range, parsed) ?? 0;
    if (found.taken.has(offset)) throw new AllocationError("provided IP is already allocated");
    if (dryRun) return address;
    this.mark(address, true);
    if (await this.#claim(address, owner)) return address;
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

function note(range: AddressRange, taken: NumberSet, address: Address, used: boolean): void {
  const offset = offsetIn(range, address);
  if (offset === undefined) return;
  if (used) taken.take(offset);
  else taken.release(offset);
}
