import type { Pod } from "../types.ts";

const hostnameMax = 63;

export interface PodHostname {
  readonly hostname: string;
  /** `<subdomain>.<namespace>.svc.<cluster domain>`, or empty. */
  readonly domain: string;
}

/** The name that a pod gives itself. */
export function podHostname(pod: Pod, clusterDomain: string, nodeHostname: string): PodHostname {
  const spec = pod.spec;
  if (spec?.hostnameOverride) return { hostname: spec.hostnameOverride, domain: "" };
  if (spec?.hostNetwork) return { hostname: nodeHostname, domain: "" };
  const hostname = spec?.hostname || (pod.metadata.name ?? "").slice(0, hostnameMax).replace(/[-.]+$/, "");
  const domain = spec?.subdomain ? `${spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : "";
  return { hostname, domain };
}

/** The hostname that the kernel is told: the full name where the pod wants it. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  return pod.spec?.setHostnameAsFQDN && domain !== "" ? `${hostname}.${domain}` : hostname;
}

const header = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;

/** The pod's /etc/hosts. `nodeHosts` is the node's own file, which pods on the host's network start from. */
export function hostsFile(pod: Pod, name: PodHostname, ips: readonly string[], nodeHosts: string): string {
  const aliases = hostAliases(pod);
  if (pod.spec?.hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${aliases}`;
  const names = name.domain === "" ? name.hostname : `${name.hostname}.${name.domain}\t${name.hostname}`;
  return header + ips.map((ip) => `${ip}\t${names}\n`).join("") + aliases;
}

function hostAliases(pod: Pod): string {
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length === 0) return "";
  const lines = aliases.map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join("\t")}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
}
