import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice, resourceV1 } from "../../../api/index.ts";
import type { WriteContext } from "../contract.ts";
import { RuleTables } from "../fixture.ts";
import { deviceClassStrategy } from "./device-class.ts";
import { resourceClaimStrategy, resourceClaimTemplateStrategy } from "./resource-claim.ts";
import { resourceSliceStrategy } from "./resource-slice.ts";

type ResourceClaim = resourceV1.ResourceClaim;
type Request = resourceV1.DeviceRequest;
type Device = resourceV1.Device;

const metadata = { name: "x", namespace: "n" };
const exactly = { deviceClassName: "gpu", allocationMode: "ExactCount" as const, count: 1 };
const one: Request = { name: "r", exactly };
const two: Request = {
  name: "q",
  firstAvailable: [
    { name: "big", ...exactly },
    { name: "small", ...exactly },
  ],
};
const at = "spec.devices.requests[0]";

function claim(devices: resourceV1.DeviceClaim = { requests: [one, two] }): ResourceClaim {
  return { metadata, spec: { devices } };
}

const exact = (change: Partial<resourceV1.ExactDeviceRequest>) =>
  claim({ requests: [{ name: "r", exactly: { ...exactly, ...change } }] });
const wrongReference =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

const claims = new RuleTables("ResourceClaim", resourceClaimStrategy);
claims.accepts([
  ["one of two requests", claim()],
  [
    "one with everything",
    claim({
      requests: [one, two],
      constraints: [{ requests: ["r", "q/big"], matchAttribute: "example.com/numa" }],
      config: [{ requests: ["q"], opaque: { driver: "example.com", parameters: { a: 1 } } }],
    }),
  ],
  ["all devices", exact({ allocationMode: "All", count: 0 })],
  [
    "devices by what drivers say of them",
    exact({
      selectors: [
        {
          cel: {
            expression: `device.driver == "dra.example.com" && cel.bind(dra, device.attributes["dra.example.com"], dra.someBool || dra.anotherBool) && device.attributes["dra.example.com"].version.isGreaterThan(semver("1.0.0"))`,
          },
        },
        { cel: { expression: `device.capacity["dra.example.com"].memory.compareTo(quantity("1Gi")) >= 0` } },
        { cel: { expression: "device.allowMultipleAllocations" } },
      ],
    }),
  ],
]);
claims.rejects([
  [
    "nothing asked",
    claim({ requests: [{ name: "r" }] }),
    [`${at}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`],
  ],
  ["the same name twice", claim({ requests: [one, one] }), ['spec.devices.requests[1]: Duplicate value: "r"']],
  [
    "counts",
    exact({ count: 0, deviceClassName: "" }),
    [
      `${at}.exactly.deviceClassName: Required value`,
      `${at}.exactly.count: Invalid value: 0: must be greater than zero`,
    ],
  ],
  [
    "a count of all",
    exact({ allocationMode: "All" }),
    [`${at}.exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'`],
  ],
  [
    "a mode",
    exact({ allocationMode: "X" as "All" }),
    [`${at}.exactly.allocationMode: Unsupported value: "X": supported values: "All", "ExactCount"`],
  ],
  [
    "a selector of what devices do not have",
    exact({ selectors: [{ cel: { expression: "device.nope" } }, {}] }),
    [
      `${at}.exactly.selectors[0].cel.expression: Invalid value: "device.nope": compilation failed: ERROR: <input>:1:7: undefined field 'nope'\n | device.nope\n | ......^`,
      `${at}.exactly.selectors[1].cel: Required value`,
    ],
  ],
  [
    "a selector that says neither yes nor no",
    exact({ selectors: [{ cel: { expression: "device.driver" } }] }),
    [
      `${at}.exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`,
    ],
  ],
  [
    "a selector that takes too long",
    exact({
      selectors: [
        {
          cel: {
            expression:
              "device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a == b))))",
          },
        },
      ],
    }),
    [`${at}.exactly.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit`],
  ],
  [
    "a selector too long to compile",
    exact({ selectors: [{ cel: { expression: `device.driver == "${"x".repeat(10 * 1024)}"` } }] }),
    [`${at}.exactly.selectors[0].cel.expression: Too long: may not be more than 10240 bytes`],
  ],
  [
    "a toleration",
    exact({ tolerations: [{ operator: "Exists", value: "v", effect: "X" as "None" }] }),
    [
      `${at}.exactly.tolerations[0].value: Invalid value: "v": must be empty for operator \`Exists\``,
      `${at}.exactly.tolerations[0].effect: Unsupported value: "X": supported values: "NoExecute", "NoSchedule", "None"`,
    ],
  ],
  [
    "constraints",
    claim({ requests: [one], constraints: [{ requests: ["z"], matchAttribute: "a" }, {}] }),
    [
      `spec.devices.constraints[0].requests[0]: Invalid value: "z": ${wrongReference}`,
      'spec.devices.constraints[0].matchAttribute: Invalid value: "a": a fully qualified name must be a domain and a name separated by a slash',
      'spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    ],
  ],
  [
    "configuration",
    claim({ requests: [one], config: [{ opaque: { driver: "", parameters: [] } }, {}] }),
    [
      "spec.devices.config[0].opaque.driver: Required value",
      'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      "spec.devices.config[1].opaque: Required value",
    ],
  ],
  [
    "too many",
    claim({ requests: Array.from({ length: 33 }, (_, index) => ({ ...one, name: `r${index}` })) }),
    ["spec.devices.requests: Too many: 33: must have at most 32 items"],
  ],
]);

claims.changes([
  [
    "the spec stays",
    claim({ requests: [one] }),
    claim({ requests: [] }),
    [
      'spec: Invalid value: {"Devices":{"Requests":[{"Name":"r","Exactly":{"DeviceClassName":"gpu","Selectors":null,"AllocationMode":"ExactCount","Count":1,"AdminAccess":null,"Tolerations":null,"Capacity":null},"FirstAvailable":null}],"Constraints":null,"Config":null}}: field is immutable',
    ],
  ],
]);

const consumer = { resource: "pods", name: "p", uid: "u" };
const result = { request: "r", driver: "example.com", pool: "p", device: "d" };
const allocation = { devices: { results: [result] } };
const stated = (status: ResourceClaim["status"] & object, deleted = false): ResourceClaim => ({
  ...claim(),
  metadata: { ...metadata, ...(deleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
  status,
});
claims.changes(
  [
    ["devices are given", stated({ allocation, reservedFor: [consumer] }), stated({}), []],
    [
      "devices of another request are refused",
      stated({ allocation: { devices: { results: [{ ...result, request: "z", pool: "" }] } } }),
      stated({}),
      [
        `status.allocation.devices.results[0].request: Invalid value: "z": ${wrongReference}`,
        "status.allocation.devices.results[0].pool: Required value",
      ],
    ],
    [
      "what was given stays",
      stated({ allocation: { devices: { results: [{ ...result, device: "e" }] } } }),
      stated({ allocation }),
      [
        'status.allocation: Invalid value: {"Devices":{"Results":[{"Request":"r","Driver":"example.com","Pool":"p","Device":"e","AdminAccess":null,"Tolerations":null,"BindingConditions":null,"BindingFailureConditions":null,"ShareID":null,"ConsumedCapacity":null}],"Config":null},"NodeSelector":null,"AllocationTimestamp":null}: field is immutable',
      ],
    ],
    [
      "nobody uses what is not given",
      stated({ reservedFor: [consumer] }),
      stated({}),
      ["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"],
    ],
    [
      "nobody comes to a claim that goes",
      stated({ allocation, reservedFor: [consumer] }, true),
      stated({ allocation }, true),
      [
        "status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set",
      ],
    ],
    [
      "only devices of the claim have a state",
      stated({ allocation, devices: [{ driver: "example.com", pool: "p", device: "other" }] }),
      stated({ allocation }),
      [
        'status.devices[0]: Invalid value: {"Driver":"example.com","Pool":"p","Device":"other","ShareID":""}: must be an allocated device in the claim',
      ],
    ],
  ],
  "status",
);
claims.prints([
  ["a new one", claim(), ["x", "pending", "<unknown>"]],
  ["one in use", stated({ allocation, reservedFor: [consumer] }), ["x", "allocated,reserved", "<unknown>"]],
  ["one that goes", stated({ allocation }, true), ["x", "deleted,allocated", "<unknown>"]],
]);

const template = (meta: ResourceClaimTemplate["spec"]["metadata"]): ResourceClaimTemplate => ({
  metadata,
  spec: { metadata: meta, spec: claim().spec },
});
const templates = new RuleTables("ResourceClaimTemplate", resourceClaimTemplateStrategy);
templates.accepts([["one with labels", template({ labels: { a: "b" } })]]);
test("a template's new spec is looked at although it may not differ", () => {
  const errors = resourceClaimTemplateStrategy.validateUpdate?.(
    template({ name: "a" }),
    template({}),
    {} as WriteContext,
  );
  assert.deepEqual(
    errors?.map(({ field, type }) => `${field} ${type}`),
    ["spec.metadata.name FieldValueForbidden", "spec FieldValueInvalid"],
  );
});
templates.rejects([["a name", template({ name: "a" }), ["spec.metadata.name: Forbidden: cannot be set"]]]);

const deviceClass = (spec: DeviceClass["spec"]): DeviceClass => ({ metadata: { name: "gpu" }, spec });
const classes = new RuleTables("DeviceClass", deviceClassStrategy);
classes.accepts([
  [
    "a full one",
    deviceClass({
      selectors: [{ cel: { expression: "device.driver == 'example.com'" } }],
      config: [{ opaque: { driver: "example.com", parameters: {} } }],
      extendedResourceName: "example.com/gpu",
    }),
  ],
]);
classes.rejects([
  ["a selector of nothing", deviceClass({ selectors: [{}] }), ["spec.selectors[0].cel: Required value"]],
  [
    "a resource of the system",
    deviceClass({ extendedResourceName: "cpu" }),
    ['spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'],
  ],
]);

const slice = (change: Partial<ResourceSlice["spec"]> = {}): ResourceSlice => ({
  metadata: { name: "s" },
  spec: {
    driver: "example.com",
    pool: { name: "p", generation: 1, resourceSliceCount: 1 },
    nodeName: "node",
    ...change,
  },
});
const device = (change: Partial<Device> = {}) => slice({ devices: [{ name: "d", ...change }] });
const capacity = (requestPolicy: resourceV1.CapacityRequestPolicy, allowMultipleAllocations = true) =>
  device({ allowMultipleAllocations, capacity: { memory: { value: "10Gi", requestPolicy } } });
const policy = "spec.devices[0].capacity[memory].requestPolicy";
const places = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";

const slices = new RuleTables("ResourceSlice", resourceSliceStrategy);
slices.accepts([
  [
    "a full one",
    device({
      attributes: { model: { string: "a" }, "example.com/version": { version: "1.2.3-rc.1+b" }, count: { int: 4 } },
      capacity: { memory: { value: "10Gi" } },
      taints: [{ key: "a", effect: "NoSchedule" }],
      consumesCounters: [{ counterSet: "c", counters: { memory: { value: "1Gi" } } }],
    }),
  ],
  ["counters", slice({ sharedCounters: [{ name: "c", counters: { memory: { value: "1Gi" } } }] })],
  ["parts of a device", capacity({ default: "2Gi", validRange: { min: "1Gi", max: "5Gi", step: "1Gi" } })],
]);
slices.rejects([
  ["no place", slice({ nodeName: undefined } as unknown as ResourceSlice["spec"]), [`spec: Required value: ${places}`]],
  [
    "two places",
    slice({ allNodes: true }),
    [`spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${places}, but multiple fields are set`],
  ],
  [
    "a pool",
    slice({ pool: { name: "", generation: -1, resourceSliceCount: 0 } }),
    [
      "spec.pool.name: Required value",
      "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
      "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
    ],
  ],
  [
    "attributes",
    device({ attributes: { a: {}, b: { version: "1" }, "c/d/e": { int: 1 } } }),
    [
      'spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified',
      'spec.devices[0].attributes[b].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
    ],
  ],
  [
    "parts of a device that is not shared",
    capacity({ default: "1Gi", validValues: ["1Gi"] }, false),
    [`${policy}: Forbidden: allowMultipleAllocations must be true`],
  ],
  [
    "values",
    capacity({ default: "3Gi", validValues: ["2Gi", "1Gi", "20Gi"] }),
    [
      `${policy}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
      `${policy}.validValues[2]: Invalid value: "20Gi": option is larger than capacity value: 10Gi`,
      `${policy}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`,
    ],
  ],
  [
    "a range",
    capacity({ default: "3Gi", validRange: { min: "2Gi", max: "20Gi", step: "2Gi" } }),
    [
      `${policy}.validRange.max: Invalid value: "20Gi": max is larger than capacity value: 10Gi`,
      `${policy}.validRange.step: Invalid value: "3Gi": value is not a multiple of a given step (2Gi) from (2Gi)`,
    ],
  ],
  [
    "a range without a beginning",
    capacity({ default: "3Gi", validRange: { max: "2Gi" } as unknown as resourceV1.CapacityRequestPolicyRange }),
    [`${policy}.validRange.min: Required value: required when validRange is defined`],
  ],
  [
    "a default outside of its range",
    capacity({ default: "1500m", validRange: { min: "-1", max: "1", step: "-2" } }),
    [
      `${policy}.validRange.max: Invalid value: "1500m": default is more than max: 1`,
      `${policy}.validRange.step: Invalid value: "1500m": value is not a multiple of a given step (-2) from (-1)`,
    ],
  ],
  [
    "several values, and no place, as upstream's own types show them",
    slice({
      nodeName: undefined,
      nodeSelector: { nodeSelectorTerms: [{}, {}] },
      devices: [{ name: "d", attributes: { a: { int: 1, bool: true } } }],
    } as unknown as ResourceSlice["spec"]),
    [
      'spec.nodeSelector.nodeSelectorTerms: Invalid value: [{"MatchExpressions":null,"MatchFields":null},{"MatchExpressions":null,"MatchFields":null}]: must have exactly one node selector term',
      'spec.devices[0].attributes[a]: Invalid value: {"IntValue":1,"BoolValue":true,"StringValue":null,"VersionValue":null,"IntValues":null,"BoolValues":null,"StringValues":null,"VersionValues":null}: exactly one value must be specified',
    ],
  ],
  [
    "empty lists, which are there and shown",
    slice({
      nodeName: undefined,
      nodeSelector: { nodeSelectorTerms: [] },
      sharedCounters: [],
      devices: [{ name: "d", bindingConditions: [], bindingFailureConditions: ["x"] }],
    } as unknown as ResourceSlice["spec"]),
    [
      "spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term",
      "spec.nodeSelector.nodeSelectorTerms: Invalid value: []: must have exactly one node selector term",
      'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
      "spec.devices[0].bindingConditions: Invalid value: []: bindingConditions are required to use bindingFailureConditions",
    ],
  ],
  [
    "too many values of attributes",
    device({ attributes: { a: { ints: Array.from({ length: 48 }, (_, index) => index) }, b: { bool: true } } }),
    ["spec.devices[0]: Invalid value: 49: the total number of attribute values must not exceed 48"],
  ],
  [
    "a place of a device",
    device({ nodeName: "a" }),
    [
      "spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec",
    ],
  ],
  [
    "conditions without failures",
    device({ bindingConditions: ["a"] }),
    [
      "spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions",
    ],
  ],
  [
    "too many rich devices",
    slice({
      devices: Array.from({ length: 65 }, (_, index) => ({
        name: `d${index}`,
        taints: [{ key: "a", effect: "None" as const }],
      })),
    }),
    ["spec.devices: Too many: 65: must have at most 64 items"],
  ],
]);
slices.changes([
  [
    "driver, pool and node stay",
    slice({ driver: "other.com", nodeName: "b", pool: { name: "q", generation: 1, resourceSliceCount: 1 } }),
    slice(),
    [
      'spec.pool.name: Invalid value: "q": field is immutable',
      'spec.driver: Invalid value: "other.com": field is immutable',
      'spec.nodeName: Invalid value: "b": field is immutable',
    ],
  ],
]);
slices.prints([["one", slice(), ["s", "node", "example.com", "p", "<unknown>"]]]);

test("a name that is to be generated for a class only has to be safe in paths", () => {
  const named = (name: string, prefix: boolean) => deviceClassStrategy.validateName?.(name, prefix, {} as DeviceClass);
  assert.deepEqual(named("Bad_Name", true), []);
  assert.deepEqual(named("a/b", true), ["may not contain '/'"]);
  assert.equal(named("Bad_Name", false)?.length, 1);
});
