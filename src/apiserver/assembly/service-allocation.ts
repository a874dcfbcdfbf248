import type { KubeObject } from "../../apimachinery/index.ts";
import type { Log, Random } from "../../base/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { addAllocatorMetrics } from "../allocator/metrics.ts";
import { type Client, isAlreadyExists } from "../../client/index.ts";
import { type AddressRange, addressAt, parseRange } from "../allocator/address-range.ts";
import { ClusterIps } from "../allocator/cluster-ips.ts";
import { NodePorts, type PortRange } from "../allocator/node-ports.ts";
import { ServiceAllocator } from "../allocator/service-allocator.ts";
import { addressesOf, nodePortsOf, type Service } from "../allocator/service-types.ts";
import { followCache } from "../cacher/follow.ts";
import type { Strategy } from "../registry/contract.ts";
import type { StrategyTable } from "../registry/descriptors.ts";
import type { ApiServer } from "../server.ts";
import { cacheOf } from "./live-objects.ts";

export interface ServiceNetworkOptions {
  /** `--service-cluster-ip-range`, one per family; the first is the default family. */
  readonly serviceCidrs: readonly string[];
  /** `--service-node-port-range`. */
  readonly nodePorts: PortRange;
}

export const serviceNetworkDefaults: ServiceNetworkOptions = {
  serviceCidrs: ["10.96.0.0/12"],
  nodePorts: { first: 30_000, last: 32_767 },
};

interface ServiceCidr extends KubeObject {
  readonly spec: { readonly cidrs?: readonly string[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Nothing while its controller has not found it ready, or when it is going. */
function offeredBy({ metadata, spec, status }: ServiceCidr): readonly string[] {
  const ready = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
  return ready && metadata.deletionTimestamp === undefined ? (spec.cidrs ?? []) : [];
}

interface IpAddress extends KubeObject {
  spec?: { parentRef?: { namespace?: string; name?: string } };
}

/** Cluster IPs and node ports of one server: taken in writes, learnt from the caches, repaired at the start. */
export class ServiceAllocation {
  readonly #options: ServiceNetworkOptions;
  readonly #random: Random;
  readonly #log: Log;
  readonly #ranges: readonly AddressRange[];
  readonly #ports: NodePorts;
  #allocator: ServiceAllocator | undefined;
  #addresses: ClusterIps | undefined;

  constructor(options: ServiceNetworkOptions, random: Random, log: Log) {
    this.#options = options;
    this.#random = random;
    this.#log = log;
    this.#ranges = options.serviceCidrs.map(parseRange);
    this.#ports = new NodePorts(options.nodePorts, random);
  }

  /** Adds how much of the ranges is given out. */
  report(metrics: MetricsRegistry): void {
    addAllocatorMetrics(
      metrics,
      () => this.#addresses?.usage() ?? new Map(),
      () => this.#ports.usage,
    );
  }

  /** The first address of the range: the API server's own Service. */
  get apiServerAddress(): string {
    return this.#ranges[0] === undefined ? "" : addressAt(this.#ranges[0], 0);
  }

  get families(): readonly ("IPv4" | "IPv6")[] {
    return this.#ranges.map(({ family }) => family);
  }

  /** The strategies with allocation added to that of Services. */
  extend(strategies: StrategyTable, fallback: Strategy): StrategyTable {
    const services = strategies.get("/services") ?? fallback;
    const current = (): Strategy => {
      if (this.#allocator === undefined)
        throw new Error("broken invariant: a Service was written before the allocators were ready");
      return this.#allocator.extend(services);
    };
    const extended: Strategy = {
      ...services,
      beginCreate: async (object, context) => current().beginCreate?.(object, context),
      beginUpdate: async (object, old, context) => current().beginUpdate?.(object, old, context),
      afterDelete: (object, context) => current().afterDelete?.(object, context),
    };
    return new Map([...strategies, ["/services", extended]]);
  }

  /** Learns what is in use and mends what a crash left: addresses without their object, objects without a Service. */
  async start(server: ApiServer, client: Client, signal: AbortSignal): Promise<void> {
    const addresses = new ClusterIps(this.#ranges, client, this.#random);
    this.#addresses = addresses;
    this.#allocator = new ServiceAllocator(addresses, this.#ports, (error) => {
      this.#log.warn("a cluster IP could not be given back", { error: String(error) });
    });
    await this.#ensureServiceCidr(client);
    const known = await client
      .resource<IpAddress>({ group: "networking.k8s.io", version: "v1", resource: "ipaddresses" })
      .list();
    for (const { metadata } of known.items) addresses.mark(metadata.name ?? "", true);
    const services = await client.resource<Service>({ group: "", version: "v1", resource: "services" }).list();
    await Promise.all(services.items.map((service) => this.#repair(addresses, service, known.items)));
    await this.#dropOrphans(addresses, services.items, known.items);
    await this.#follow(server, addresses, signal);
  }

  async #repair(addresses: ClusterIps, service: Service, known: readonly IpAddress[]): Promise<void> {
    for (const port of nodePortsOf(service)) this.#ports.mark(port, true);
    const owner = { namespace: service.metadata.namespace ?? "", name: service.metadata.name ?? "" };
    for (const address of addressesOf(service)) {
      if (known.some(({ metadata }) => metadata.name === address)) continue;
      if (!(await addresses.repair(address, owner)))
        this.#log.warn("two Services have the same cluster IP", { address, ...owner });
    }
  }

  async #dropOrphans(addresses: ClusterIps, services: readonly Service[], known: readonly IpAddress[]): Promise<void> {
    const used = new Set(services.flatMap(addressesOf));
    for (const { metadata } of known) {
      const name = metadata.name ?? "";
      const ours = metadata.labels?.["ipaddress.kubernetes.io/managed-by"] === "ipallocator.k8s.io";
      if (ours && !used.has(name)) await addresses.release(name);
    }
  }

  /** Other servers of the cluster allocate too. */
  async #follow(server: ApiServer, addresses: ClusterIps, signal: AbortSignal): Promise<void> {
    const objects = followCache(
      cacheOf(server, "networking.k8s.io", "ipaddresses"),
      { upsert: ({ name }) => addresses.mark(name, true), remove: ({ name }) => addresses.mark(name, false) },
      signal,
    );
    const services = followCache(
      cacheOf(server, "", "services"),
      {
        upsert: ({ object }) => {
          for (const port of nodePortsOf(object as Service)) this.#ports.mark(port, true);
        },
        remove: ({ object }) => {
          for (const port of nodePortsOf(object as Service)) this.#ports.mark(port, false);
        },
      },
      signal,
    );
    const cidrs = followCache(
      cacheOf(server, "networking.k8s.io", "servicecidrs"),
      {
        upsert: ({ name, object }) => addresses.offer(name, offeredBy(object as ServiceCidr)),
        remove: ({ name }) => addresses.offer(name, []),
      },
      signal,
    );
    await Promise.all([objects, services, cidrs]);
  }

  async #ensureServiceCidr(client: Client): Promise<void> {
    const cidrs = client.resource<ServiceCidr>({
      group: "networking.k8s.io",
      version: "v1",
      resource: "servicecidrs",
    });
    const { items } = await cidrs.list();
    if (items.some(({ metadata }) => metadata.name === "kubernetes")) return;
    try {
      const created = await cidrs.create({
        metadata: { name: "kubernetes" },
        spec: { cidrs: this.#options.serviceCidrs },
      });
      const condition = {
        type: "Ready",
        status: "True",
        lastTransitionTime: created.metadata.creationTimestamp,
        reason: "",
        message: "Kubernetes default Service CIDR is ready",
      };
      await cidrs.updateStatus({ ...created, status: { conditions: [condition] } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
