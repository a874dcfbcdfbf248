import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupVersionFacts, TypeFacts } from "../facts.ts";
import type { KubeObject, ManagedFieldsEntry } from "../meta/contract.ts";
import { compile } from "../schema/compile.ts";
import { FactsSchemas } from "../schema/facts-schema.ts";
import { FieldManager, type FieldManagerOptions } from "./field-manager.ts";

const types: Record<string, TypeFacts> = {
  Web: {
    kind: true,
    fields: {
      metadata: { type: "Meta" },
      spec: { type: "Spec" },
      status: { type: "Status" },
    },
  },
  Meta: {
    fields: {
      name: { type: "string", omitEmpty: true },
      namespace: { type: "string", omitEmpty: true },
      uid: { type: "string", omitEmpty: true },
      resourceVersion: { type: "string", omitEmpty: true },
      labels: { type: "map[string]", omitEmpty: true },
      annotations: { type: "map[string]", omitEmpty: true },
      finalizers: { type: "[]string", list: "set", omitEmpty: true },
      managedFields: { type: "[]Any", omitEmpty: true },
    },
  },
  Spec: {
    fields: {
      replicas: { type: "int32", pointer: true, omitEmpty: true },
      selector: { type: "Selector", pointer: true },
      containers: { type: "[]Container", list: "map", keys: ["name"] },
      ports: { type: "[]Port", list: "map", keys: ["port", "protocol"], omitEmpty: true },
    },
  },
  Selector: { atomic: true, fields: { matchLabels: { type: "map[string]", omitEmpty: true } } },
  Container: {
    fields: {
      name: { type: "string" },
      image: { type: "string", omitEmpty: true },
      args: { type: "[]string", list: "atomic", omitEmpty: true },
      env: { type: "[]Container", list: "map", keys: ["name"], omitEmpty: true },
      resources: { type: "Resources", omitEmpty: true },
    },
  },
  Resources: { fields: { limits: { type: "map[Quantity]", omitEmpty: true } } },
  Port: {
    fields: {
      port: { type: "int32" },
      protocol: { type: "string", default: "TCP", omitEmpty: true },
      name: { type: "string", omitEmpty: true },
    },
  },
  Status: { fields: { phase: { type: "string", omitEmpty: true } } },
};
const facts: GroupVersionFacts = { group: "apps", version: "v1", package: "k8s.io/api/apps/v1", types, resources: [] };
const schema = new FactsSchemas(() => facts).object("apps/v1", "Web");
const options: FieldManagerOptions = { schema, apiVersion: "apps/v1", kind: "Web" };
const manager = new FieldManager(options);
const t1 = Date.UTC(2026, 0, 1, 0, 0, 1);
const t2 = Date.UTC(2026, 0, 1, 0, 0, 2);

type Web = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

function web(spec: Record<string, unknown>, meta: Record<string, unknown> = {}): Web {
  return { apiVersion: "apps/v1", kind: "Web", metadata: { name: "w", ...meta }, spec };
}

function created(object: Web, name = "kubectl-create"): Web {
  const managedFields = manager.update(undefined, object, name, t1);
  return freeze({ ...object, metadata: { ...object.metadata, uid: "u", managedFields } });
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}

function apply(live: Web | undefined, config: unknown, name = "applier", force = false): Web {
  return freeze(manager.apply(live, freeze(config), { manager: name, force, nowMs: t2 })) as Web;
}

/** The live object after its first apply, as the store would hold it. */
function stored(object: Web): Web {
  return freeze({ ...object, metadata: { ...object.metadata, uid: "u" } });
}

const fieldsOf = (object: Web, name: string) =>
  JSON.stringify(object.metadata.managedFields?.find((entry) => entry.manager === name)?.fieldsV1);

const container = { name: "c", image: "nginx", args: ["a"] };

test("create gives everything that was set to the creator, in upstream's form", () => {
  const object = created(
    web({ replicas: 1, selector: { matchLabels: { a: "b" } }, containers: [container] }, { labels: { a: "b" } }),
  );
  assert.deepEqual(object.metadata.managedFields, [
    {
      manager: "kubectl-create",
      operation: "Update",
      apiVersion: "apps/v1",
      time: "2026-01-01T00:00:01Z",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
        "f:spec": {
          "f:containers": {
            'k:{"name":"c"}': { ".": {}, "f:args": {}, "f:image": {}, "f:name": {}, "f:resources": {} },
          },
          "f:replicas": {},
          "f:selector": {},
        },
      },
    },
  ]);
});

test("update gives what changed to the updater and takes it from the others", () => {
  const live = created(web({ replicas: 1, containers: [container] }));
  const object = web({ replicas: 2, containers: [{ ...container, image: "busybox" }] });
  const managedFields = manager.update(live, object, "editor", t2);
  const after = { ...object, metadata: { ...object.metadata, managedFields } };
  assert.equal(
    fieldsOf(after, "editor"),
    '{"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{"f:image":{}}},"f:replicas":{}}}',
  );
  assert.equal(
    fieldsOf(after, "kubectl-create"),
    '{"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:args":{},"f:name":{},"f:resources":{}}}}}',
  );
});

test("an empty list that is not stored is nobody's, and takes what it replaces from its owner", () => {
  const codec = compile<Web>(schema);
  const decoded = (spec: object) => codec.decodeValue(web({ ...spec }, { labels: {} }), { unknownFields: "report" });
  const { object } = decoded({ containers: [{ name: "c", args: [] }], ports: [] });
  const owned = created(object);
  assert.equal(
    fieldsOf(owned, "kubectl-create"),
    '{"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:name":{},"f:resources":{}}}}}',
  );
  const before = created(web({ containers: [container] }));
  const after = decoded({ containers: [{ ...container, args: [] }] }).object;
  const managedFields = manager.update(before, after, "editor", t2) ?? [];
  assert.deepEqual(
    managedFields.map((entry) => entry.manager),
    ["kubectl-create"],
  );
  assert.ok(!JSON.stringify(managedFields).includes("f:args"));
});

test("an update that changes nothing leaves entries and times alone", () => {
  const live = created(web({ replicas: 1 }));
  const managedFields = manager.update(live, web({ replicas: 1 }), "editor", t2);
  assert.deepEqual(managedFields, live.metadata.managedFields);
});

test("what an update removes nobody owns any more", () => {
  const live = created(web({ replicas: 1, containers: [container, { name: "d" }] }));
  const managedFields = manager.update(live, web({ containers: [{ name: "c", image: "nginx" }] }), "editor", t2);
  assert.deepEqual(
    managedFields?.map(({ fieldsV1 }) => fieldsV1),
    [
      {
        "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {}, "f:name": {}, "f:resources": {} } } },
      },
    ],
  );
});

test("a client may reset managedFields, and nonsense in them is ignored", () => {
  const live = created(web({ replicas: 1 }));
  assert.equal(manager.update(live, web({ replicas: 2 }, { managedFields: [] }), "editor", t2), undefined);
  assert.equal(manager.update(live, web({ replicas: 2 }, { managedFields: [{}] }), "editor", t2), undefined);
  const wrong: ManagedFieldsEntry[] = [{ manager: "x", operation: "Set" }];
  const managedFields = manager.update(live, web({ replicas: 1 }, { managedFields: wrong }), "editor", t2);
  assert.deepEqual(managedFields, live.metadata.managedFields);
});

test("first apply creates, and owns leaves and items only", () => {
  const config = web({ replicas: 3, containers: [{ name: "c", image: "nginx" }], ports: [{ port: 80 }] });
  const object = apply(undefined, config);
  assert.deepEqual(object.spec, config.spec);
  assert.deepEqual(object.metadata.managedFields, [
    {
      manager: "applier",
      operation: "Apply",
      apiVersion: "apps/v1",
      time: "2026-01-01T00:00:02Z",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:spec": {
          "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {}, "f:name": {} } },
          "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
          "f:replicas": {},
        },
      },
    },
  ]);
});

test("applying what somebody else owns with another value is a conflict that names the owner", () => {
  const live = created(web({ replicas: 1, containers: [container] }));
  const config = web({ replicas: 5, containers: [{ name: "c", image: "other" }] });
  assert.throws(() => apply(live, config), {
    code: 409,
    reason: "Conflict",
    message:
      'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n- .spec.replicas\n- .spec.containers[name="c"].image',
  });
  assert.throws(
    () => apply(live, web({ replicas: 5 })),
    (error: { message: string; status: { details: unknown } }) => {
      assert.equal(
        error.message,
        'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas',
      );
      assert.deepEqual(error.status.details, {
        causes: [
          {
            reason: "FieldManagerConflict",
            message: 'conflict with "kubectl-create" using apps/v1',
            field: ".spec.replicas",
          },
        ],
      });
      return true;
    },
  );
});

test("force takes the fields over", () => {
  const live = created(web({ replicas: 1, containers: [container] }));
  const object = apply(live, web({ replicas: 5 }), "applier", true);
  assert.equal(object.spec?.replicas, 5);
  assert.equal(fieldsOf(object, "applier"), '{"f:spec":{"f:replicas":{}}}');
  assert.equal(fieldsOf(object, "kubectl-create")?.includes("f:replicas"), false);
});

test("the same value may be owned by several", () => {
  const live = created(web({ replicas: 1 }));
  const object = apply(live, web({ replicas: 1 }));
  assert.equal(fieldsOf(object, "applier"), '{"f:spec":{"f:replicas":{}}}');
  assert.equal(fieldsOf(object, "kubectl-create"), '{"f:spec":{"f:replicas":{}}}');
});

test("what an applier leaves out goes, unless another owns it", () => {
  const first = stored(
    apply(
      undefined,
      web({
        replicas: 3,
        containers: [
          { name: "c", image: "a" },
          { name: "d", image: "b" },
        ],
      }),
    ),
  );
  const shared = stored(apply(first, web({ containers: [{ name: "d", image: "b" }] }), "second"));
  const object = apply(shared, web({ containers: [] }));
  assert.deepEqual(object.spec, { containers: [{ name: "d", image: "b" }] });
  assert.equal(
    fieldsOf(object, "second"),
    '{"f:spec":{"f:containers":{"k:{\\"name\\":\\"d\\"}":{".":{},"f:image":{},"f:name":{}}}}}',
  );
});

test("what is emptied stays where another owns it", () => {
  const live = created(web({ containers: [container] }, { labels: { a: "1" } }));
  const edited = { ...live, metadata: { ...live.metadata, labels: { a: "2" } } };
  const managedFields = manager.update(live, edited, "editor", t2);
  const taken = apply(
    stored({ ...edited, metadata: { ...edited.metadata, managedFields } }),
    web({}, { labels: { a: "3" } }),
    "applier",
    true,
  );
  assert.deepEqual(apply(stored(taken), web({})).metadata.labels, {});
});

test("labels, sets and atomic lists", () => {
  const first = stored(
    apply(undefined, web({ containers: [container] }, { labels: { a: "1", b: "2" }, finalizers: ["x/a", "x/b"] })),
  );
  const second = apply(
    first,
    web({ containers: [{ ...container, args: ["z"] }] }, { labels: { a: "1" }, finalizers: ["x/b", "x/c"] }),
  );
  assert.deepEqual(second.metadata.labels, { a: "1" });
  assert.deepEqual(second.metadata.finalizers, ["x/b", "x/c"]);
  assert.deepEqual(second.spec?.containers, [{ ...container, args: ["z"] }]);
});

test("items keep the order of the live list around those applied", () => {
  const live = created(web({ containers: [{ name: "a" }, { name: "b" }, { name: "c" }] }));
  const object = apply(live, web({ containers: [{ name: "c" }, { name: "x" }, { name: "a" }] }));
  const names = (object.spec?.containers as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(names, ["b", "c", "x", "a"]);
});

test("an object that nobody tracked gets an owner before the first apply", () => {
  const live = freeze(web({ replicas: 1 }, { uid: "u" }));
  const object = apply(live, web({ replicas: 2 }), "applier", true);
  assert.equal(object.spec?.replicas, 2);
  assert.throws(() => apply(live, web({ replicas: 2 })), {
    message: 'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
  });
});

test("an apply that changes nothing keeps its time", () => {
  const first = stored(apply(undefined, web({ replicas: 3 })));
  const again = manager.apply(first, web({ replicas: 3 }), { manager: "applier", force: false, nowMs: t2 + 60_000 });
  assert.deepEqual(again, first);
});

test("kubectl may change what it applied itself on the client's side", () => {
  const last = JSON.stringify(web({ replicas: 1 }));
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": last };
  const live = created(web({ replicas: 1 }, { annotations }), "kubectl-client-side-apply");
  const object = apply(live, web({ replicas: 2 }), "kubectl");
  assert.equal(object.spec?.replicas, 2);
  assert.equal(
    object.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"],
    '{"apiVersion":"apps/v1","kind":"Web","metadata":{"name":"w"},"spec":{"replicas":2}}\n',
  );
  const again = apply(stored(object), web({ replicas: 2 }, { annotations: {}, labels: { b: "<", a: "" } }), "kubectl");
  assert.equal(
    again.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"],
    '{"apiVersion":"apps/v1","kind":"Web","metadata":{"annotations":{},"labels":{"a":"","b":"\\u003c"},"name":"w"},"spec":{"replicas":2}}\n',
  );
  assert.throws(() => apply(live, web({ replicas: 2 }), "other"), { code: 409 });
});

test("what cannot be applied is refused with upstream's words", () => {
  const refused = (config: unknown, code: number, message: string) =>
    assert.throws(() => apply(undefined, config), { code, message });
  refused({ apiVersion: "v1", kind: "Pod" }, 400, "invalid object type: /v1, Kind=Pod");
  refused(web({}, { managedFields: [] }), 400, "metadata.managedFields must be nil");
  const head = "failed to create typed patch object (/w; apps/v1, Kind=Web): ";
  refused(web({ frob: 1 }), 500, `${head}.spec.frob: field not declared in schema`);
  refused(web({ replicas: "x" }), 500, `${head}.spec.replicas: expected numeric (int or float), got string`);
  refused(
    web({ containers: [{ name: 1 }] }),
    500,
    `${head}.spec.containers[name=1].name: expected string, got &value.valueUnstructured{Value:1}`,
  );
  refused(
    web({ containers: [{ name: "a" }, { name: "a" }] }),
    500,
    `${head}.spec.containers: duplicate entries for key [name="a"]`,
  );
  refused(
    web({ ports: [{ port: 1, protocol: "TCP" }, { port: 1 }] }),
    500,
    `${head}.spec.ports: duplicate entries for key [port=1,protocol="TCP"]`,
  );
});

test("updaters beyond ten are put together, oldest first", () => {
  let live = created(web({}, { labels: { l0: "x" } }), "m0");
  for (let i = 1; i <= 12; i++) {
    const labels = { ...live.metadata.labels, [`l${i}`]: "x" };
    const object = web({}, { labels });
    const managedFields = manager.update(live, object, `m${i}`, t1 + i * 1000);
    live = freeze({ ...object, metadata: { ...object.metadata, uid: "u", managedFields } });
  }
  const names = live.metadata.managedFields?.map((entry) => entry.manager);
  assert.deepEqual(names, ["ancient-changes", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12"]);
  assert.equal(
    fieldsOf(live, "ancient-changes"),
    '{"f:metadata":{"f:labels":{".":{},"f:l0":{},"f:l1":{},"f:l2":{},"f:l3":{}}}}',
  );
});

test("a subresource owns its own fields under its own entry", () => {
  const status = new FieldManager({ ...options, subresource: "status", resetFields: { "apps/v1": { "f:spec": {} } } });
  const live = created(web({ replicas: 1 }));
  const object: Web = { ...web({ replicas: 7 }), status: { phase: "Running" } };
  const managedFields = status.update(live, object, "kubelet", t2);
  assert.deepEqual(managedFields?.[1], {
    manager: "kubelet",
    operation: "Update",
    apiVersion: "apps/v1",
    time: "2026-01-01T00:00:02Z",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:status": { "f:phase": {} } },
    subresource: "status",
  });
  assert.equal(managedFields?.[0]?.manager, "kubectl-create");
});

test("entries of a version that is served no more are forgotten, others are converted", () => {
  const old: ManagedFieldsEntry = {
    manager: "old",
    operation: "Apply",
    apiVersion: "apps/v1beta1",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:spec": { "f:replicas": {} } },
  };
  const live = web({ replicas: 1 }, { uid: "u", managedFields: [old] });
  assert.equal(manager.update(live, web({ replicas: 1 }), "x", t2), undefined);
  const converting = new FieldManager({ ...options, convert: (from) => from });
  assert.deepEqual(converting.update(live, web({ replicas: 1 }), "x", t2), [old]);
  assert.deepEqual(
    converting.update(live, web({ replicas: 2 }), "x", t2)?.map((entry) => entry.manager),
    ["x"],
  );
});
