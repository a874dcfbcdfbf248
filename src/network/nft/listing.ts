/** A table as `nft -j list table` shows it, reduced to names, rule counts and elements in nft's own syntax. */
export interface ListedTable {
  /** Chain → number of rules. */
  readonly chains: ReadonlyMap<string, number>;
  readonly sets: ReadonlyMap<string, readonly string[]>;
  readonly maps: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export function parseTable(json: unknown): ListedTable {
  const chains = new Map<string, number>();
  const sets = new Map<string, readonly string[]>();
  const maps = new Map<string, ReadonlyMap<string, string>>();
  for (const entry of list(object(json)["nftables"])) {
    const [kind = "", value] = Object.entries(object(entry))[0] ?? [];
    const { name, chain, elem } = object(value);
    if (kind === "chain") chains.set(String(name), chains.get(String(name)) ?? 0);
    if (kind === "rule") chains.set(String(chain), (chains.get(String(chain)) ?? 0) + 1);
    if (kind === "set") sets.set(String(name), list(elem).map(expression));
    if (kind === "map") {
      const pairs = list(elem)
        .map(list)
        .map(([key, target]) => [expression(key), expression(target)] as const);
      maps.set(String(name), new Map(pairs));
    }
  }
  return { chains, sets, maps };
}

function expression(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const [kind = "", inner] = Object.entries(value)[0] ?? [];
  if (kind === "concat") return list(inner).map(expression).join(" . ");
  if (kind === "range") return list(inner).map(expression).join("-");
  if (kind === "elem") return expression(object(inner)["val"]);
  if (kind === "goto" || kind === "jump") return `${kind} ${String(object(inner)["target"])}`;
  if (kind === "prefix") return `${String(object(inner)["addr"])}/${String(object(inner)["len"])}`;
  return kind;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
