import { isPlatformError, type Processes } from "../../base/index.ts";
import { type Enter, enterCommand } from "../enter.ts";

const ports = "CNI-HOSTPORT-DNAT";
const chains = [ports, "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK"];

/**
 * Removes what the portmap plug-in leaves behind when the last host port is gone: its chains in the nat table of
 * iptables, the jumps to them, and the tables that this leaves empty. Does nothing while any host port is in use.
 */
export async function removeHostPortChains(processes: Processes, enter: Enter): Promise<void> {
  for (const [command, family] of [
    ["iptables", "ip"],
    ["ip6tables", "ip6"],
  ] as const) {
    try {
      await removeFrom(processes, enter, command, family);
    } catch (error) {
      if (!isPlatformError(error, "ENOENT")) throw error;
    }
  }
}

async function removeFrom(processes: Processes, enter: Enter, command: string, family: string): Promise<void> {
  const run = async (...words: readonly string[]) => {
    const { code, stdout } = await processes.run(...enterCommand(enter, ...words));
    return code === 0 ? stdout : "";
  };
  const nft = (...words: readonly string[]) => run("nft", ...words);
  // Asking iptables would make the table.
  if (!(await nft("list", "tables", family)).includes(`table ${family} nat\n`)) return;
  const rules = (await run(command, "-t", "nat", "-S")).split("\n");
  if (rules.some((rule) => rule.startsWith(`-A ${ports} `))) return;
  for (const rule of rules.filter((line) => chains.some((chain) => line.endsWith(`-j ${chain}`)))) {
    await run("sh", "-c", `${command} -t nat ${rule.replace(/^-A/, "-D")}`);
  }
  for (const chain of chains.filter((name) => rules.includes(`-N ${name}`))) {
    await run(command, "-t", "nat", "-F", chain);
    await run(command, "-t", "nat", "-X", chain);
  }
  const left = await nft("-j", "list", "table", family, "nat");
  if (left !== "" && isEmpty(left)) await nft("delete", "table", family, "nat");
}

/** Whether a listed table holds nothing but chains that iptables makes by itself, without rules. */
function isEmpty(listing: string): boolean {
  const { nftables } = JSON.parse(listing) as { readonly nftables: readonly Record<string, Record<string, unknown>>[] };
  return nftables.every(
    ({ metainfo, table, chain }) => metainfo !== undefined || table !== undefined || chain?.["hook"] !== undefined,
  );
}
