import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Lease } from "../../../api/index.ts";
import { leaseStrategy } from "../coordination/lease.ts";
import { RuleTables } from "../fixture.ts";
import { endpointSliceStrategy } from "./endpoint-slice.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", namespace: "n", generation: 1, creationTimestamp: "1970-01-01T00:00:00Z" };
const slice = (change: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata,
  addressType: "IPv4",
  endpoints: [{ addresses: ["10.0.0.1"] }],
  ports: [{ name: "", port: 80, protocol: "TCP" }],
  ...change,
});

const slices = new RuleTables<EndpointSlice>("EndpointSlice", endpointSliceStrategy);
slices.accepts([["addresses and ports", slice()]]);
slices.rejects([
  ["no type", slice({ addressType: wrong(undefined), endpoints: [] }), ["addressType: Required value"]],
  [
    "an unknown type",
    slice({ addressType: wrong("IP"), endpoints: [] }),
    ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
  ],
  [
    "an endpoint without address",
    slice({ endpoints: [{ addresses: [] }] }),
    ["endpoints[0].addresses: Required value: must contain at least 1 address"],
  ],
  [
    "more endpoints than one slice holds",
    slice({ endpoints: Array.from({ length: 1001 }, () => ({ addresses: ["10.0.0.1"] })) }),
    ["endpoints: Too many: 1001: must have at most 1000 items"],
  ],
  [
    "two ports without name",
    slice({
      ports: [
        { port: 1, protocol: "TCP" },
        { port: 2, protocol: "TCP" },
      ],
    }),
    ['ports[1].name: Duplicate value: ""'],
  ],
  [
    "a host name among labels",
    slice({ endpoints: [{ addresses: ["10.0.0.1"], deprecatedTopology: { "kubernetes.io/hostname": "a" } }] }),
    [
      'endpoints[0].deprecatedTopology[kubernetes.io/hostname]: Invalid value: "a": may not be specified, use nodeName instead',
    ],
  ],
]);
slices.changes([
  [
    "the type stays",
    slice({ addressType: "IPv6", endpoints: [] }),
    slice({ endpoints: [] }),
    ['addressType: Invalid value: "IPv6": field is immutable'],
  ],
]);
slices.rejects([
  [
    "an address of the other family",
    slice({ endpoints: [{ addresses: ["2001:db8::1"] }] }),
    ['endpoints[0].addresses: Invalid value: "2001:db8::1": must be an IPv4 address'],
  ],
]);
slices.prints([
  ["a slice", slice(), ["x", "IPv4", "80", "10.0.0.1", "0s"]],
  ["an empty slice", slice({ endpoints: [], ports: [] }), ["x", "IPv4", "<unset>", "<unset>", "0s"]],
]);
test("a slice counts the changes of what it says", () => {
  assert.equal(slices.updated(slice({ endpoints: [] }), slice()).metadata.generation, 2);
  assert.equal(slices.updated(slice(), slice()).metadata.generation, 1);
});

const leases = new RuleTables<Lease>("Lease", leaseStrategy);
leases.rejects([
  [
    "times and counts below zero",
    { metadata, spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
    [
      "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
      "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ],
  ],
  [
    "a strategy nobody knows",
    { metadata, spec: { strategy: "Newest" } },
    ['spec.strategy: Unsupported value: "Newest": supported values: "OldestEmulationVersion"'],
  ],
  [
    "a preferred holder without a strategy",
    { metadata, spec: { preferredHolder: "x" } },
    ["spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"],
  ],
]);

const hostname = "kubernetes.io/hostname";
const told = (topology: Record<string, string>) =>
  slice({ endpoints: [{ addresses: ["10.0.0.1"], deprecatedTopology: topology }] });
test("version 1 takes no topology, but names the node that stood in it", () => {
  assert.deepEqual(slices.created(told({ a: "b" })).endpoints, [{ addresses: ["10.0.0.1"] }]);
  const old = told({ [hostname]: "n" });
  assert.deepEqual(slices.updated(old, old).endpoints, old.endpoints);
  const changed = told({ [hostname]: "n", a: "b" });
  assert.deepEqual(slices.updated(changed, old).endpoints, [{ addresses: ["10.0.0.1"], nodeName: "n" }]);
  assert.deepEqual(slices.updated(changed, told({})).endpoints, [{ addresses: ["10.0.0.1"] }]);
});

slices.rejects([
  [
    "a name of one segment",
    slice({ addressType: "FQDN", endpoints: [{ addresses: ["x"] }] }),
    ['endpoints[0].addresses[0]: Invalid value: "x": should be a domain with at least two segments separated by dots'],
  ],
]);

const named = slice({ addressType: "FQDN", endpoints: [{ addresses: ["a.b"] }] });
slices.warns([
  ["the type of addresses", named, ["spec.addressType: FQDN endpoints are deprecated"]],
  ["nothing later", named, [], named],
]);
