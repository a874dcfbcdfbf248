import type { EndpointSlice, Service } from "../../api/index.ts";
import type { Chain, ElementMap, ElementSet, Table } from "../../network/index.ts";
import type { ProxyConfig } from "../config.ts";
import { type ChosenEndpoints, chooseEndpoints, endpointsOf } from "../state/endpoints.ts";
import { type ServicePort, servicePorts } from "../state/service-port.ts";
import { baseChains, mapTypes, nodePortIps } from "./base.ts";
import { maps, sets } from "./names.ts";
import { dialect, type Part, renderPort } from "./part.ts";

/** A Service and its endpoint slices. */
export interface ServiceInput {
  readonly service: Service;
  readonly slices: readonly EndpointSlice[];
}

/** One port of a Service with what was chosen for it and what it adds to the table. */
export interface RenderedPort {
  readonly port: ServicePort;
  readonly chosen: ChosenEndpoints;
  readonly part: Part;
}

/** A pure function of its arguments. */
export function renderService(
  input: ServiceInput,
  config: ProxyConfig,
  zone: string | undefined,
): readonly RenderedPort[] {
  const node = { name: config.nodeName, zone };
  const slices = input.slices.filter((slice) => slice.addressType === config.family);
  return servicePorts(input.service, config.family).map((port) => {
    const endpoints = endpointsOf(slices, port.portName, port.protocol, config.nodeName);
    const chosen = chooseEndpoints(endpoints, node);
    return { port, chosen, part: renderPort(port, chosen, config) };
  });
}

/**
 * The whole table. When two Services claim the same address and port, the first one keeps it. Addresses of
 * `serviceRanges` that no Service has are refused, so that nothing for them leaves the node.
 */
export function renderTable(
  config: ProxyConfig,
  services: Iterable<readonly RenderedPort[]>,
  serviceRanges: readonly string[] = [],
): Table {
  const isOfFamily = (range: string) => range.includes(":") === (config.family === "IPv6");
  const chains = new Map<string, Chain>(baseChains(config, serviceRanges.filter(isOfFamily)));
  const ownSets = new Map<string, ElementSet>();
  const clusterIps = new Set<string>();
  const elements = Object.fromEntries(Object.keys(maps).map((name) => [name, new Map<string, string>()]));
  for (const service of services) {
    for (const { part } of service) {
      for (const [name, chain] of part.chains) chains.set(name, chain);
      for (const [name, set] of part.sets) ownSets.set(name, set);
      for (const address of part.clusterIps) clusterIps.add(address);
      for (const [name, entries] of Object.entries(part.maps)) addFirst(elements[name], entries);
    }
  }
  const { type } = dialect(config.family);
  const types = mapTypes(config);
  const table: Record<string, ElementMap> = {};
  for (const [key, name] of Object.entries(maps)) {
    table[name] = { type: types[key as keyof typeof maps], value: "verdict", elements: elements[key] ?? new Map() };
  }
  ownSets.set(sets.clusterIps, { type, elements: clusterIps });
  ownSets.set(sets.nodePortIps, { type, flags: ["interval"], elements: nodePortIps(config) });
  return {
    family: dialect(config.family).ip,
    name: config.table,
    comment: "rules for Services",
    chains,
    sets: ownSets,
    maps: new Map(Object.entries(table)),
  };
}

function addFirst(target: Map<string, string> | undefined, entries: readonly (readonly [string, string])[]): void {
  for (const [key, value] of entries) if (target?.has(key) === false) target.set(key, value);
}
