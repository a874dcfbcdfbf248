import type { Ingress, IngressClass, IPAddress, NetworkPolicy, networkingV1, ServiceCIDR } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { ipAddressStrategy, serviceCidrStrategy } from "./addresses.ts";
import { ingressStrategy } from "./ingress.ts";
import { ingressClassStrategy } from "./ingress-class.ts";
import { networkPolicyStrategy } from "./network-policy.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", namespace: "n", generation: 1, creationTimestamp: "1970-01-01T00:00:00Z" };
const backend: networkingV1.IngressBackend = { service: { name: "s", port: { number: 80 } } };
const path: networkingV1.HTTPIngressPath = { path: "/", pathType: "Prefix", backend };

const ingresses = new RuleTables<Ingress>("Ingress", ingressStrategy);
const ingress = (change: networkingV1.IngressSpec): Ingress => ({ metadata, spec: change });
const rule = (change: Partial<networkingV1.HTTPIngressPath>, host = "a.example.com") =>
  ingress({ rules: [{ host, http: { paths: [{ ...path, ...change }] } }] });
const at = "spec.rules[0].http.paths[0]";
ingresses.accepts([
  [
    "a Service whose name begins with a digit",
    ingress({ defaultBackend: { service: { name: "1s", port: { number: 80 } } } }),
  ],
  ["a rule", rule({})],
  ["a wildcard", rule({}, "*.example.com")],
  ["only a default", ingress({ defaultBackend: backend })],
]);
ingresses.rejects([
  ["nothing", ingress({}), ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]],
  ["a relative path", rule({ path: "a" }), [`${at}.path: Invalid value: "a": must be an absolute path`]],
  ["a way up", rule({ path: "/a/.." }), [`${at}.path: Invalid value: "/a/..": cannot end with '/..'`]],
  ["no type", rule({ pathType: wrong(undefined) }), [`${at}.pathType: Required value: pathType must be specified`]],
  ["no backend", rule({ backend: {} }), [`${at}.backend: Invalid value: "": resource or service backend is required`]],
  [
    "a backend without port",
    rule({ backend: { service: { name: "s" } } }),
    [`${at}.backend: Required value: port name or number is required`],
  ],
  [
    "an address as host",
    rule({}, "1.2.3.4"),
    ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
  ],
]);
ingresses.prints([
  [
    "an ingress",
    { ...ingress({ ...rule({}).spec, tls: [{}] }), status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } },
    ["x", "<none>", "a.example.com", "1.2.3.4", "80, 443", "0s"],
  ],
]);

const classes = new RuleTables<IngressClass>("IngressClass", ingressClassStrategy);
const ingressClass = (change: networkingV1.IngressClassSpec): IngressClass => ({ metadata, spec: change });
const parameters = { apiGroup: "example.com", kind: "P", name: "p", scope: "Cluster" };
classes.accepts([["one with parameters", ingressClass({ controller: "example.com/c", parameters })]]);
classes.rejects([
  [
    "a namespace that does not count",
    ingressClass({ controller: "example.com/c", parameters: { ...parameters, namespace: "n" } }),
    ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
  ],
]);
classes.changes([
  [
    "the controller stays",
    ingressClass({ controller: "example.com/d" }),
    ingressClass({ controller: "example.com/c" }),
    ['spec.controller: Invalid value: "example.com/d": field is immutable'],
  ],
]);
classes.prints([
  [
    "a class",
    ingressClass({ controller: "example.com/c", parameters }),
    ["x", "example.com/c", "P.example.com/p", "0s"],
  ],
]);

const policies = new RuleTables<NetworkPolicy>("NetworkPolicy", networkPolicyStrategy);
const policy = (change: networkingV1.NetworkPolicySpec): NetworkPolicy => ({
  metadata,
  spec: { podSelector: {}, ...change },
});
const from = (peer: networkingV1.NetworkPolicyPeer) => policy({ ingress: [{ from: [peer] }] });
policies.accepts([
  ["everything refused", policy({ policyTypes: ["Ingress"] })],
  ["a block without a part", from({ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } })],
]);
policies.rejects([
  ["nobody", from({}), ["spec.ingress[0].from[0]: Required value: must specify a peer"]],
  [
    "a block and pods",
    from({ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }),
    ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
  ],
  [
    "a part of another block",
    from({ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }),
    ['spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'],
  ],
  [
    "a range that ends before it starts",
    policy({ egress: [{ ports: [{ port: 80, endPort: 79 }] }] }),
    ["spec.egress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`"],
  ],
  [
    "an unknown direction",
    policy({ policyTypes: [wrong("Up")] }),
    ['spec.policyTypes[0]: Unsupported value: "Up": supported values: "Ingress", "Egress"'],
  ],
]);
policies.prints([["a policy", policy({ podSelector: { matchLabels: { a: "b" } } }), ["x", "a=b", "0s"]]]);

const addresses = new RuleTables<IPAddress>("IPAddress", ipAddressStrategy);
const parentRef = { resource: "services", namespace: "n", name: "s" };
addresses.accepts([["one of a Service", { metadata, spec: { parentRef } }]]);
addresses.rejects([
  ["an address of nobody", { metadata, spec: wrong({}) }, ["spec.parentRef: Required value"]],
  [
    "a parent without name",
    { metadata, spec: { parentRef: { ...parentRef, name: "" } } },
    ["spec.parentRef.name: Required value"],
  ],
]);
addresses.prints([["an address", { metadata, spec: { parentRef } }, ["x", "services/n/s"]]]);

const ranges = new RuleTables<ServiceCIDR>("ServiceCIDR", serviceCidrStrategy);
ranges.accepts([["both families", { metadata, spec: { cidrs: ["10.0.0.0/16", "fd00::/112"] } }]]);
ranges.rejects([
  ["none", { metadata, spec: {} }, ["spec.cidrs: Required value: at least one CIDR required"]],
  [
    "one family twice",
    { metadata, spec: { cidrs: ["10.0.0.0/16", "10.1.0.0/16"] } },
    [
      'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  ],
]);

const range = (cidrs: string[] | undefined): ServiceCIDR => ({ metadata, spec: cidrs === undefined ? {} : { cidrs } });
ranges.changes([
  ["a range of the other family may come", range(["10.0.0.0/16", "fd00::/64"]), range(["10.0.0.0/16"]), []],
  [
    "a range stays",
    range(["10.1.0.0/16"]),
    range(["10.0.0.0/16"]),
    ['spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable'],
  ],
  [
    "ranges do not go",
    range(undefined),
    range(["10.0.0.0/16"]),
    ["spec.cidrs: Invalid value: null: field is immutable"],
  ],
]);
addresses.changes([
  [
    "the parent is checked again",
    { metadata: { name: "10.0.0.1" }, spec: { parentRef: { resource: "", name: "x" } } },
    { metadata: { name: "10.0.0.1" }, spec: { parentRef: { resource: "services", name: "x" } } },
    [
      "spec.parentRef.resource: Required value",
      'spec.parentRef: Invalid value: {"Group":"","Resource":"","Namespace":"","Name":"x"}: field is immutable',
    ],
  ],
]);
