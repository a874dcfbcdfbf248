import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { HookServer, jsonPatch, refusal, startStandardControlPlane } from "../../../testing/index.ts";
import { configMap, PolicyPlane, rule } from "./fixture.ts";

let plane: PolicyPlane;
const hooks = new HookServer();
const matchConstraints = rule("", "configmaps");

const apply = (expression: string) => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression } });
const patch = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } });
const spec = (mutations: readonly object[], more: object = {}) => ({
  ...{ matchConstraints, mutations, failurePolicy: "Fail", reinvocationPolicy: "Never" },
  ...more,
});
const create = (name: string, data: Record<string, string> = { a: "b" }) =>
  plane.collection("configmaps").create(configMap(name, data)) as Promise<
    KubeObject & { data: Record<string, string> }
  >;
const head = "policy 'test' with binding 'test' denied request: ";

/** What is said of a request that a policy's mutations cannot be made to. */
async function refused(mutations: readonly object[], more: object = {}) {
  let status: Awaited<ReturnType<typeof refusal>> | undefined;
  await plane.with("Mutating", spec(mutations, more), {}, async () => {
    status = await refusal(create("refused"));
  });
  if (status === undefined) throw new assert.AssertionError({ message: "not tried" });
  return status;
}

describe("mutating policies", () => {
  before(async () => {
    plane = await PolicyPlane.start((more) => startStandardControlPlane({ more }));
    await hooks.start();
  });
  after(async () => {
    await plane.stop();
    await hooks.stop();
  });

  it("say why they refuse without naming the object, with 403 and all causes", async () => {
    const status = await refused([
      patch("[JSONPatch{op: 'remove', path: '/data/x'}]"),
      apply("Object{data: object.none}"),
    ]);
    const first = `${head}JSON Patch: error in remove for path: '/data/x': Unable to remove nonexistent key: x: missing value`;
    assert.deepEqual([status.code, status.reason, status.message], [403, "Invalid", first]);
    assert.deepEqual(
      status.details?.causes?.map(({ message }) => message),
      [first, `${head}expression 'Object{data: object.none}' resulted in error: no such key: none`],
    );
    assert.equal(status.details?.name, "refused");
  });

  it("are refused for configurations that do not fit", async () => {
    const cases = [
      [
        "Object{spec: Object.spec{x: 1}}",
        "failed to convert patch object to typed object: .spec: field not declared in schema",
      ],
      [
        "Object{metadata: Object.metadata{name: 1}}",
        "failed to convert patch object to typed object: .metadata.name: expected string, got &value.valueUnstructured{Value:1}",
      ],
    ] as const;
    for (const [expression, why] of cases) {
      assert.equal((await refused([apply(expression)])).message, `${head}error applying patch: ${why}`);
    }
    const wrong = await refused([apply("Object{metadata: Object.spec{labels: {'a': 'b'}}}")]);
    const names =
      'unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type';
    assert.equal(wrong.message, `${head}type mismatch: ${names}`);
  });

  it("are refused as servers' errors where a patch leaves no such object", async () => {
    const cases = [
      ["[JSONPatch{op: 'add', path: '/nonsense', value: 1}]", 'strict decoding error: unknown field "nonsense"'],
      [
        "[JSONPatch{op: 'add', path: '/data', value: 1}]",
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string",
      ],
      ["[JSONPatch{op: 'replace', path: '/kind', value: 'Secret'}]", 'no kind "Secret" is registered for version "v1"'],
    ] as const;
    for (const [expression, why] of cases) {
      const { code, message } = await refused([patch(expression)], { failurePolicy: "Ignore" });
      assert.deepEqual([code, message], [500, `Internal error occurred: ${why}`]);
    }
  });

  it("leave the object alone where a test fails, or failures are to be ignored", async () => {
    const tested =
      "[JSONPatch{op: 'test', path: '/data/a', value: 'z'}, JSONPatch{op: 'add', path: '/data/b', value: 'y'}]";
    await plane.with(
      "Mutating",
      spec([patch(tested), patch("[JSONPatch{op: 'add', path: '/data/c', value: 'z'}]")]),
      {},
      async () => {
        assert.deepEqual((await create("tested")).data, { a: "b", c: "z" });
      },
    );
    const mutations = [
      apply("Object{spec: Object.spec{x: 1}}"),
      patch("[JSONPatch{op: 'add', path: '/data/c', value: 'z'}]"),
    ];
    await plane.with("Mutating", spec(mutations, { failurePolicy: "Ignore" }), {}, async () => {
      assert.deepEqual((await create("ignored")).data, { a: "b", c: "z" });
    });
  });

  it("do not compile with other types, and say so at creation", async () => {
    const cases = [
      [apply("{'data': {}}"), "spec.mutations[0].applyConfiguration.expression", "must evaluate to Object"],
      [apply("Object.spec{}"), "spec.mutations[0].applyConfiguration.expression", "must evaluate to Object"],
      [patch("[1]"), "spec.mutations[0].jsonPatch.expression", "must evaluate to list(JSONPatch)"],
      [
        patch("[JSONPatch{op: 1}]"),
        "spec.mutations[0].jsonPatch.expression",
        "expected type of field 'op' is 'string' but provided type is 'int'",
      ],
      [patch("[JSONPatch{verb: 'x'}]"), "spec.mutations[0].jsonPatch.expression", "undefined field 'verb'"],
      [patch("[Nothing{}]"), "spec.mutations[0].jsonPatch.expression", "undeclared reference to 'Nothing'"],
    ] as const;
    for (const [mutation, field, why] of cases) {
      const status = await refusal(plane.with("Mutating", spec([mutation]), {}, async () => {}));
      assert.deepEqual(status.details?.causes?.[0]?.field, field);
      assert.ok(status.message?.includes(why), status.message ?? "");
    }
    const objects = { variables: [{ name: "made", expression: "Object{}" }] };
    const status = await refusal(plane.with("Mutating", spec([apply("Object{}")], objects), {}, async () => {}));
    assert.equal(status.details?.causes?.[0]?.field, "spec.variables[0].expression");
  });

  it("take every parameter in turn, conditions and variables", async () => {
    for (const [name, key] of Object.entries({ p1: "x", p2: "y" } as const))
      await plane.collection("configmaps").create(configMap(name, { key }, { labels: { params: "yes" } }));
    const more = {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConditions: [{ name: "only", expression: "object.metadata.name.startsWith('with')" }],
      variables: [{ name: "size", expression: "size(object.data)" }],
    };
    const paramRef = { selector: { matchLabels: { params: "yes" } }, parameterNotFoundAction: "Deny" };
    const add = "[JSONPatch{op: 'add', path: '/data/' + params.data.key, value: string(variables.size)}]";
    await plane.with("Mutating", spec([patch(add)], more), { paramRef }, async () => {
      assert.deepEqual((await create("with-params")).data, { a: "b", x: "1", y: "2" });
      assert.deepEqual((await create("others")).data, { a: "b" });
    });
    const none = { ...more, paramKind: { apiVersion: "example.com/v1", kind: "Nothing" } };
    await plane.with("Mutating", spec([patch(add)], none), { paramRef }, async () => {
      const status = await refusal(create("with-none"));
      const why =
        "failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Nothing'";
      assert.deepEqual([status.code, status.reason], [403, "Forbidden"]);
      assert.equal(status.message, `policy "test" denied request: ${why}`);
    });
  });

  it("see the old object on updates", async () => {
    const kept = apply("Object{data: has(oldObject.data) ? oldObject.data : {}}");
    await create("updated", { old: "1" });
    const onUpdate = spec([kept], { matchConstraints: rule("", "configmaps", ["UPDATE"]) });
    await plane.with("Mutating", onUpdate, {}, async () => {
      const { object } = await plane.send(
        "PUT",
        "/api/v1/namespaces/default/configmaps/updated",
        configMap("updated", { new: "2" }),
      );
      assert.deepEqual(object["data"], { old: "1", new: "2" });
    });
  });

  it("may not match deletions", async () => {
    const more = { matchConstraints: rule("", "configmaps", ["DELETE"]) };
    const { code } = await refusal(plane.with("Mutating", spec([apply("Object{}")], more), {}, async () => {}));
    assert.equal(code, 422);
  });

  it("run again if they ask for it and something changed after them", async () => {
    const append = patch("[JSONPatch{op: 'add', path: '/data/a', value: object.data.a + '.'}]");
    await plane.with("Mutating", spec([append], { reinvocationPolicy: "Never" }), {}, async () => {
      assert.deepEqual((await create("never")).data, { a: "b." });
    });
    // Upstream takes what a policy touched for changed, so that it sees its own work once.
    await plane.with("Mutating", spec([append], { reinvocationPolicy: "IfNeeded" }), {}, async () => {
      assert.deepEqual((await create("if-needed")).data, { a: "b.." });
    });
  });

  it("run again after webhooks changed the object", async () => {
    const mark = patch("[JSONPatch{op: 'add', path: '/data/seen', value: string(size(object.data))}]");
    hooks.answer = ({ object }) =>
      (object?.["data"] as Record<string, string>)["hook"] === undefined
        ? jsonPatch([{ op: "add", path: "/data/hook", value: "1" }])
        : { allowed: true };
    const hook = hooks.hook("m.example.com", ["configmaps"], {
      rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
    });
    await hooks.with(plane.client, "Mutating", [hook], async () => {
      await plane.with("Mutating", spec([mark], { reinvocationPolicy: "IfNeeded" }), {}, async () => {
        assert.deepEqual((await create("hooked")).data, { a: "b", seen: "3", hook: "1" });
      });
      await plane.with("Mutating", spec([mark]), {}, async () => {
        assert.deepEqual((await create("hooked-once")).data, { a: "b", seen: "1", hook: "1" });
      });
    });
  });

  it("are chosen before any of them runs", async () => {
    const label = apply("Object{metadata: Object.metadata{labels: {'team': 'a'}}}");
    const labelled = { ...matchConstraints, objectSelector: { matchLabels: { team: "a" } } };
    await plane.with("Mutating", spec([label]), {}, async () => {
      const late = spec([patch("[JSONPatch{op: 'add', path: '/data/late', value: 'yes'}]")], {
        matchConstraints: labelled,
      });
      await plane.with(
        "Mutating",
        late,
        {},
        async () => {
          const made = await create("chosen");
          assert.deepEqual([made.metadata.labels, made.data], [{ team: "a" }, { a: "b" }]);
        },
        "zz",
      );
    });
  });
});
