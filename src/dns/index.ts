export { udpForwarder } from "./forwarder.ts";
export type { ClusterView } from "./records.ts";
export { type Outcome, Resolver } from "./resolver.ts";
export { DnsServer, type DnsServerOptions, type Forwarder } from "./server.ts";
export { informerView } from "./view.ts";
export { dnsCommand } from "./command/dns.ts";
