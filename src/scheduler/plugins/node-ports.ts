import type { Refusal, SchedulerPlugin } from "../framework/contract.ts";
import { hostPortKeys } from "../cache/node-table.ts";

const refusal: Refusal = {
  plugin: "NodePorts",
  reason: "node(s) didn't have free ports for the requested pod ports",
  resolvable: true,
};

/** Keeps two pods with the same host port apart. A port on every address clashes with that port on any. */
export const nodePorts: SchedulerPlugin = {
  name: "NodePorts",
  events: ["AssignedPodDelete", "NodeAdd"],
  filter(pod, nodes) {
    const wanted = hostPortKeys(pod);
    if (wanted.length === 0) return undefined;
    return (row) => {
      const { hostPorts } = nodes.record(row);
      return hostPorts.size > 0 && wanted.some((key) => clashes(key, hostPorts)) ? refusal : undefined;
    };
  },
};

function clashes(key: string, taken: ReadonlyMap<string, number>): boolean {
  if (taken.has(key)) return true;
  const [protocol, ip, port] = key.split("/");
  if (ip !== "0.0.0.0") return taken.has(`${protocol}/0.0.0.0/${port}`);
  return [...taken.keys()].some((other) => other.startsWith(`${protocol}/`) && other.endsWith(`/${port}`));
}
