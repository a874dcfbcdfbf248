import { quantityMilli, quantityValue } from "../quantity.ts";
import type { Container, Node, Pod } from "../types.ts";
import { matchesNodeSelection } from "./node-affinity.ts";

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionInput {
  readonly pod: Pod;
  /** Pods that already have their place on this node. */
  readonly others: readonly Pod[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly node: Node | undefined;
  readonly underMemoryPressure: boolean;
}

/** Whether the node can take the pod; `undefined` when it can. The scheduler has looked already, but may have been wrong. */
export function admit(input: AdmissionInput): Rejection | undefined {
  const rejection = forbiddenSysctl(input.pod) ?? outOfResources(input) ?? portConflict(input) ?? wrongNode(input);
  if (rejection === undefined) return undefined;
  return { reason: rejection.reason, message: `Pod was rejected: ${rejection.message}` };
}

const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);

function forbiddenSysctl(pod: Pod): Rejection | undefined {
  for (const { name } of pod.spec?.securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll("/", ".");
    const hostScoped =
      (dotted.startsWith("net.") && pod.spec?.hostNetwork) || (dotted.startsWith("kernel.shm") && pod.spec?.hostIPC);
    if (safeSysctls.has(dotted) && !hostScoped) continue;
    return { reason: "SysctlForbidden", message: `forbidden sysctl: "${name}" not allowlisted` };
  }
  return undefined;
}

/** What a pod asks for: its containers and sidecars together, or its hungriest init container if that is more. */
export function podRequest(pod: Pod, resource: string): number {
  const measure = resource === "cpu" ? quantityMilli : quantityValue;
  const of = (container: Container): number =>
    measure(container.resources?.requests?.[resource] ?? container.resources?.limits?.[resource]);
  const level = pod.spec?.resources?.requests?.[resource];
  const overhead = measure(pod.spec?.overhead?.[resource]);
  if (level !== undefined) return measure(level) + overhead;
  let sidecars = 0;
  let peak = 0;
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      sidecars += of(container);
      peak = Math.max(peak, sidecars);
    } else peak = Math.max(peak, sidecars + of(container));
  }
  const regular = (pod.spec?.containers ?? []).reduce((sum, container) => sum + of(container), 0);
  return Math.max(regular + sidecars, peak) + overhead;
}

function outOfResources({ pod, others, allocatable, node }: AdmissionInput): Rejection | undefined {
  const room = quantityValue(allocatable["pods"]);
  if (others.length + 1 > room) return outOf("pods", 1, others.length, room);
  const asked = new Set(
    (pod.spec?.containers ?? []).flatMap((container) => Object.keys(container.resources?.requests ?? {})),
  );
  for (const resource of ["cpu", "memory", "ephemeral-storage", ...asked]) {
    const requested = podRequest(pod, resource);
    const measure = resource === "cpu" ? quantityMilli : quantityValue;
    // Extended resources are others' to set; one that this node lacks is for the whole cluster, or for an extender.
    const text = resource.includes("/") ? node?.status?.allocatable?.[resource] : (allocatable[resource] ?? "0");
    if (requested === 0 || text === undefined) continue;
    const capacity = measure(text);
    const used = others.reduce((sum, other) => sum + podRequest(other, resource), 0);
    if (used + requested > capacity) return outOf(resource, requested, used, capacity);
  }
  return undefined;
}

function outOf(resource: string, requested: number, used: number, capacity: number): Rejection {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message };
}

function portConflict({ pod, others }: AdmissionInput): Rejection | undefined {
  const taken = others.flatMap(hostPorts);
  const clash = hostPorts(pod).some((port) =>
    taken.some((other) => other.port === port.port && other.protocol === port.protocol && overlaps(other.ip, port.ip)),
  );
  if (!clash) return undefined;
  return {
    reason: "NodePorts",
    message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  };
}

interface HostPort {
  readonly port: number;
  readonly protocol: string;
  readonly ip: string;
}

function hostPorts(pod: Pod): HostPort[] {
  return (pod.spec?.containers ?? [])
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({ port: port.hostPort ?? 0, protocol: port.protocol ?? "TCP", ip: port.hostIP || "0.0.0.0" }));
}

function overlaps(a: string, b: string): boolean {
  return a === b || a === "0.0.0.0" || b === "0.0.0.0";
}

function wrongNode({ pod, node, underMemoryPressure }: AdmissionInput): Rejection | undefined {
  if (node !== undefined && !matchesNodeSelection(pod, node)) {
    return {
      reason: "NodeAffinity",
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    };
  }
  const resources = (pod.spec?.containers ?? []).some(
    (container) => container.resources?.requests || container.resources?.limits,
  );
  if (underMemoryPressure && !resources && (pod.spec?.priority ?? 0) < 2_000_000_000) {
    return { reason: "Evicted", message: "The node had condition: [MemoryPressure]. " };
  }
  return undefined;
}
