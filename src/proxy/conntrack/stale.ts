import type { RenderedPort } from "../rules/render.ts";

/** Flows of a Service's UDP port that the kernel remembers though new packets should go elsewhere. */
export interface StaleFlows {
  /** Where the client sent to; `undefined` for a node port on any local address. */
  readonly destination: string | undefined;
  readonly port: number;
  /** Only those translated to this endpoint; `undefined` means those that were not translated. */
  readonly endpoint: string | undefined;
}

/**
 * UDP has no connections, so a client that keeps sending keeps its translation for ever. To be forgotten: flows to
 * endpoints that are gone, and flows that began when a port had no endpoint at all.
 */
export function staleFlows(before: readonly RenderedPort[], after: readonly RenderedPort[]): readonly StaleFlows[] {
  const next = new Map(after.map((rendered) => [identity(rendered), rendered]));
  const found: StaleFlows[] = [];
  for (const old of before) {
    if (old.port.protocol !== "udp") continue;
    const kept = addressesOf(next.get(identity(old)));
    for (const endpoint of addressesOf(old)) if (!kept.has(endpoint)) found.push(...flowsTo(old, endpoint));
  }
  const previous = new Map(before.map((rendered) => [identity(rendered), rendered]));
  for (const rendered of after) {
    if (rendered.port.protocol !== "udp" || addressesOf(rendered).size === 0) continue;
    if (addressesOf(previous.get(identity(rendered))).size === 0) found.push(...flowsTo(rendered, undefined));
  }
  return found;
}

function identity({ port }: RenderedPort): string {
  return `${port.clusterIp} ${port.portName} ${port.port}`;
}

function addressesOf(rendered: RenderedPort | undefined): ReadonlySet<string> {
  if (rendered === undefined) return new Set();
  const { cluster, local } = rendered.chosen;
  return new Set([...cluster, ...local].map(({ address }) => address));
}

function flowsTo({ port }: RenderedPort, endpoint: string | undefined): readonly StaleFlows[] {
  const destinations = [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps];
  const flows: StaleFlows[] = destinations.map((destination) => ({ destination, port: port.port, endpoint }));
  return port.nodePort === 0 ? flows : [...flows, { destination: undefined, port: port.nodePort, endpoint }];
}
