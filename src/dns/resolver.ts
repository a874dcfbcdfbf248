import { isIPv4, isIPv6 } from "node:net";
import type { Answer } from "dns-packet";
import type { Service } from "../api/index.ts";
import {
  addressLabel,
  type ClusterView,
  clusterAddresses,
  type HostRecord,
  hostRecords,
  isHeadless,
  labelAddress,
} from "./records.ts";
import { reverseAddress } from "./reverse.ts";

/** Seconds that resolvers may keep an answer. CoreDNS's default for the cluster zone is 30; shorter follows changes sooner. */
const ttlSeconds = 5;
const specVersion = "1.1.0";

export type Outcome =
  | { readonly type: "answer"; readonly answers: readonly Answer[]; readonly additionals: readonly Answer[] }
  /** The name exists, but not with records of this type. */
  | { readonly type: "no-data" }
  | { readonly type: "no-such-name" }
  /** Not a name of the cluster. */
  | { readonly type: "not-ours" }
  /** The caches are not filled yet: ask again. */
  | { readonly type: "not-ready" };

interface Named {
  readonly name: string;
  readonly type: string;
}

/** Names of Services and pods, by "Kubernetes DNS-Based Service Discovery" version 1.1.0. */
export class Resolver {
  readonly #view: ClusterView;
  readonly #domain: readonly string[];

  /** `domain` without a final dot: `cluster.local`. */
  constructor(view: ClusterView, domain: string) {
    this.#view = view;
    this.#domain = domain.toLowerCase().split(".");
  }

  resolve(question: Named): Outcome {
    const name = question.name.toLowerCase().replace(/\.$/, "");
    const labels = name.split(".");
    const address = reverseAddress(labels);
    const inside = this.#isInside(labels);
    if (!inside && address === undefined) return { type: "not-ours" };
    if (!this.#view.hasSynced()) return { type: "not-ready" };
    if (address !== undefined) return this.#reverse(question, address);
    return this.#cluster(
      { name: question.name, type: question.type },
      labels.slice(0, labels.length - this.#domain.length),
    );
  }

  #isInside(labels: readonly string[]): boolean {
    const offset = labels.length - this.#domain.length;
    return offset >= 0 && this.#domain.every((label, index) => labels[offset + index] === label);
  }

  #cluster(question: Named, labels: readonly string[]): Outcome {
    if (labels.length === 0) return { type: "no-data" };
    const kind = labels.at(-1);
    if (kind === "dns-version" && labels.length === 1) {
      return select(question, [{ type: "TXT", name: question.name, ttl: ttlSeconds, data: specVersion }]);
    }
    if (kind === "svc") return this.#service(question, labels.slice(0, -1));
    if (kind === "pod") return this.#pod(question, labels.slice(0, -1));
    return { type: "no-such-name" };
  }

  /** `ns`, `svc.ns`, `hostname.svc.ns` or `_port._protocol.svc.ns`. */
  #service(question: Named, labels: readonly string[]): Outcome {
    const namespace = labels.at(-1);
    const serviceName = labels.at(-2);
    if (namespace === undefined) return { type: "no-data" };
    if (serviceName === undefined)
      return this.#view.namespaceExists(namespace) ? { type: "no-data" } : { type: "no-such-name" };
    const service = this.#view.service(namespace, serviceName);
    if (service === undefined) return { type: "no-such-name" };
    const rest = labels.slice(0, -2);
    if (service.spec?.type === "ExternalName") return externalName(question, service, rest);
    const hosts = isHeadless(service) ? hostRecords(service, this.#view.slices(namespace, serviceName)) : undefined;
    const base = [serviceName, namespace, "svc", ...this.#domain].join(".");
    if (rest.length === 0)
      return hosts === undefined ? this.#ordinary(question, service, base) : this.#headless(question, hosts, base);
    if (rest.length === 1)
      return named(question, hosts?.filter(({ hostname }) => hostname.toLowerCase() === rest[0]) ?? []);
    const [port = "", protocol = ""] = rest;
    if (rest.length > 2 || !port.startsWith("_") || !protocol.startsWith("_")) return { type: "no-such-name" };
    return this.#port(question, service, hosts, base, port.slice(1), protocol.slice(1));
  }

  #ordinary(question: Named, service: Service, base: string): Outcome {
    const addresses = clusterAddresses(service);
    if (question.type === "SRV") {
      const ports = (service.spec?.ports ?? []).filter(({ name }) => name !== undefined && name !== "");
      return srv(
        question,
        ports.map(({ port }) => ({ port, target: base })),
        addresses.map((address) => addressRecord(base, address)),
      );
    }
    return select(
      question,
      addresses.map((address) => addressRecord(question.name, address)),
    );
  }

  #headless(question: Named, hosts: readonly HostRecord[], base: string): Outcome {
    if (hosts.length === 0) return { type: "no-such-name" };
    if (question.type === "SRV") return srvOfHosts(question, hosts, base, () => true);
    return select(
      question,
      unique(hosts).map((address) => addressRecord(question.name, address)),
    );
  }

  #port(
    question: Named,
    service: Service,
    hosts: readonly HostRecord[] | undefined,
    base: string,
    portName: string,
    protocol: string,
  ): Outcome {
    const matches = (port: { name?: string; protocol?: string }) =>
      port.name === portName && (port.protocol ?? "TCP").toLowerCase() === protocol;
    if (hosts !== undefined) {
      if (!hosts.some(({ ports }) => ports.some(matches))) return { type: "no-such-name" };
      return srvOfHosts(question, hosts, base, matches);
    }
    const ports = (service.spec?.ports ?? []).filter(matches);
    if (ports.length === 0) return { type: "no-such-name" };
    const addresses = clusterAddresses(service).map((address) => addressRecord(base, address));
    return srv(
      question,
      ports.map(({ port }) => ({ port, target: base })),
      addresses,
    );
  }

  /** `a-b-c-d.ns.pod`: the address that the name spells, in a namespace that exists. */
  #pod(question: Named, labels: readonly string[]): Outcome {
    const namespace = labels.at(-1);
    if (namespace === undefined) return { type: "no-data" };
    if (!this.#view.namespaceExists(namespace)) return { type: "no-such-name" };
    if (labels.length === 1) return { type: "no-data" };
    const address = labels.length === 2 ? labelAddress(labels[0] ?? "") : undefined;
    return address === undefined ? { type: "no-such-name" } : select(question, [addressRecord(question.name, address)]);
  }

  #reverse(question: Named, address: string): Outcome {
    const suffix = ["svc", ...this.#domain].join(".");
    const names = this.#view
      .servicesByAddress(address)
      .map(({ metadata }) => `${metadata.name}.${metadata.namespace}.${suffix}`);
    for (const slice of this.#view.slicesByAddress(address)) {
      const namespace = slice.metadata.namespace ?? "";
      const serviceName = slice.metadata.labels?.["kubernetes.io/service-name"] ?? "";
      const service = this.#view.service(namespace, serviceName);
      if (service === undefined || !isHeadless(service)) continue;
      for (const endpoint of slice.endpoints ?? []) {
        if (!endpoint.addresses.includes(address)) continue;
        names.push(`${endpoint.hostname || addressLabel(address)}.${serviceName}.${namespace}.${suffix}`);
      }
    }
    if (names.length === 0) return { type: "not-ours" };
    return select(
      question,
      [...new Set(names)].map((data) => ({ type: "PTR" as const, name: question.name, ttl: ttlSeconds, data })),
    );
  }
}

function unique(hosts: readonly HostRecord[]): string[] {
  return [...new Set(hosts.map(({ address }) => address))];
}

function named(question: Named, hosts: readonly HostRecord[]): Outcome {
  if (hosts.length === 0) return { type: "no-such-name" };
  return select(
    question,
    unique(hosts).map((address) => addressRecord(question.name, address)),
  );
}

function externalName(question: Named, service: Service, rest: readonly string[]): Outcome {
  const target = service.spec?.externalName;
  if (rest.length > 0 || target === undefined) return { type: "no-such-name" };
  return {
    type: "answer",
    answers: [{ type: "CNAME", name: question.name, ttl: ttlSeconds, data: target.replace(/\.$/, "") }],
    additionals: [],
  };
}

function addressRecord(name: string, address: string): Answer {
  return { type: isIPv4(address) ? "A" : "AAAA", name, ttl: ttlSeconds, data: address };
}

/** Keeps the records of the type that was asked for. */
function select(question: Named, records: readonly Answer[]): Outcome {
  const answers = records.filter(({ type }) => type === question.type || question.type === "ANY");
  return answers.length === 0 ? { type: "no-data" } : { type: "answer", answers, additionals: [] };
}

function srvOfHosts(
  question: Named,
  hosts: readonly HostRecord[],
  base: string,
  matches: (port: HostRecord["ports"][number]) => boolean,
): Outcome {
  const targets = hosts.flatMap((host) =>
    host.ports.filter(matches).map(({ port }) => ({ port, target: `${host.hostname}.${base}`, address: host.address })),
  );
  return srv(
    question,
    targets,
    targets.map(({ target, address }) => addressRecord(target, address)),
  );
}

function srv(
  question: Named,
  targets: readonly { port: number; target: string }[],
  additionals: readonly Answer[],
): Outcome {
  if (question.type !== "SRV" || targets.length === 0) return { type: "no-data" };
  const weight = Math.max(1, Math.floor(100 / targets.length));
  const answers = targets.map(({ port, target }) => ({
    type: "SRV" as const,
    name: question.name,
    ttl: ttlSeconds,
    data: { priority: 0, weight, port, target },
  }));
  return {
    type: "answer",
    answers,
    additionals: additionals.filter(
      (record) =>
        isIPv4(String("data" in record ? record.data : "")) || isIPv6(String("data" in record ? record.data : "")),
    ),
  };
}
