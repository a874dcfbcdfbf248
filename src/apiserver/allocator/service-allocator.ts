import { type FieldError, internal, invalid, newInvalid } from "../../apimachinery/index.ts";
import type { Strategy, WriteContext, WriteHooks } from "../registry/contract.ts";
import { AllocationError, type ClusterIps } from "./cluster-ips.ts";
import { fillIpFamilies } from "./ip-families.ts";
import type { NodePorts } from "./node-ports.ts";
import {
  addressesOf,
  type IpFamily,
  isHeadless,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePorts,
  nodePortsOf,
  type Service,
} from "./service-types.ts";

/** What one write has taken and what it will give back. */
interface Transfer {
  readonly takenAddresses: string[];
  readonly takenPorts: number[];
  readonly droppedAddresses: readonly string[];
  readonly droppedPorts: readonly number[];
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
        this.#giveBack(addressesOf(object as Service), nodePortsOf(object as Service), false);
      },
    };
  }

  async #begin(service: Service, old: Service | undefined, { dryRun }: WriteContext): Promise<WriteHooks> {
    const errors = fillIpFamilies(service, old, this.#addresses.families);
    if (errors.length > 0) throw refuse(service, errors);
    if (old !== undefined) keepPorts(service, old);
    const transfer: Transfer = {
      takenAddresses: [],
      takenPorts: [],
      droppedAddresses: dropped(service, old),
      droppedPorts: [],
    };
    try {
      await this.#allocateAddresses(service, old, transfer, dryRun);
      this.#allocatePorts(service, old, transfer);
    } catch (error) {
      this.#giveBack(transfer.takenAddresses, transfer.takenPorts, dryRun);
      throw error;
    }
    const freedPorts = old === undefined ? [] : nodePortsOf(old).filter((port) => !nodePortsOf(service).includes(port));
    return {
      commit: () => this.#giveBack(transfer.droppedAddresses, freedPorts, dryRun),
      rollback: () => this.#giveBack(transfer.takenAddresses, transfer.takenPorts, dryRun),
    };
  }

  async #allocateAddresses(
    service: Service,
    old: Service | undefined,
    transfer: Transfer,
    dryRun: boolean,
  ): Promise<void> {
    const { spec, metadata } = service;
    if (!needsClusterIp(service)) return;
    if (isHeadless(service)) {
      spec.clusterIP = "None";
      spec.clusterIPs = ["None"];
      return;
    }
    const owner = { namespace: metadata.namespace ?? "", name: metadata.name ?? metadata.generateName ?? "" };
    const present = old === undefined ? [] : addressesOf(old);
    const addresses: string[] = [];
    for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
      const asked = spec.clusterIPs?.[index] ?? "";
      // Another address than the Service has is for validation to refuse, and nothing to take from anybody.
      if (asked !== "" && (present.includes(asked) || index < present.length)) {
        addresses.push(asked);
        continue;
      }
      const address = await this.#allocate(service, family as IpFamily, asked, owner, dryRun);
      transfer.takenAddresses.push(address);
      addresses.push(address);
    }
    spec.clusterIPs = addresses;
    spec.clusterIP = addresses[0] ?? "";
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

  #allocatePorts(service: Service, old: Service | undefined, transfer: Transfer): void {
    const { spec } = service;
    const held = new Set(old === undefined ? [] : nodePortsOf(old));
    const byPort = new Map<number, number>();
    if (needsNodePorts(service)) {
      for (const [index, port] of (spec.ports ?? []).entries()) {
        const wanted = port.nodePort ?? 0;
        if (wanted === 0) {
          // One number for the protocols that share a port.
          const shared = byPort.get(port.port);
          port.nodePort = shared ?? this.#takePort(service, 0, `spec.ports[${index}].nodePort`, transfer);
        } else if (!held.has(wanted) && !transfer.takenPorts.includes(wanted)) {
          this.#takePort(service, wanted, `spec.ports[${index}].nodePort`, transfer);
        }
        if (port.nodePort !== undefined) byPort.set(port.port, port.nodePort);
      }
    }
    if (!needsHealthCheckPort(service)) {
      if (spec.healthCheckNodePort !== undefined) delete spec.healthCheckNodePort;
      return;
    }
    const wanted = spec.healthCheckNodePort ?? 0;
    if (wanted === 0 || !held.has(wanted)) {
      spec.healthCheckNodePort = this.#takePort(service, wanted, "spec.healthCheckNodePort", transfer);
    }
  }

  #takePort(service: Service, wanted: number, path: string, transfer: Transfer): number {
    try {
      if (wanted !== 0) this.#ports.allocateExact(wanted);
      const port = wanted === 0 ? this.#ports.allocate() : wanted;
      transfer.takenPorts.push(port);
      return port;
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      throw refuse(service, [invalid(path, wanted, error.message)]);
    }
  }

  #giveBack(addresses: readonly string[], ports: readonly number[], dryRun: boolean): void {
    for (const port of ports) this.#ports.mark(port, false);
    for (const address of addresses) this.#addresses.release(address, dryRun).catch(this.#onError);
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

/** An update that leaves out node ports means to keep them, where the port itself stays. */
function keepPorts(service: Service, old: Service): void {
  const { spec } = service;
  if (needsNodePorts(service) && needsNodePorts(old)) {
    const used = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
    for (const port of spec.ports ?? []) {
      if ((port.nodePort ?? 0) !== 0) continue;
      const before = old.spec.ports?.find(
        (other) => other.port === port.port && (other.protocol ?? "TCP") === (port.protocol ?? "TCP"),
      );
      if (before?.nodePort !== undefined && !used.has(before.nodePort)) port.nodePort = before.nodePort;
    }
  } else if (!needsNodePorts(service) && needsNodePorts(old)) {
    // Node ports that were only copied along with a change of type go.
    for (const port of spec.ports ?? []) {
      if (old.spec.ports?.some((other) => other.nodePort === port.nodePort)) delete port.nodePort;
    }
  }
  if (needsHealthCheckPort(service) && needsHealthCheckPort(old))
    spec.healthCheckNodePort ??= old.spec.healthCheckNodePort;
}
