import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { MetricsRegistry } from "../../../component/index.ts";
import { refusal, startStandardControlPlane } from "../../../testing/index.ts";
import { configMap, PolicyPlane, rule } from "./fixture.ts";

let plane: PolicyPlane;
const metrics = new MetricsRegistry();
const path = "/api/v1/namespaces/default/configmaps";
const failureKey = "validation.policy.admission.k8s.io/validation_failure";
const matchConstraints = rule("", "configmaps");

describe("validating policies", () => {
  before(async () => {
    plane = await PolicyPlane.start((more) => startStandardControlPlane({ more: { ...more, metrics } }));
  });
  after(() => plane.stop());

  it("note all failures of a request in one annotation, in upstream's form", async () => {
    const validations = [
      { expression: "object.data.a == 'x'", message: "a <must> be x" },
      { expression: "true" },
      { expression: "size(object.data) > 1" },
    ];
    const actions = { validationActions: ["Warn", "Audit"] };
    await plane.with("Validating", { matchConstraints, validations }, actions, async () => {
      await plane.with(
        "Validating",
        { matchConstraints, validations: [{ expression: "false" }] },
        { validationActions: ["Audit"] },
        async () => {
          const { status, annotations, warning } = await plane.send("POST", path, configMap("audited", { a: "y" }));
          assert.equal(status, 201);
          const head = '[{"message":"a \\u003cmust\\u003e be x","policy":"test","binding":"test","expressionIndex":0,';
          assert.ok(annotations[failureKey]?.startsWith(`${head}"validationActions":["Warn","Audit"]}`));
          const noted = JSON.parse(annotations[failureKey] ?? "") as { policy: string; expressionIndex: number }[];
          assert.deepEqual(
            noted.map(({ policy, expressionIndex }) => [policy, expressionIndex]),
            [
              ["test", 0],
              ["test", 2],
              ["zz", 0],
            ],
          );
          const told = "Validation failed for ValidatingAdmissionPolicy 'test' with binding 'test': ";
          assert.ok(warning.includes(`299 - "${told}a <must> be x"`), warning);
          assert.ok(warning.includes(`299 - "${told}failed expression: size(object.data) > 1"`), warning);
        },
        "zz",
      );
    });
  });

  it("are counted by what was done", async () => {
    const { body } = metrics.render();
    const labels = 'policy="test",policy_binding="test",error_type="invalid_error",enforcement_action=';
    assert.ok(body.includes(`apiserver_validating_admission_policy_check_total{${labels}"warn"} 2`));
    assert.ok(body.includes(`apiserver_validating_admission_policy_check_total{${labels}"audit"} 2`));
  });

  it("note at most 50 failures", async () => {
    const validations = Array.from({ length: 60 }, () => ({ expression: "false" }));
    await plane.with("Validating", { matchConstraints, validations }, { validationActions: ["Audit"] }, async () => {
      const { annotations } = await plane.send("POST", path, configMap("many"));
      assert.equal((JSON.parse(annotations[failureKey] ?? "") as unknown[]).length, 50);
    });
  });

  it("annotate with what their own expressions say, of all params once", async () => {
    const spec = {
      ...{ matchConstraints, paramKind: { apiVersion: "v1", kind: "ConfigMap" } },
      variables: [{ name: "who", expression: "request.userInfo.username" }],
      auditAnnotations: [
        { key: "seen", valueExpression: "'by ' + variables.who + ' under ' + string(params.data.limit)" },
        { key: "silent", valueExpression: "null" },
        { key: "blank", valueExpression: "'  '" },
      ],
    };
    for (const [name, limit] of Object.entries({ one: "1", two: "2", again: "1" })) {
      await plane.collection("configmaps").create(configMap(name, { limit }, { labels: { limits: "yes" } }));
    }
    const paramRef = { selector: { matchLabels: { limits: "yes" } }, parameterNotFoundAction: "Deny" };
    await plane.with("Validating", spec, { paramRef }, async () => {
      const { annotations, status } = await plane.send("POST", path, configMap("annotated"));
      assert.equal(status, 201);
      assert.deepEqual(
        Object.entries(annotations).filter(([key]) => key.startsWith("test/")),
        [["test/seen", "by admin under 1, by admin under 2"]],
      );
    });
  });

  it("deny where an annotation cannot be made, whatever their actions, unless failures are ignored", async () => {
    const auditAnnotations = [{ key: "bad", valueExpression: "string(object.data.missing)" }];
    const actions = { validationActions: ["Audit"] };
    await plane.with("Validating", { matchConstraints, auditAnnotations }, actions, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("bad")));
      assert.match(
        message,
        /denied request: expression 'string\(object\.data\.missing\)' resulted in error: no such key/,
      );
    });
    const ignoring = { matchConstraints, auditAnnotations, failurePolicy: "Ignore" };
    await plane.with("Validating", ignoring, actions, async () => {
      await plane.collection("configmaps").create(configMap("bad"));
    });
  });

  it("say which kind of parameter there is none of, before any binding", async () => {
    const spec = {
      ...{ matchConstraints, validations: [{ expression: "true" }] },
      paramKind: { apiVersion: "example.com/v1", kind: "Nothing" },
    };
    const paramRef = { name: "x", parameterNotFoundAction: "Allow" };
    await plane.with("Validating", spec, { paramRef }, async () => {
      const { message, code, reason } = await refusal(
        plane.collection("configmaps").create(configMap("unparametrized")),
      );
      const why =
        "failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Nothing'";
      assert.equal(
        message,
        `configmaps "unparametrized" is forbidden: ValidatingAdmissionPolicy 'test' denied request: ${why}`,
      );
      assert.deepEqual([code, reason], [422, "Invalid"]);
    });
    await plane.with("Validating", { ...spec, failurePolicy: "Ignore" }, { paramRef }, async () => {
      await plane.collection("configmaps").create(configMap("unparametrized"));
    });
  });

  it("run without parameters where a binding names none, and not at all where it may be missing", async () => {
    const spec = {
      ...{ matchConstraints, paramKind: { apiVersion: "v1", kind: "ConfigMap" } },
      validations: [{ expression: "params != null", message: "no params" }],
    };
    await plane.with("Validating", spec, {}, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("without")));
      assert.ok(message.endsWith("denied request: no params"), message);
    });
    const paramRef = { name: "nowhere", namespace: "default", parameterNotFoundAction: "Allow" };
    await plane.with("Validating", spec, { paramRef }, async () => {
      await plane.collection("configmaps").create(configMap("without"));
    });
  });

  it("stop when they cost too much, with nothing but that to say", async () => {
    // Each list is built from one eight times its size.
    const grow = (depth: number): string =>
      depth === 0 ? "[1,2,3,4,5,6,7,8]" : `${grow(0)}.map(x${depth}, ${grow(depth - 1)})`;
    const expensive = Array.from({ length: 80 }, () => ({ expression: `size(${grow(5)}) > 0` }));
    const validations = [{ expression: "false", message: "said first" }, ...expensive];
    await plane.with("Validating", { matchConstraints, validations }, {}, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("expensive")));
      const why = "validation failed due to running out of cost budget, no further validation rules will be run";
      assert.ok(message.endsWith(`denied request: ${why}`), message);
    });
  });

  it("know the authorizer in validations and conditions, but not in messages", async () => {
    const authorized = "authorizer.requestResource.check('create').allowed()";
    const withMessage = { expression: "false", messageExpression: `'allowed: ' + string(${authorized})` };
    const status = await refusal(
      plane.with("Validating", { matchConstraints, validations: [withMessage] }, {}, async () => {}),
    );
    assert.equal(status.details?.causes?.[0]?.field, "spec.validations[0].messageExpression");
    assert.match(status.message ?? "", /undeclared reference to 'authorizer'/);
    const spec = {
      ...{ matchConstraints, matchConditions: [{ name: "may", expression: authorized }] },
      validations: [{ expression: `!${authorized}`, message: "you may" }],
    };
    await plane.with("Validating", spec, {}, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("asked")));
      assert.ok(message.endsWith("denied request: you may"), message);
    });
  });

  it("want expressions of the right type, known before they run", async () => {
    const cases = [
      [{ validations: [{ expression: "object.spec.enabled" }] }, "must evaluate to bool but got dyn"],
      [
        { validations: [{ expression: "false", messageExpression: "object.metadata.name" }] },
        "must evaluate to string but got dyn",
      ],
      [
        { auditAnnotations: [{ key: "a", valueExpression: "1" }] },
        "must evaluate to one of [string null_type] but got int",
      ],
      [
        { validations: [{ expression: "true" }], matchConditions: [{ name: "a", expression: "object.x" }] },
        "must evaluate to bool but got dyn",
      ],
    ] as const;
    for (const [spec, why] of cases) {
      const { message = "", code } = await refusal(
        plane.with("Validating", { matchConstraints, ...spec }, {}, async () => {}),
      );
      assert.equal(code, 422);
      assert.ok(message.endsWith(why), message);
    }
  });

  it("tell of variables that fail, only where they are used", async () => {
    const spec = {
      matchConstraints,
      variables: [{ name: "broken", expression: "object.data.missing" }],
      validations: [{ expression: "!has(object.data.use) || string(variables.broken) == ''" }],
    };
    await plane.with("Validating", spec, {}, async () => {
      await plane.collection("configmaps").create(configMap("unused", { other: "" }));
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("used", { use: "" })));
      assert.match(message, /composited variable "broken" fails to evaluate: no such key: missing/);
    });
  });

  it("match conditions see no namespace, and decide what their failure means", async () => {
    const condition = (expression: string) => [{ name: "c", expression }];
    const validations = [{ expression: "namespaceObject.metadata.name == 'other'" }];
    const spec = { matchConstraints, validations, matchConditions: condition("namespaceObject == null") };
    await plane.with("Validating", spec, {}, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("conditional")));
      assert.ok(message.includes("failed expression: namespaceObject.metadata.name == 'other'"), message);
    });
    const failing = { ...spec, matchConditions: condition("object.data.missing == 'x'") };
    await plane.with("Validating", failing, {}, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("conditional")));
      assert.match(message, /denied request: expression 'object\.data\.missing == 'x'' resulted in error/);
    });
    await plane.with("Validating", { ...failing, failurePolicy: "Ignore" }, {}, async () => {
      await plane.collection("configmaps").create(configMap("conditional"));
    });
  });

  it("see of the request what there is", async () => {
    const expression =
      "!has(request.subResource) && !has(request.userInfo.uid) && request.name == 'seen' && request.options.kind == 'CreateOptions'";
    await plane.with("Validating", { matchConstraints, validations: [{ expression }] }, {}, async () => {
      await plane.collection("configmaps").create(configMap("seen"));
    });
    const broken = [{ expression: "request.subResource == ''" }];
    await plane.with("Validating", { matchConstraints, validations: broken }, {}, async () => {
      const { message = "" } = await refusal(plane.collection("configmaps").create(configMap("unseen")));
      assert.match(message, /resulted in error: no such key: subResource/);
    });
  });

  it("match names that are known, subresources and connections", async () => {
    const named = {
      resourceRules: [
        { ...rule("", "configmaps").resourceRules[0], resourceNames: ["this"] },
        { ...rule("", "pods/exec", ["CONNECT"]).resourceRules[0] },
      ],
    };
    const validations = [{ expression: "has(object.command) && object.command[0] == 'ls'", message: "only ls" }];
    await plane.with("Validating", { matchConstraints: named, validations }, {}, async () => {
      await plane.collection("configmaps").create(configMap("that"));
      await plane
        .collection("configmaps")
        .create({ ...configMap(""), metadata: { generateName: "this" } } as KubeObject);
      await refusal(plane.collection("configmaps").create(configMap("this")));
    });
  });

  it("count changes of a policy at once", async () => {
    for (let round = 0; round < 5; round++) {
      await plane.with("Validating", { matchConstraints, validations: [{ expression: "false" }] }, {}, async () => {
        await refusal(plane.collection("configmaps").create(configMap(`round${round}`)));
      });
      await plane.collection("configmaps").create(configMap(`round${round}`));
    }
  });
});
