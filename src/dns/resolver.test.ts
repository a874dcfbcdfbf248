import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EndpointSlice, Service } from "../api/index.ts";
import type { ClusterView } from "./records.ts";
import { Resolver } from "./resolver.ts";

const service = (name: string, spec: Service["spec"]): Service =>
  ({ metadata: { name, namespace: "default" }, spec }) as Service;

const services: Readonly<Record<string, Service>> = {
  web: service("web", { clusterIP: "10.96.0.7", ports: [{ name: "http", port: 80, protocol: "TCP" }] }),
  db: service("db", { clusterIP: "None" }),
  out: service("out", { type: "ExternalName", externalName: "example.com" }),
};
const slice = {
  metadata: { name: "db-1", namespace: "default", labels: { "kubernetes.io/service-name": "db" } },
  addressType: "IPv4",
  ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
  endpoints: [
    { addresses: ["10.244.0.5"], hostname: "db-0", conditions: { ready: true } },
    { addresses: ["10.244.0.6"], conditions: { ready: true } },
    { addresses: ["10.244.0.7"], conditions: { ready: false } },
  ],
} as EndpointSlice;

const view: ClusterView = {
  hasSynced: () => true,
  namespaceExists: (namespace) => namespace === "default",
  service: (namespace, name) => (namespace === "default" ? services[name] : undefined),
  slices: (_namespace, name) => (name === "db" ? [slice] : []),
  servicesByAddress: (address) => Object.values(services).filter(({ spec }) => spec?.clusterIP === address),
  slicesByAddress: (address) => (slice.endpoints?.some(({ addresses }) => addresses.includes(address)) ? [slice] : []),
};

function ask(type: string, name: string): unknown {
  const outcome = new Resolver(view, "cluster.local").resolve({ type, name });
  if (outcome.type !== "answer") return outcome.type;
  return outcome.answers.map((answer) => ("data" in answer ? answer.data : undefined));
}

describe("cluster names", () => {
  for (const [type, name, expected] of [
    ["A", "web.default.svc.cluster.local", ["10.96.0.7"]],
    ["A", "WEB.Default.svc.Cluster.local", ["10.96.0.7"]],
    ["AAAA", "web.default.svc.cluster.local", "no-data"],
    [
      "SRV",
      "_http._tcp.web.default.svc.cluster.local",
      [{ priority: 0, weight: 100, port: 80, target: "web.default.svc.cluster.local" }],
    ],
    ["SRV", "_http._udp.web.default.svc.cluster.local", "no-such-name"],
    ["A", "db.default.svc.cluster.local", ["10.244.0.5", "10.244.0.6"]],
    ["A", "db-0.db.default.svc.cluster.local", ["10.244.0.5"]],
    ["A", "10-244-0-6.db.default.svc.cluster.local", ["10.244.0.6"]],
    ["A", "10-244-0-7.db.default.svc.cluster.local", "no-such-name"],
    ["CNAME", "out.default.svc.cluster.local", ["example.com"]],
    ["A", "gone.default.svc.cluster.local", "no-such-name"],
    ["A", "default.svc.cluster.local", "no-data"],
    ["A", "nowhere.svc.cluster.local", "no-such-name"],
    ["A", "10-1-2-3.default.pod.cluster.local", ["10.1.2.3"]],
    ["A", "nonsense.default.pod.cluster.local", "no-such-name"],
    ["TXT", "dns-version.cluster.local", ["1.1.0"]],
    ["PTR", "7.0.96.10.in-addr.arpa", ["web.default.svc.cluster.local"]],
    ["PTR", "5.0.244.10.in-addr.arpa", ["db-0.db.default.svc.cluster.local"]],
    ["A", "example.com", "not-ours"],
    ["A", "cluster.local", "no-data"],
  ] as const) {
    it(`${type} ${name}`, () => assert.deepEqual(ask(type, name), expected));
  }
});
