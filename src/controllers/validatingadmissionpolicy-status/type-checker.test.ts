import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ValidatingAdmissionPolicy } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { CapturingLog, SeededRandom, VirtualClock } from "../../base/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { createControllerManager } from "../controller-manager.ts";
import { validatingAdmissionPolicyStatusController as controller } from "./validatingadmissionpolicy-status-controller.ts";
import { impersonatingClients } from "../index.ts";

const group = "admissionregistration.k8s.io";
const clock = new VirtualClock();
const log = new CapturingLog();
const stopping = new AbortController();
let plane: TestControlPlane;
let running: Promise<void>;

const policies = () =>
  plane.client.resource<ValidatingAdmissionPolicy>({ group, version: "v1", resource: "validatingadmissionpolicies" });

const rule = (apiGroup: string, version: string, ...resources: string[]) => ({
  ...{ apiGroups: [apiGroup], apiVersions: [version], operations: ["CREATE"], resources },
});

let made = 0;
/** The status that a policy gets. */
async function statusOf(spec: object): Promise<NonNullable<ValidatingAdmissionPolicy["status"]>> {
  const name = `policy-${made++}`;
  const apiVersion = `${group}/v1`;
  await policies().create({
    ...{ apiVersion, kind: "ValidatingAdmissionPolicy", metadata: { name }, spec },
  } as unknown as ValidatingAdmissionPolicy);
  await clock.advance(1_000);
  const { status } = await policies().get(name);
  if (status?.observedGeneration === undefined)
    throw new assert.AssertionError({ message: JSON.stringify(log.entries) });
  return status;
}

const checked = (expression: string, rules: readonly object[], more: object = {}) =>
  statusOf({ matchConstraints: { resourceRules: rules }, validations: [{ expression }], ...more });

describe("type checking of policies", () => {
  before(async () => {
    plane = await clock.resolve(startStandardControlPlane({ clock, random: new SeededRandom("server") }));
    const manager = createControllerManager({
      ...{ clientFor: impersonatingClients(plane.client), clock, log, config: {} },
      random: new SeededRandom("controllers"),
      descriptors: [controller],
    });
    running = manager.run(stopping.signal);
    await clock.advance(1_000);
  });
  after(async () => {
    stopping.abort();
    await clock.resolve(running);
    await clock.resolve(plane.stop());
  });

  it("has nothing to say of expressions that fit", async () => {
    const expression =
      "object.spec.replicas > 1 && object.metadata.__namespace__ != '' && object.spec.template.spec.containers.all(c, c.name != '' && c.resources.requests['cpu'] != '') && object.metadata.creationTimestamp.getFullYear() > 2000";
    const status = await checked(expression, [rule("apps", "v1", "deployments")]);
    assert.deepEqual(status, { observedGeneration: 1, typeChecking: {} });
  });

  it("says what does not fit, where, and for which kind", async () => {
    const spec = {
      matchConstraints: { resourceRules: [rule("apps", "v1", "deployments", "replicasets")] },
      validations: [
        { expression: "object.spec.nope > 1", messageExpression: "'only ' + string(object.spec.paused)" },
        { expression: "object.spec.replicas == '1'" },
      ],
    };
    const { typeChecking } = await statusOf(spec);
    const warnings = typeChecking?.expressionWarnings ?? [];
    assert.deepEqual(
      warnings.map(({ fieldRef }) => fieldRef),
      ["spec.validations[0].expression", "spec.validations[0].messageExpression", "spec.validations[1].expression"],
    );
    const at = "ERROR: <input>:1:12: undefined field 'nope'\n | object.spec.nope > 1\n | ...........^\n";
    assert.equal(warnings[0]?.warning, `apps/v1, Kind=Deployment: ${at}\napps/v1, Kind=ReplicaSet: ${at}`);
    assert.equal(
      warnings[1]?.warning,
      "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:29: undefined field 'paused'\n | 'only ' + string(object.spec.paused)\n | ............................^\n",
    );
    assert.match(warnings[2]?.warning ?? "", /found no matching overload for '_==_' applied to '\(int, string\)'/);
  });

  it("follows variables and parameters", async () => {
    const { typeChecking } = await checked("variables.replicas > 'x'", [rule("apps", "v1", "deployments")], {
      variables: [{ name: "replicas", expression: "object.spec.replicas" }],
    });
    assert.match(
      typeChecking?.expressionWarnings?.[0]?.warning ?? "",
      /^apps\/v1, Kind=Deployment: ERROR: <input>:1:20: found no matching overload/,
    );
    const more = { paramKind: { apiVersion: "v1", kind: "ConfigMap" } };
    const other = await checked("params.spec.x == 1", [rule("", "v1", "pods")], more);
    assert.match(other.typeChecking?.expressionWarnings?.[0]?.warning ?? "", /undefined field 'spec'/);
  });

  it("leaves alone what could be anything", async () => {
    const rules = [
      rule("*", "v1", "pods"),
      rule("", "v1", "*"),
      rule("", "v1", "pods/exec"),
      rule("none", "v1", "things"),
    ];
    assert.deepEqual((await checked("object.anything == 1", rules)).typeChecking, {});
    const unknownParams = { paramKind: { apiVersion: "example.com/v1", kind: "Limit" } };
    assert.deepEqual((await checked("params.x == 1", [rule("", "v1", "pods")], unknownParams)).typeChecking, {});
    const loose =
      "object.spec.strategy.rollingUpdate.maxSurge == 1 || object.spec.strategy.rollingUpdate.maxSurge == '1'";
    assert.deepEqual((await checked(loose, [rule("apps", "v1", "deployments")])).typeChecking, {});
  });

  it("knows custom resources by their definitions", async () => {
    const names = { plural: "limits", singular: "limit", kind: "Limit" };
    const properties = {
      spec: { type: "object", properties: { most: { type: "integer" }, "a-b": { type: "string" } } },
    };
    await plane.client
      .resource({ group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" })
      .create({
        ...{
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: { name: "limits.example.com" },
        },
        spec: {
          ...{ group: "example.com", scope: "Namespaced", names },
          versions: [
            { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } },
          ],
        },
      } as unknown as KubeObject);
    await clock.advance(2_000);
    const rules = [rule("example.com", "v1", "limits")];
    assert.deepEqual(
      (await checked("object.spec.most < 3 && object.spec.a__dash__b == '' && object.metadata.name != ''", rules))
        .typeChecking,
      {},
    );
    const { typeChecking } = await checked("object.spec.most < 'x' || object.spec.least > 1", rules);
    assert.match(
      typeChecking?.expressionWarnings?.[0]?.warning ?? "",
      /^example\.com\/v1, Kind=Limit: ERROR: .*overload[^]*undefined field 'least'/,
    );
  });

  it("looks again when the policy changes", async () => {
    const policy = await policies()
      .create({
        ...{ apiVersion: `${group}/v1`, kind: "ValidatingAdmissionPolicy", metadata: { name: "changing" } },
        spec: {
          matchConstraints: { resourceRules: [rule("", "v1", "pods")] },
          validations: [{ expression: "object.spec.nope" }],
        },
      } as unknown as ValidatingAdmissionPolicy)
      .catch((error: Error) => error.message);
    assert.match(String(policy), /must evaluate to bool/);
    const first = await checked("object.spec.nope == 1", [rule("", "v1", "pods")]);
    assert.equal(first.typeChecking?.expressionWarnings?.length, 1);
    const name = `policy-${made - 1}`;
    const validations = [{ expression: "object.spec.nodeName == ''" }];
    await policies().patch(name, { type: "merge", body: { spec: { validations } } });
    await clock.advance(1_000);
    const { status } = await policies().get(name);
    assert.deepEqual([status?.observedGeneration, status?.typeChecking?.expressionWarnings], [2, undefined]);
  });
});
