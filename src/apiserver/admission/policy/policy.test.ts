import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Deployment, Pod } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { RealClock, until } from "../../../base/index.ts";
import type { Client } from "../../../client/index.ts";
import { refusal, startStandardControlPlane } from "../../../testing/index.ts";
import { configMap, PolicyPlane, rule } from "./fixture.ts";

const group = "admissionregistration.k8s.io";
let plane: PolicyPlane;
let client: Client;

const resourceOf = (group: string, resource: string) => client.resource<KubeObject>({ group, version: "v1", resource });
const configMaps = () => resourceOf("", "configmaps").namespace("default");
const deployments = () =>
  client.resource<Deployment>({ group: "apps", version: "v1", resource: "deployments" }).namespace("default");

function deployment(name: string, replicas: number): Deployment {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template },
  } as unknown as Deployment;
}

const pod = (name: string) =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "a", image: "a" }] },
  }) as unknown as Pod;

const by = "ValidatingAdmissionPolicy 'test' with binding 'test' denied request:";

describe("admission policies", () => {
  before(async () => {
    plane = await PolicyPlane.start((more) => startStandardControlPlane({ more }));
    client = plane.client;
  });
  after(() => plane.stop());

  it("deny with reason, code and message", async () => {
    const validations = [
      { expression: "object.data.a == 'x'", messageExpression: "'a is ' + object.data.a", reason: "Forbidden" },
      { expression: "size(object.data) < 2" },
    ];
    await plane.with("Validating", { matchConstraints: rule("", "configmaps"), validations }, {}, async () => {
      const status = await refusal(configMaps().create(configMap("denied", { a: "y" })));
      assert.equal(status.message, `configmaps "denied" is forbidden: ${by} a is y`);
      assert.deepEqual([status.code, status.reason], [403, "Forbidden"]);
      const other = await refusal(configMaps().create(configMap("denied", { a: "x", b: "" })));
      assert.equal(other.message, `configmaps "denied" is forbidden: ${by} failed expression: size(object.data) < 2`);
      assert.deepEqual([other.code, other.reason], [422, "Invalid"]);
      await configMaps().create(configMap("fine", { a: "x" }));
    });
    await configMaps().create(configMap("denied", { a: "y" }));
  });

  it("fail closed when an expression fails, unless they are to ignore it", async () => {
    const validations = [{ expression: "object.data.missing == 'x'" }];
    const spec = { matchConstraints: rule("", "configmaps"), validations };
    await plane.with("Validating", spec, {}, async () => {
      const { message = "" } = await refusal(configMaps().create(configMap("broken", {})));
      assert.ok(message.includes("resulted in error: no such key: "), message);
    });
    await plane.with("Validating", { ...spec, failurePolicy: "Ignore" }, {}, async () => {
      await configMaps().create(configMap("ignored", { b: "" }));
    });
  });

  it("look at matching requests only: rules, selectors, conditions, exclusions", async () => {
    const never = [{ expression: "false" }];
    const selecting = { ...rule("", "configmaps"), objectSelector: { matchLabels: { strict: "yes" } } };
    await plane.with("Validating", { matchConstraints: selecting, validations: never }, {}, async () => {
      await configMaps().create(configMap("unlabelled", {}));
      await refusal(configMaps().create(configMap("labelled", {}, { labels: { strict: "yes" } })));
    });
    const excludeResourceRules = [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"], resourceNames: ["spared"] },
    ];
    const spec = {
      matchConstraints: { ...rule("", "configmaps"), excludeResourceRules },
      matchConditions: [{ name: "not-mine", expression: "request.name != 'mine'" }],
      validations: never,
    };
    await plane.with("Validating", spec, {}, async () => {
      await configMaps().create(configMap("spared", {}));
      await configMaps().create(configMap("mine", {}));
      await refusal(configMaps().create(configMap("other", {})));
    });
    const elsewhere = {
      matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "x" } } },
    };
    await plane.with(
      "Validating",
      { matchConstraints: rule("", "configmaps"), validations: never },
      elsewhere,
      async () => {
        await configMaps().create(configMap("here", {}));
      },
    );
  });

  it("take parameters, variables, the namespace and the authorizer", async () => {
    const spec = {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConstraints: rule("apps", "deployments"),
      variables: [
        { name: "most", expression: "int(params.data.most)" },
        { name: "over", expression: "object.spec.replicas - variables.most" },
      ],
      validations: [
        {
          expression: "variables.over <= 0",
          messageExpression: "'%d too many in %s'.format([dyn(variables.over), namespaceObject.metadata.name])",
        },
        { expression: "authorizer.group('').resource('pods').namespace('default').check('create').allowed()" },
      ],
    };
    const paramRef = { name: "limits", namespace: "default", parameterNotFoundAction: "Deny" };
    await plane.with("Validating", spec, { paramRef }, async () => {
      const { message = "" } = await refusal(deployments().create(deployment("d", 3)));
      const why = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
      assert.equal(message, `deployments.apps "d" is forbidden: ${by} ${why}`);
      await configMaps().create(configMap("limits", { most: "2" }));
      const { message: second = "" } = await refusal(deployments().create(deployment("d", 3)));
      assert.equal(second, `deployments.apps "d" is forbidden: ${by} 1 too many in default`);
      await deployments().create(deployment("d", 2));
    });
  });

  it("do not judge policies, so that they can be taken back", async () => {
    const everything = {
      resourceRules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
    };
    await plane.with(
      "Validating",
      { matchConstraints: everything, validations: [{ expression: "false" }] },
      {},
      async () => {
        await refusal(configMaps().create(configMap("nothing-goes", {})));
      },
    );
    await configMaps().create(configMap("nothing-goes", {}));
  });

  it("are refused when they do not compile", async () => {
    const spec = {
      matchConstraints: rule("", "configmaps"),
      variables: [{ name: "v", expression: "request.nope" }],
      validations: [{ expression: "variables.v" }, { expression: "1" }, { expression: "params.x" }],
    };
    const status = await refusal(plane.with("Validating", spec, {}, async () => {}));
    assert.deepEqual(
      status.details?.causes?.map(({ field }) => field),
      [
        "spec.variables[0].expression",
        // What does not compile can be anything.
        "spec.validations[0].expression",
        "spec.validations[1].expression",
        "spec.validations[2].expression",
      ],
    );
  });

  it("share match conditions with webhooks", async () => {
    const webhooks = resourceOf(group, "validatingwebhookconfigurations");
    const configuration = (expression: string) =>
      ({
        apiVersion: `${group}/v1`,
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "conditional" },
        webhooks: [
          {
            name: "hook.example.com",
            clientConfig: { url: "https://127.0.0.1:1/" },
            rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
            matchConditions: [{ name: "only", expression }],
            admissionReviewVersions: ["v1"],
            sideEffects: "None",
            timeoutSeconds: 1,
          },
        ],
      }) as unknown as KubeObject;
    const status = await refusal(webhooks.create(configuration("object.x +")));
    assert.equal(status.details?.causes?.[0]?.field, "webhooks[0].matchConditions[0].expression");
    await webhooks.create(configuration("object.metadata.name.startsWith('hooked')"));
    try {
      await configMaps().create(configMap("not-hooked", {}));
      const { message = "" } = await refusal(configMaps().create(configMap("hooked", {})));
      assert.ok(message.includes('failed calling webhook "hook.example.com"'), message);
    } finally {
      await webhooks.delete("conditional");
    }
  });

  it("warn and annotate instead of denying", async () => {
    const spec = { matchConstraints: rule("", "configmaps"), validations: [{ expression: "false", message: "no" }] };
    await plane.with("Validating", spec, { validationActions: ["Warn", "Audit"] }, async () => {
      await configMaps().create(configMap("warned", {}));
    });
  });

  it("judge custom resources, with custom resources for parameters", async () => {
    const names = { plural: "limits", singular: "limit", kind: "Limit" };
    const schema = {
      openAPIV3Schema: { type: "object", properties: { most: { type: "integer" } } },
    };
    await resourceOf("apiextensions.k8s.io", "customresourcedefinitions").create({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "limits.example.com" },
      spec: {
        ...{ group: "example.com", scope: "Namespaced", names },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    } as unknown as KubeObject);
    const limits = () => resourceOf("example.com", "limits").namespace("default");
    const limit = (name: string, most: number) =>
      ({
        apiVersion: "example.com/v1",
        kind: "Limit",
        metadata: { name, labels: { use: "yes" } },
        most,
      }) as unknown as KubeObject;
    const first = async () => limits().create(limit("a", 5));
    await until(new RealClock(), "limits are served", () => first().catch(() => undefined));
    const spec = {
      paramKind: { apiVersion: "example.com/v1", kind: "Limit" },
      matchConstraints: rule("example.com", "limits"),
      validations: [{ expression: "object.most <= params.most", message: "more than the limit" }],
    };
    const paramRef = { selector: { matchLabels: { use: "yes" } }, parameterNotFoundAction: "Allow" };
    await plane.with("Validating", spec, { paramRef }, async () => {
      const { message = "" } = await refusal(limits().create(limit("b", 9)));
      assert.equal(message, `limits.example.com "b" is forbidden: ${by} more than the limit`);
      await limits().create(limit("c", 4));
    });
  });

  it("change objects by configurations and by patches", async () => {
    const mutations = [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression:
            "Object{metadata: Object.metadata{labels: {'by': 'policy'}}, spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 's:1'}]}}",
        },
      },
      {
        patchType: "JSONPatch",
        jsonPatch: {
          expression:
            "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: string(size(object.spec.containers))}]",
        },
      },
    ];
    const spec = {
      matchConstraints: rule("", "pods", ["CREATE"]),
      matchConditions: [{ name: "once", expression: "!object.spec.containers.exists(c, c.name == 'side')" }],
      reinvocationPolicy: "IfNeeded",
      failurePolicy: "Fail",
      mutations,
    };
    await plane.with("Mutating", spec, {}, async () => {
      const made = await client
        .resource<Pod>({ group: "", version: "v1", resource: "pods" })
        .namespace("default")
        .create(pod("p"));
      assert.deepEqual(made.metadata.labels, { by: "policy", "a/b": "2" });
      assert.deepEqual(
        made.spec?.containers.map(({ name, imagePullPolicy }) => [name, imagePullPolicy]),
        [
          ["a", "Always"],
          ["side", "IfNotPresent"],
        ],
      );
    });
  });

  it("may not change atomic lists in part", async () => {
    const expression = "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', args: ['x']}]}}";
    const spec = {
      matchConstraints: rule("", "pods", ["CREATE"]),
      reinvocationPolicy: "Never",
      failurePolicy: "Fail",
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }],
    };
    await plane.with("Mutating", spec, {}, async () => {
      const { message = "" } = await refusal(resourceOf("", "pods").namespace("default").create(pod("q")));
      assert.ok(message.includes("may not mutate atomic arrays, maps or structs: .spec.containers[0].args"), message);
    });
  });
});
