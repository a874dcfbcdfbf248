import {
  type FieldError,
  internal,
  invalid,
  newInternalError,
  newInvalid,
  newUnknownError,
} from "../../apimachinery/index.ts";
import type { Strategy, WriteContext, WriteHooks } from "../registry/contract.ts";
import { AllocationError, type ClusterIps } from "./cluster-ips.ts";
import { fillIpFamilies } from "./ip-families.ts";
import type { NodePorts } from "./node-ports.ts";
import {
  addressesOf,
  type IpFamily,
  hasNodePorts,
  isHeadless,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePorts,
  nodePortsOf,
  type Service,
} from "./service-types.ts";

/** What one write has taken; a dry run only looks. */
interface Transfer {
  readonly dryRun: boolean;
  readonly takenAddresses: string[];
  readonly takenPorts: number[];
}

/** Gives Services their cluster IPs and node ports, inside the write that needs them. */
export class ServiceAllocator {
  readonly #addresses: ClusterIps;
  readonly #ports: NodePorts;
  readonly #onError: (error: unknown) => void;

  constructor(addresses: ClusterIps, ports: NodePorts, onError: (error: unknown) => void) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#onError = onError;
  }

  /** The Service strategy with allocation added. */
  extend(strategy: Strategy): Strategy {
    return {
      ...strategy,
      beginCreate: (object, context) => this.#begin(object as Service, undefined, context),
      beginUpdate: (object, old, context) => this.#begin(object as Service, old as Service, context),
      afterDelete: (object, context) => {
        strategy.afterDelete?.(object, context);
        this.#giveBack(addressesOf(object as Service), nodePortsOf(object as Service));
      },
    };
  }

  async #begin(service: Service, old: Service | undefined, { dryRun }: WriteContext): Promise<WriteHooks> {
    const errors = fillIpFamilies(service, old, this.#addresses.families);
    if (errors.length > 0) throw refuse(service, errors);
    if (old !== undefined) keepPorts(service, old);
    const transfer: Transfer = { dryRun, takenAddresses: [], takenPorts: [] };
    const rollback = () => {
      if (!dryRun) this.#giveBack(transfer.takenAddresses, transfer.takenPorts);
    };
    try {
      await this.#allocateAddresses(service, old, transfer);
      if (old === undefined || !hasNodePorts(old)) this.#allocatePorts(service, transfer);
      else this.#changePorts(service, old, transfer);
      this.#allocateHealthCheckPort(service, old, transfer);
    } catch (error) {
      rollback();
      throw error;
    }
    return {
      commit: () => {
        // What a change of type leaves out is known only now.
        const freed = old === undefined ? [] : nodePortsOf(old).filter((port) => !nodePortsOf(service).includes(port));
        this.#giveBack(dropped(service, old), freed);
      },
      rollback,
    };
  }

  async #allocateAddresses(service: Service, old: Service | undefined, transfer: Transfer): Promise<void> {
    const { spec, metadata } = service;
    if (!needsClusterIp(service) || isHeadless(service)) return;
    const families = spec.ipFamilies ?? [];
    const had = old === undefined || !needsClusterIp(old) ? 0 : Math.max(1, (old.spec.ipFamilies ?? []).length);
    // Another address than the Service has is for validation to refuse, and nothing to take from anybody.
    if (had > 0 && old !== undefined && (isHeadless(old) || families.length !== 2 || had !== 1)) return;
    const owner = { namespace: metadata.namespace ?? "", name: metadata.name ?? metadata.generateName ?? "" };
    const addresses = (spec.clusterIPs ?? []).slice(0, had);
    for (const [index, family] of families.entries()) {
      if (index < had) continue;
      const asked = spec.clusterIPs?.[index] ?? "";
      const address = await this.#allocate(service, family as IpFamily, asked, owner, transfer.dryRun);
      transfer.takenAddresses.push(address);
      addresses.push(address);
    }
    spec.clusterIPs = addresses;
    if (had === 0) spec.clusterIP = addresses[0] ?? "";
  }

  async #allocate(
    service: Service,
    family: IpFamily,
    asked: string,
    owner: { readonly namespace: string; readonly name: string },
    dryRun: boolean,
  ): Promise<string> {
    try {
      if (asked === "") return await this.#addresses.allocate(family, owner, dryRun);
      return await this.#addresses.allocateExact(asked, owner, dryRun);
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      const { clusterIPs = [] } = service.spec;
      const why =
        asked === ""
          ? `failed to allocate a serviceIP: ${error.message}`
          : `failed to allocate IP ${asked}: ${error.message}`;
      throw refuse(service, [
        asked === "" ? internal("spec.clusterIPs", why) : invalid("spec.clusterIPs", clusterIPs, why),
      ]);
    }
  }

  /** One number for the protocols that share a port, what is asked for first. */
  #allocatePorts(service: Service, transfer: Transfer): void {
    if (!hasNodePorts(service)) return;
    const ports = service.spec.ports ?? [];
    const byPort = new Map<number, number>();
    for (const [index, port] of ports.entries()) {
      const { nodePort = 0 } = port;
      if (nodePort === 0 && !needsNodePorts(service)) continue;
      const shared = byPort.get(port.port);
      if (shared !== undefined) {
        if (nodePort === 0) port.nodePort = shared;
        else if (nodePort !== shared) this.#takePort(service, nodePort, index, transfer);
        continue;
      }
      const asked = ports.find((other) => other.port === port.port && (other.nodePort ?? 0) !== 0)?.nodePort ?? 0;
      port.nodePort = this.#takePort(service, asked, index, transfer);
      byPort.set(port.port, port.nodePort);
    }
  }

  #changePorts(service: Service, old: Service, transfer: Transfer): void {
    if (!hasNodePorts(service)) return;
    const held = (old.spec.ports ?? []).map((port) => port.nodePort);
    const used = new Set<string>();
    for (const [index, port] of (service.spec.ports ?? []).entries()) {
      const { nodePort = 0, protocol = "TCP" } = port;
      if (nodePort === 0 && !needsNodePorts(service)) continue;
      if (nodePort === 0) port.nodePort = this.#takePort(service, 0, index, transfer);
      else if (!held.includes(nodePort) && !transfer.takenPorts.includes(nodePort)) {
        this.#takePort(service, nodePort, index, transfer);
      }
      const identity = `${protocol} ${port.nodePort}`;
      if (used.has(identity)) throw newUnknownError(`duplicate nodePort: {${identity}}`);
      used.add(identity);
    }
  }

  #allocateHealthCheckPort(service: Service, old: Service | undefined, transfer: Transfer): void {
    if (!needsHealthCheckPort(service) || (old !== undefined && needsHealthCheckPort(old))) return;
    const { healthCheckNodePort: asked = 0 } = service.spec;
    try {
      service.spec.healthCheckNodePort = this.#ports.allocate(asked, transfer.dryRun, transfer.takenPorts);
      transfer.takenPorts.push(service.spec.healthCheckNodePort);
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      const what = asked === 0 ? "a HealthCheck NodePort" : "requested HealthCheck NodePort";
      throw newInternalError(`failed to allocate ${what} ${asked}: ${error.message}`);
    }
  }

  /** `asked`: zero for any. */
  #takePort(service: Service, asked: number, index: number, transfer: Transfer): number {
    try {
      const port = this.#ports.allocate(asked, transfer.dryRun, transfer.takenPorts);
      transfer.takenPorts.push(port);
      return port;
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      if (asked === 0) throw newInternalError(`failed to allocate a nodePort: ${error.message}`);
      throw refuse(service, [invalid(`spec.ports[${index}].nodePort`, asked, error.message)]);
    }
  }

  #giveBack(addresses: readonly string[], ports: readonly number[]): void {
    for (const port of ports) this.#ports.mark(port, false);
    for (const address of addresses) this.#addresses.release(address).catch(this.#onError);
  }
}

function refuse(service: Service, errors: readonly FieldError[]): Error {
  return newInvalid({ group: "", kind: "Service" }, service.metadata.name ?? "", errors);
}

function dropped(service: Service, old: Service | undefined): readonly string[] {
  if (old === undefined) return [];
  const kept = needsClusterIp(service) ? addressesOf(service) : [];
  return addressesOf(old).filter((address) => !kept.includes(address));
}

/** An update that leaves out node ports means to keep them, where the name of the port stays. */
function keepPorts({ spec, ...rest }: Service, old: Service): void {
  const service = { ...rest, spec };
  const numbersOf = (of: Service) => new Set((of.spec.ports ?? []).map((port) => port.nodePort ?? 0));
  if (needsNodePorts(service) && needsNodePorts(old)) {
    const [now, before] = [numbersOf(service), numbersOf(old)];
    for (const port of spec.ports ?? []) {
      if ((port.nodePort ?? 0) !== 0) continue;
      const kept = old.spec.ports?.findLast((other) => (other.name ?? "") === (port.name ?? ""))?.nodePort ?? 0;
      if (kept !== 0 && !(now.has(kept) && before.has(kept))) port.nodePort = kept;
    }
  }
  if (!needsHealthCheckPort(service) || !needsHealthCheckPort(old)) return;
  if ((spec.healthCheckNodePort ?? 0) === 0 && old.spec.healthCheckNodePort !== undefined) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}
