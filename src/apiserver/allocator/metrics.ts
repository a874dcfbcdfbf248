import type { MetricsRegistry } from "../../component/index.ts";

/** How many numbers of a range are given out, and how many there still are. */
export interface Usage {
  readonly allocated: number;
  readonly available: number;
}

/** `kube_apiserver_clusterip_allocator_*`, `kube_apiserver_nodeport_allocator_*`. Read when they are asked for. */
export function addAllocatorMetrics(
  registry: MetricsRegistry,
  addresses: () => ReadonlyMap<string, Usage>,
  ports: () => Usage,
): void {
  const of = (kind: string, name: string, help: string) => ({ name: `kube_apiserver_${kind}_allocator_${name}`, help });
  const ips = (name: string, help: string) => registry.gauges({ ...of("clusterip", name, help), labels: ["cidr"] });
  const given = ips("allocated_ips", "Cluster IPs that Services have.");
  const left = ips("available_ips", "Cluster IPs that Services may still get.");
  const givenPorts = registry.gauge(of("nodeport", "allocated_ports", "Node ports that Services have."));
  const leftPorts = registry.gauge(of("nodeport", "available_ports", "Node ports that Services may still get."));
  registry.beforeRender(() => {
    for (const [cidr, { allocated, available }] of addresses()) {
      given.with(cidr).set(allocated);
      left.with(cidr).set(available);
    }
    const { allocated, available } = ports();
    givenPorts.set(allocated);
    leftPorts.set(available);
  });
}
