import { type Disk, isPlatformError, type Processes } from "../../base/index.ts";
import { type Enter, enterCommand, runIn } from "../enter.ts";

/** Forwarding between pods, netfilter for bridged packets, and node ports on 127.0.0.1. */
const settings: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "1",
  "net/ipv4/conf/all/route_localnet": "1",
  "net/bridge/bridge-nf-call-iptables": "1",
};

/** Only these may be absent: without them pods of one node cannot reach each other through a Service. */
const optional = new Set(["net/bridge/bridge-nf-call-iptables"]);

/** Sets what a node's network needs; returns the names of settings that this kernel does not have. */
export async function applySysctls(
  platform: { readonly disk: Disk; readonly processes: Processes },
  enter: Enter,
): Promise<readonly string[]> {
  await loadBridgeFilter(platform);
  const missing: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    const file = `/proc/sys/${name}`;
    const [command, args] = enterCommand(enter, "cat", file);
    const { code, stdout } = await platform.processes.run(command, args);
    if (code !== 0 && optional.has(name)) missing.push(name.replaceAll("/", "."));
    else if (stdout.trim() !== value) await runIn(platform.processes, enter, "sh", "-c", `echo ${value} > ${file}`);
  }
  return missing;
}

async function loadBridgeFilter({ disk, processes }: { readonly disk: Disk; readonly processes: Processes }) {
  if ((await disk.status("/proc/sys/net/bridge")) !== undefined) return;
  try {
    await processes.run("modprobe", ["br_netfilter"]);
  } catch (error) {
    if (!isPlatformError(error)) throw error;
  }
}
