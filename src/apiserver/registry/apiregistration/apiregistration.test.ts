import assert from "node:assert/strict";
import { test } from "node:test";
import type { APIService } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { apiServiceStrategy } from "./api-service.ts";

const service = { namespace: "n", name: "s", port: 443 };

function api(spec: Partial<APIService["spec"]> = {}, name = "v1.example.com"): APIService {
  return {
    metadata: { name, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 15, service, ...spec },
  };
}

function local(spec: Partial<APIService["spec"]> = {}): APIService {
  const { service: _none, ...rest } = api().spec;
  return { ...api(), spec: { ...rest, ...spec } };
}

const tables = new RuleTables("APIService", apiServiceStrategy);
tables.accepts([
  ["a remote one", api({ caBundle: "YQ==" })],
  ["a local one", local()],
  ["the oldest group", { ...local({ group: "" }), metadata: { name: "v1." } }],
]);
tables.rejects([
  [
    "no group",
    api({ group: "", version: "v2" }, "v2."),
    ["spec.group: Required value: only v1 may have an empty group and it better be legacy kube"],
  ],
  [
    "priorities",
    api({ groupPriorityMinimum: 0, versionPriority: 1001 }),
    [
      "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000",
      "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000",
    ],
  ],
  [
    "TLS of a local one",
    local({ caBundle: "YWI=", insecureSkipTLSVerify: true }),
    [
      'spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle',
      "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
    ],
  ],
  [
    "an incomplete service",
    api({ service: { port: 0 }, insecureSkipTLSVerify: true, caBundle: "YQ==" }),
    [
      "spec.service.namespace: Required value",
      "spec.service.name: Required value",
      "spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
      "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present",
    ],
  ],
]);

test("a local APIService is available at once", () => {
  const { status } = tables.created(local());
  assert.deepEqual(status?.conditions?.[0], {
    type: "Available",
    status: "True",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    reason: "Local",
    message: "Local APIServices are always available",
  });
  assert.deepEqual(tables.created(api()).status, {});
});

const stated = (status: string): APIService => ({
  ...api(),
  status: { conditions: [{ type: "Available", status, reason: "MissingEndpoints" }] },
});
tables.changes(
  [
    [
      "an unknown status is refused",
      stated("x"),
      api(),
      ['status.conditions[0].status: Unsupported value: "x": supported values: "True", "False", "Unknown"'],
    ],
  ],
  "status",
);
const age = "60s";
const now = Date.parse("2026-01-01T00:01:00Z");
tables.prints(
  [
    ["a remote one", stated("False"), ["v1.example.com", "n/s", "False (MissingEndpoints)", age]],
    ["a local one", tables.created(local()), ["v1.example.com", "Local", "True", age]],
  ],
  now,
);

test("services are called by what they serve, also when names are to be generated", () => {
  const why = 'must be `spec.version+"."+spec.group`: "v1.example.com"';
  const named = (name: string, prefix = false) => apiServiceStrategy.validateName?.(name, prefix, api());
  assert.deepEqual(named("v1.example.com"), []);
  assert.deepEqual([named("x"), named("x", true), named("a/b")], [[why], [why], ["may not contain '/'"]]);
});
