import type { Processes } from "../../base/index.ts";
import { contains } from "../addresses.ts";
import { type Enter, enterCommand, runIn } from "../enter.ts";

/** Marks our routes in the kernel (a number that no routing daemon uses). */
export const ROUTE_PROTOCOL = "118";

export interface Route {
  readonly dst: string;
  readonly type?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

/** The other nodes: their pod ranges and the addresses that these are reached through. */
export interface Peer {
  readonly podCidr: string;
  readonly address: string;
}

export async function listRoutes(processes: Processes, enter: Enter, ...selector: string[]): Promise<readonly Route[]> {
  const [command, args] = enterCommand(enter, "ip", "-json", "route", "show", ...selector);
  const { stdout } = await processes.run(command, args);
  return JSON.parse(stdout.trim() === "" ? "[]" : stdout) as readonly Route[];
}

/** Refuses a range locally. The highest metric: it steps back behind any real route to the same range. */
export async function addUnreachable(processes: Processes, enter: Enter, range: string): Promise<void> {
  await runIn(processes, enter, ...unreachable("replace", range));
}

export async function removeUnreachable(processes: Processes, enter: Enter, range: string): Promise<void> {
  const [command, args] = enterCommand(enter, ...unreachable("delete", range));
  await processes.run(command, args);
}

function unreachable(verb: "replace" | "delete", range: string): readonly string[] {
  return ["ip", "route", verb, "unreachable", range, "metric", "4278198272", "protocol", ROUTE_PROTOCOL];
}

/** Makes the routes inside `clusterCidr` that lead through a gateway exactly those to the peers. */
export async function syncPeerRoutes(
  processes: Processes,
  enter: Enter,
  clusterCidr: string,
  peers: readonly Peer[],
): Promise<void> {
  const present = (await listRoutes(processes, enter, "protocol", ROUTE_PROTOCOL)).filter(
    ({ dst, gateway }) => gateway !== undefined && dst !== "default" && contains(clusterCidr, dst),
  );
  const wanted = new Map(peers.map(({ podCidr, address }) => [podCidr, address]));
  for (const { dst, gateway } of present) {
    if (wanted.get(dst) === gateway) wanted.delete(dst);
    else if (!wanted.has(dst)) await runIn(processes, enter, "ip", "route", "delete", dst, "protocol", ROUTE_PROTOCOL);
  }
  for (const [podCidr, address] of wanted) {
    await runIn(processes, enter, "ip", "route", "replace", podCidr, "via", address, "protocol", ROUTE_PROTOCOL);
  }
}
