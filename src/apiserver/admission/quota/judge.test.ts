import assert from "node:assert/strict";
import { test } from "node:test";
import type { QuotaSurroundings, ResourceQuota } from "../../../api/index.ts";
import type { LimitedResource } from "../configuration.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { judge } from "./judge.ts";

const surroundings: QuotaSurroundings = {
  nowMs: 0,
  deviceClasses: () => [],
  pod: () => undefined,
  resourceClaims: () => [],
};
const high: LimitedResource = {
  ...{ group: "", resource: "pods", matchContains: ["gpu"] },
  matchScopes: [{ scopeName: "PriorityClass", operator: "In", values: ["high", "higher"] }],
};

function quota(name: string, hard: Readonly<Record<string, string>>, more: object = {}): ResourceQuota {
  const used = Object.fromEntries(Object.keys(hard).map((resource) => [resource, "0"]));
  return { metadata: { name }, spec: { hard, ...more }, status: { hard, used } };
}

function create(spec: object, requests: object = {}): AdmissionAttributes {
  const object = {
    metadata: { name: "p" },
    spec: { containers: [{ name: "a", image: "a", resources: { requests } }], ...spec },
  };
  const resource = { group: "", version: "v1", resource: "pods" };
  return {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace: "n",
    name: "p",
    object,
  } as unknown as AdmissionAttributes;
}

const left = (quotas: readonly ResourceQuota[], attributes: AdmissionAttributes) =>
  [...judge(quotas, attributes, { limited: [high], surroundings })].map(([name, used]) => [
    name,
    Object.fromEntries(Object.entries(used).map(([resource, amount]) => [resource, amount.toString()])),
  ]);

test("limited scopes want a quota of that scope", () => {
  const attributes = create({ priorityClassName: "high" });
  assert.throws(() => left([quota("all", { pods: "9" })], attributes), {
    code: 500,
    message: "insufficient quota to match these scopes: [{PriorityClass In [high higher]}]",
  });
  const scoped = quota("scoped", { pods: "9" }, { scopeSelector: { matchExpressions: high.matchScopes } });
  assert.deepEqual(left([scoped], attributes), [["scoped", { pods: "1" }]]);
  assert.deepEqual(left([], create({ priorityClassName: "low" })), []);
});

test("limited resources want a quota that counts them", () => {
  const attributes = create({}, { "example.com/gpu": "1" });
  const message = 'pods "p" is forbidden: insufficient quota to consume: requests.example.com/gpu';
  assert.throws(() => left([quota("all", { pods: "9" })], attributes), { code: 403, message });
  assert.throws(() => left([], attributes), { code: 403, message });
  assert.deepEqual(left([quota("gpus", { "requests.example.com/gpu": "2" })], attributes), [
    ["gpus", { "requests.example.com/gpu": "1" }],
  ]);
});
