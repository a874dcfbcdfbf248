import type { Pod } from "../types.ts";

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

const serversMax = 3;
const searchesMax = 32;
const searchCharactersMax = 2048;

export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    if (keyword === "search") searches = values.map((value) => (value === "." ? value : value.replace(/\.$/, "")));
    if (keyword === "options") options = values;
  }
  return { servers, searches, options };
}

export interface DnsInput {
  readonly pod: Pod;
  readonly host: DnsConfig;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** Something about the pod's configuration that its owner should hear of. */
  readonly warn: (reason: string, message: string) => void;
}

/** What goes into a pod's resolv.conf, by its `dnsPolicy` and `dnsConfig`. */
export function podDns(input: DnsInput): DnsConfig {
  const base = byPolicy(input);
  const extra = input.pod.spec?.dnsConfig;
  if (extra === undefined) return fit(input, base);
  const merged = {
    servers: unique([...base.servers, ...(extra.nameservers ?? [])]),
    searches: unique([...base.searches, ...(extra.searches ?? [])]),
    options: mergeOptions(base.options, extra.options ?? []),
  };
  return fit(input, merged);
}

function byPolicy({ pod, host, clusterDns, clusterDomain, warn }: DnsInput): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? "ClusterFirst";
  if (policy === "None") return { servers: [], searches: [], options: [] };
  const cluster = policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && pod.spec?.hostNetwork !== true);
  if (!cluster) return host;
  if (clusterDns.length === 0) {
    warn(
      "MissingClusterDNS",
      `kubelet does not have ClusterDNS IP configured and cannot create Pod using "${policy}" policy. Falling back to "Default" policy.`,
    );
    return host;
  }
  const own =
    clusterDomain === ""
      ? []
      : [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: clusterDns, searches: unique([...own, ...host.searches]), options: ["ndots:5"] };
}

function mergeOptions(
  base: readonly string[],
  extra: readonly { readonly name?: string; readonly value?: string }[],
): string[] {
  const merged = new Map(base.map((option) => [option.split(":")[0] ?? option, option]));
  for (const { name = "", value } of extra) merged.set(name, value ? `${name}:${value}` : name);
  return [...merged.values()];
}

/** Cuts to what resolvers read. */
function fit({ warn }: DnsInput, config: DnsConfig): DnsConfig {
  let { servers, searches } = config;
  if (servers.length > serversMax) {
    servers = servers.slice(0, serversMax);
    warn(
      "DNSConfigForming",
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(" ")}`,
    );
  }
  const kept = fittingSearches(searches);
  if (kept.length < searches.length) {
    searches = kept;
    warn(
      "DNSConfigForming",
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(" ")}`,
    );
  }
  return { servers, searches, options: config.options };
}

function fittingSearches(searches: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const search of searches.slice(0, searchesMax)) {
    characters += search.length + 1;
    if (characters - 1 > searchCharactersMax) break;
    kept.push(search);
  }
  return kept;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
