import assert from "node:assert/strict";
import { test } from "node:test";
import type { coreV1, Endpoints, Service } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { endpointsStrategy } from "./endpoints.ts";
import { serviceStrategy } from "./service.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", namespace: "n", creationTimestamp: "1970-01-01T00:00:00Z" };
const port: coreV1.ServicePort = { port: 80, protocol: "TCP", targetPort: 8080 };

/** As defaults and the allocators leave it. */
function service(change: Partial<coreV1.ServiceSpec> = {}): Service {
  return {
    metadata,
    spec: {
      type: "ClusterIP",
      ports: [port],
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      clusterIP: "10.96.0.7",
      clusterIPs: ["10.96.0.7"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ...change,
    },
  };
}

const balanced = (change: Partial<coreV1.ServiceSpec> = {}) =>
  service({ type: "LoadBalancer", externalTrafficPolicy: "Cluster", allocateLoadBalancerNodePorts: true, ...change });
const external: Service = {
  metadata,
  spec: { type: "ExternalName", externalName: "a.example.com.", sessionAffinity: "None" },
};
const headless = service({ clusterIP: "None", clusterIPs: ["None"], ports: [] });

const services = new RuleTables<Service>("Service", serviceStrategy);
services.accepts([
  ["one with an address", service()],
  ["a headless one without ports", headless],
  ["an external name", external],
  ["a load balancer", balanced({ loadBalancerSourceRanges: ["10.0.0.0/8"], loadBalancerClass: "example.com/a" })],
  [
    "both families",
    service({ clusterIPs: ["10.96.0.7", "fd00::7"], ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "PreferDualStack" }),
  ],
]);
services.rejects([
  ["no ports", service({ ports: [] }), ["spec.ports: Required value"]],
  [
    "ports without names",
    service({ ports: [port, { ...port, port: 81 }] }),
    ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
  ],
  [
    "a port out of range",
    service({ ports: [{ ...port, port: 0 }] }),
    ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"],
  ],
  [
    "an unknown protocol",
    service({ ports: [{ ...port, protocol: wrong("HTTP") }] }),
    ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
  ],
  [
    "the same port twice",
    service({
      ports: [
        { ...port, name: "a" },
        { ...port, name: "b" },
      ],
    }),
    [
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
  ],
  [
    "the same name twice",
    service({
      ports: [
        { ...port, name: "a" },
        { ...port, name: "a", port: 81 },
      ],
    }),
    ['spec.ports[1].name: Duplicate value: "a"'],
  ],
  [
    "a node port of a cluster address",
    service({ ports: [{ ...port, nodePort: 30000 }] }),
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    "a headless load balancer",
    balanced({ clusterIP: "None", clusterIPs: ["None"] }),
    ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"],
  ],
  [
    "an address of an external name",
    { metadata, spec: { ...external.spec, clusterIPs: ["10.0.0.1"] } },
    ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
  ],
  [
    "addresses that disagree",
    service({ clusterIP: "10.96.0.8" }),
    ['spec.clusterIPs: Invalid value: ["10.96.0.7"]: first value must match `clusterIP`'],
  ],
  [
    "an address of the other family",
    service({ ipFamilies: ["IPv6"] }),
    ['spec.clusterIPs[0]: Invalid value: "10.96.0.7": expected an IPv6 value as indicated by `ipFamilies[0]`'],
  ],
  [
    "two addresses of one family",
    service({ clusterIPs: ["10.96.0.7", "10.96.0.8"] }),
    ['spec.clusterIPs: Invalid value: ["10.96.0.7","10.96.0.8"]: may specify no more than one IP for each IP family'],
  ],
  [
    "an external address that means the node itself",
    service({ externalIPs: ["127.0.0.1"], externalTrafficPolicy: "Cluster" }),
    ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ],
  [
    "source ranges of no load balancer",
    service({ loadBalancerSourceRanges: ["10.0.0.0/8"] }),
    ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
  ],
  [
    "a traffic policy inside",
    service({ externalTrafficPolicy: "Local" }),
    ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
  ],
  [
    "no port for health checks",
    balanced({ externalTrafficPolicy: "Local" }),
    ["spec.healthCheckNodePort: Required value"],
  ],
  [
    "affinity without its time",
    service({ sessionAffinity: "ClientIP" }),
    ["spec.sessionAffinityConfig: Required value: when session affinity type is ClientIP"],
  ],
  [
    "an unknown distribution",
    service({ trafficDistribution: "Far" }),
    [
      'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
  ],
]);
services.changes([
  [
    "the address stays",
    service({ clusterIP: "10.96.0.8", clusterIPs: ["10.96.0.8"] }),
    service(),
    ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
  ],
  [
    "the class of a load balancer stays",
    balanced({ loadBalancerClass: "example.com/b" }),
    balanced({ loadBalancerClass: "example.com/a" }),
    ['spec.loadBalancerClass: Invalid value: "example.com/b": may not change once set'],
  ],
  [
    "the second address goes only with the policy",
    service({ ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] }),
    service({ clusterIPs: ["10.96.0.7", "fd00::7"], ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "PreferDualStack" }),
    [
      "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP",
    ],
  ],
]);
services.changes(
  [
    [
      "addresses from outside are for load balancers",
      { ...service(), status: { loadBalancer: { ingress: [{ ip: "1.2.3.4", ipMode: "VIP" }] } } },
      service(),
      ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"],
    ],
    [
      "an address says how it is reached",
      { ...balanced(), status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } },
      balanced(),
      ["status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set"],
    ],
  ],
  "status",
);
test("a change of type takes what the new type does not have", () => {
  const old = balanced({ ports: [{ ...port, nodePort: 30000 }] });
  const { spec } = services.updated({ ...old, spec: { ...structuredClone(old.spec), type: "ClusterIP" } }, old);
  assert.deepEqual(
    [spec.ports?.[0]?.nodePort, spec.allocateLoadBalancerNodePorts, spec.externalTrafficPolicy],
    [undefined, undefined, undefined],
  );
});
services.prints([
  [
    "a load balancer",
    {
      ...balanced({ ports: [{ ...port, nodePort: 30000 }], selector: { b: "2", a: "1" } }),
      status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
    },
    ["x", "LoadBalancer", "10.96.0.7", "1.2.3.4", "80:30000/TCP", "0s", "a=1,b=2"],
  ],
  ["one that waits", balanced(), ["x", "LoadBalancer", "10.96.0.7", "<pending>", "80/TCP", "0s", "<none>"]],
  ["an external name", external, ["x", "ExternalName", "<none>", "a.example.com.", "<none>", "0s", "<none>"]],
]);

const endpoints = new RuleTables<Endpoints>("Endpoints", endpointsStrategy);
const subset = (change: Partial<coreV1.EndpointSubset>): Endpoints => ({ metadata, subsets: [change] });
endpoints.accepts([
  ["addresses with a port", subset({ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 1, protocol: "TCP" }] })],
]);
endpoints.rejects([
  ["no address", subset({}), ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]],
  [
    "what is no address",
    subset({ addresses: [{ ip: "a" }] }),
    [
      'subsets[0].addresses[0].ip: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'subsets[0].addresses[0].ip: Invalid value: "a": must be a valid IP address',
    ],
  ],
  [
    "an address of every node",
    subset({ addresses: [{ ip: "169.254.1.1" }] }),
    [
      'subsets[0].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ],
  ],
]);
const four = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((ip) => ({ ip }));
endpoints.prints([
  ["a few", subset({ addresses: four.slice(0, 2), ports: [{ port: 1 }] }), ["x", "10.0.0.1:1,10.0.0.2:1", "0s"]],
  ["many", subset({ addresses: four }), ["x", "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...", "0s"]],
  ["none", { metadata }, ["x", "<none>", "0s"]],
]);

test("external names have no policy for traffic inside", () => {
  const canonical = structuredClone({
    ...external,
    spec: { ...external.spec, internalTrafficPolicy: "Local" as const },
  });
  serviceStrategy.canonicalize?.(canonical);
  assert.deepEqual(canonical, external);
});
