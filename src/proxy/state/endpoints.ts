import type { EndpointSlice } from "../../api/index.ts";

export interface ProxyEndpoint {
  readonly address: string;
  readonly port: number;
  readonly local: boolean;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Zones and nodes that this endpoint is meant for; empty when nothing says so. */
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

/** The endpoints for one Service port, by address and port, each once. */
export function endpointsOf(
  slices: readonly EndpointSlice[],
  portName: string,
  protocol: string,
  nodeName: string,
): readonly ProxyEndpoint[] {
  const found = new Map<string, ProxyEndpoint>();
  for (const slice of slices) {
    const port = (slice.ports ?? []).find(
      (candidate) => (candidate.name ?? "") === portName && (candidate.protocol ?? "TCP").toLowerCase() === protocol,
    )?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const [address] = endpoint.addresses;
      if (address === undefined) continue;
      const { conditions = {}, hints } = endpoint;
      const ready = conditions.ready ?? true;
      found.set(`${address} ${port}`, {
        address,
        port,
        local: endpoint.nodeName === nodeName,
        ready,
        serving: conditions.serving ?? ready,
        terminating: conditions.terminating ?? false,
        zoneHints: (hints?.forZones ?? []).map(({ name }) => name),
        nodeHints: (hints?.forNodes ?? []).map(({ name }) => name),
      });
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

export interface ChosenEndpoints {
  /** For traffic that may go anywhere. */
  readonly cluster: readonly ProxyEndpoint[];
  /** For traffic that must stay on this node. */
  readonly local: readonly ProxyEndpoint[];
  /** Whether any node has an endpoint that would take traffic. */
  readonly any: boolean;
}

/**
 * Ready endpoints; if there is none, those that terminate but still serve. Hints narrow the choice only if every
 * ready endpoint has them and some are meant for this node or zone.
 */
export function chooseEndpoints(
  endpoints: readonly ProxyEndpoint[],
  node: { readonly name: string; readonly zone: string | undefined },
): ChosenEndpoints {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  const usable = orTerminating(ready, endpoints);
  const local = endpoints.filter((endpoint) => endpoint.local);
  return {
    cluster: ready.length === 0 ? usable : hinted(ready, node),
    local: orTerminating(
      local.filter((endpoint) => endpoint.ready),
      local,
    ),
    any: usable.length > 0,
  };
}

function orTerminating(ready: readonly ProxyEndpoint[], all: readonly ProxyEndpoint[]): readonly ProxyEndpoint[] {
  return ready.length > 0 ? ready : all.filter((endpoint) => endpoint.serving && endpoint.terminating);
}

function hinted(ready: readonly ProxyEndpoint[], node: { readonly name: string; readonly zone: string | undefined }) {
  if (ready.every(({ nodeHints }) => nodeHints.length > 0)) {
    const near = ready.filter(({ nodeHints }) => nodeHints.includes(node.name));
    if (near.length > 0) return near;
  }
  const { zone } = node;
  if (zone === undefined || !ready.every(({ zoneHints }) => zoneHints.length > 0)) return ready;
  const near = ready.filter(({ zoneHints }) => zoneHints.includes(zone));
  return near.length > 0 ? near : ready;
}
