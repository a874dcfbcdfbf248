import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition, JSONSchemaProps } from "../../api/index.ts";
import { isStatusError, type KubeObject } from "../../apimachinery/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { applyDefaults } from "./schema/defaults.ts";
import { prune } from "./schema/prune.ts";
import { ratchet } from "./schema/ratchet.ts";
import { structuralOf } from "./schema/structural.ts";
import { validateValue } from "./schema/validate-value.ts";
import { judgeNames } from "./definition/names.ts";
import { validateDefinition } from "./definition/validation.ts";
import { definition, definitionsResource, established, resourceOf } from "./testing/definitions.ts";

const text = { type: "string" };
const object = (properties: unknown, more: object = {}): JSONSchemaProps =>
  ({ type: "object", properties, ...more }) as JSONSchemaProps;

const pruned: [what: string, schema: JSONSchemaProps, value: unknown, kept: unknown, removed: string[]][] = [
  ["unknown fields go", object({ a: text }), { a: "1", b: 2 }, { a: "1" }, ["b"]],
  [
    "below lists too",
    object({ l: { type: "array", items: object({ a: text }) } }),
    { l: [{ a: "1", c: 1 }] },
    { l: [{ a: "1" }] },
    ["l[0].c"],
  ],
  [
    "maps keep their keys",
    object({ m: { type: "object", additionalProperties: object({ a: text }) } }),
    { m: { x: { a: "", z: 1 } } },
    { m: { x: { a: "" } } },
    ["m.x.z"],
  ],
  [
    "unknown fields may be kept",
    object({ a: text }, { "x-kubernetes-preserve-unknown-fields": true }),
    { b: { c: 1 } },
    { b: { c: 1 } },
    [],
  ],
  [
    "known ones below are still pruned",
    object({ a: object({}) }, { "x-kubernetes-preserve-unknown-fields": true }),
    { a: { c: 1 } },
    { a: {} },
    ["a.c"],
  ],
  [
    "kind and metadata of embedded objects stay",
    object({ o: object({}, { "x-kubernetes-embedded-resource": true }) }),
    { o: { kind: "A", x: 1 } },
    { o: { kind: "A" } },
    ["o.x"],
  ],
];
for (const [what, schema, value, kept, removed] of pruned) {
  test(`pruning: ${what}`, () => {
    assert.deepEqual(prune(value, structuralOf(schema)), removed);
    assert.deepEqual(value, kept);
  });
}

const defaulted: [what: string, schema: JSONSchemaProps, value: unknown, expected: unknown][] = [
  ["an absent field", object({ a: { ...text, default: "x" } }), {}, { a: "x" }],
  ["a field that is there stays", object({ a: { ...text, default: "x" } }), { a: "" }, { a: "" }],
  ["null is absence", object({ a: { ...text, default: "x" } }), { a: null }, { a: "x" }],
  ["unless null is allowed", object({ a: { ...text, nullable: true, default: "x" } }), { a: null }, { a: null }],
  [
    "defaults inside defaults",
    object({ o: object({ b: { type: "integer", default: 2 } }, { default: {} }) }),
    {},
    { o: { b: 2 } },
  ],
  ["nothing below what is absent", object({ o: object({ b: { type: "integer", default: 2 } }) }), {}, {}],
  [
    "elements of lists",
    object({ l: { type: "array", items: object({ a: { ...text, default: "x" } }) } }),
    { l: [{}] },
    { l: [{ a: "x" }] },
  ],
];
for (const [what, schema, value, expected] of defaulted) {
  test(`defaulting: ${what}`, () => {
    applyDefaults(value, structuralOf(schema));
    assert.deepEqual(value, expected);
  });
}

const messages: [schema: object, value: unknown, detail: string][] = [
  [{ type: "integer", maximum: 5 }, 6, "v in body should be less than or equal to 5"],
  [{ type: "integer", maximum: 5, exclusiveMaximum: true }, 5, "v in body should be less than 5"],
  [{ type: "integer", minimum: 1 }, 0, "v in body should be greater than or equal to 1"],
  [{ type: "number", multipleOf: 0.1 }, 0.25, "v in body should be a multiple of 0.1"],
  [{ type: "string", minLength: 2 }, "a", "v in body should be at least 2 chars long"],
  [{ type: "string", pattern: "^a+$" }, "b", "v in body should match '^a+$'"],
  [{ type: "string", format: "ipv4" }, "1.2.3", 'v in body must be of type ipv4: "1.2.3"'],
  [{ type: "string", enum: ["a", "b"] }, "c", 'supported values: "a", "b"'],
  [{ type: "string" }, 1, 'v in body must be of type string: "integer"'],
  [{ type: "array", maxItems: 1 }, [1, 2], "must have at most 1 item"],
  [{ type: "array", minItems: 1 }, [], "v in body should have at least 1 items"],
  [{ "x-kubernetes-int-or-string": true }, 1.5, 'v in body must be of type integer,string: "number"'],
  [
    { oneOf: [{ required: ["a"] }, { required: ["b"] }], type: "object" },
    {},
    "v in body must validate one and only one schema (oneOf). Found none valid",
  ],
  [{ not: { required: ["a"] }, type: "object" }, { a: 1 }, "v in body must not validate the schema (not)"],
];
for (const [schema, value, detail] of messages) {
  test(`value: ${detail}`, () => {
    const [error, ...more] = validateValue(value, schema as JSONSchemaProps, "v");
    assert.equal(error?.detail, detail);
    assert.deepEqual(more, []);
  });
}

test("list maps have each key once, and required fields are told by their path", () => {
  const items = object({ k: text }, { required: ["k", "v"] });
  const list = { type: "array", items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] };
  const errors = validateValue({ l: [{ k: "a", v: 1 }, { k: "a" }] }, object({ l: list }));
  assert.deepEqual(
    errors.map(({ type, field }) => [type, field]),
    [
      ["FieldValueRequired", "l[1].v"],
      ["FieldValueDuplicate", "l[1]"],
    ],
  );
});

test("what was invalid and has not changed does not stand in the way of an update", () => {
  const schema = object({ spec: object({ a: { type: "string", maxLength: 1 }, b: { type: "string", maxLength: 1 } }) });
  const old = { metadata: {}, spec: { a: "long", b: "b" } } as unknown as KubeObject;
  const same = { metadata: {}, spec: { a: "long", b: "c" } } as unknown as KubeObject;
  const worse = { metadata: {}, spec: { a: "longer", b: "c" } } as unknown as KubeObject;
  assert.deepEqual(ratchet(validateValue(same, schema), same, old), []);
  assert.deepEqual(
    ratchet(validateValue(worse, schema), worse, old).map(({ field }) => field),
    ["spec.a"],
  );
});

const at = "spec.versions[0].schema.openAPIV3Schema";
const structural: [schema: object, message: RegExp, field: string][] = [
  [{}, /must not be empty at the root/, `${at}.type`],
  [object({ a: {} }), /must not be empty for specified object fields/, `${at}.properties[a].type`],
  [object({ a: { type: "array" } }), /must be specified/, `${at}.properties[a].items`],
  [
    object({ a: { type: "string", "x-kubernetes-int-or-string": true } }),
    /must be empty if x-kubernetes-int-or-string is true/,
    `${at}.properties[a].type`,
  ],
  [object({ a: { type: "string", default: 1 } }), /must be of type string/, `${at}.properties[a].default`],
  [
    object({ metadata: object({ labels: object({}) }) }),
    /only name and generateName can be restricted/,
    `${at}.properties[metadata].properties[labels]`,
  ],
];
for (const [schema, message, field] of structural) {
  test(`a definition is refused for ${field}: ${message.source}`, () => {
    const errors = validateDefinition(definition("foos", "example.com", { kind: "Foo", schema }));
    const found = errors.find((error) => error.field.startsWith(field));
    assert.match(`${found?.detail}`, message, JSON.stringify(errors));
  });
}

test("groups of the Kubernetes project need its approval", () => {
  const one = definition("foos", "x.k8s.io", { kind: "Foo", schema: object({}) });
  const fields = () => validateDefinition(one).map(({ type, field }) => `${type} ${field}`);
  assert.deepEqual(fields(), ["FieldValueRequired metadata.annotations[api-approved.kubernetes.io]"]);
  one.metadata.annotations = { "api-approved.kubernetes.io": "sure" };
  assert.deepEqual(fields(), ["FieldValueInvalid metadata.annotations[api-approved.kubernetes.io]"]);
  one.metadata.annotations = { "api-approved.kubernetes.io": "unapproved, a trial" };
  assert.deepEqual(fields(), []);
});

test("names are accepted one by one; the last conflict is told", () => {
  const first = definition("foos", "example.com", { kind: "Foo", schema: object({}) });
  first.status = { acceptedNames: first.spec.names } as never;
  const second = definition("bars", "example.com", { kind: "Foo", schema: object({}), names: { listKind: "BarList" } });
  const { accepted, conflict } = judgeNames(second, [first]);
  assert.deepEqual(conflict, { reason: "KindConflict", message: '"Foo" is already in use' });
  assert.deepEqual([accepted.plural, accepted.kind, accepted.listKind], ["bars", "", "BarList"]);
});

const widgetSchema = object({
  spec: object({ size: { type: "integer", default: 1, maximum: 9 }, color: text }, { required: ["color"] }),
  status: object({ ready: { type: "boolean" } }),
});
type Widget = KubeObject & { spec: { size?: number; color: string }; status?: { ready: boolean } };
const widget = (name: string, color = "red", more: object = {}): Widget =>
  ({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name }, spec: { color, ...more } }) as Widget;

async function withWidgets(work: (plane: TestControlPlane) => Promise<void>): Promise<void> {
  const plane = await startStandardControlPlane();
  try {
    const version = { subresources: { status: {} }, selectableFields: [{ jsonPath: ".spec.color" }] };
    await plane.client
      .resource(definitionsResource)
      .create(definition("widgets", "example.com", { kind: "Widget", schema: widgetSchema, version }));
    await established(plane.client, "widgets.example.com");
    await work(plane);
  } finally {
    await plane.stop();
  }
}
const widgetsOf = ({ client }: TestControlPlane) =>
  client.resource<Widget>(resourceOf("example.com", "v1", "widgets")).namespace("default");

test("a custom resource is defaulted, validated, selected, has a status of its own and a generation", () =>
  withWidgets(async (plane) => {
    const widgets = widgetsOf(plane);
    const created = await widgets.create({ ...widget("a"), status: { ready: true } });
    assert.deepEqual(
      [created.spec, created.status, created.metadata.generation],
      [{ color: "red", size: 1 }, undefined, 1],
    );
    await assert.rejects(widgets.create(widget("b", "red", { size: 10 })), (error) => isStatusError(error, "Invalid"));
    const ready = await widgets.updateStatus({ ...created, spec: { color: "blue" }, status: { ready: true } });
    assert.deepEqual([ready.spec.color, ready.status, ready.metadata.generation], ["red", { ready: true }, 1]);
    const blue = await widgets.update({ ...ready, spec: { color: "blue" } });
    assert.deepEqual([blue.metadata.generation, blue.status, blue.spec.size], [2, { ready: true }, 1]);
    await widgets.create(widget("c"));
    const { items } = await widgets.list({ fieldSelector: "spec.color=blue" });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["a"],
    );
  }));

test("a new schema ends watches, and what is stored is read in its light", () =>
  withWidgets(async (plane) => {
    const widgets = widgetsOf(plane);
    await widgets.create(widget("a"));
    const ended = (async () => {
      for await (const _event of widgets.watch({ resourceVersion: "0" }));
    })();
    const definitions = plane.client.resource<CustomResourceDefinition>(definitionsResource);
    const current = structuredClone(await definitions.get("widgets.example.com")) as CustomResourceDefinition;
    const [version] = current.spec.versions;
    const schema = version?.schema?.openAPIV3Schema?.properties?.["spec"];
    assert.ok(schema);
    schema.properties = {
      size: { type: "integer", default: 1 },
      color: text,
      shape: { ...text, default: "round" },
    } as never;
    await definitions.update(current);
    await established(plane.client, "widgets.example.com");
    await ended;
    assert.deepEqual((await widgets.get("a")).spec, { color: "red", size: 1, shape: "round" });
  }));

test("deleting a definition deletes its objects first, waits for finalizers, and takes no new ones", () =>
  withWidgets(async (plane) => {
    const widgets = widgetsOf(plane);
    const held = widget("held");
    await widgets.create({ ...held, metadata: { ...held.metadata, finalizers: ["example.com/hold"] } });
    const definitions = plane.client.resource<CustomResourceDefinition>(definitionsResource);
    const watch = definitions.watch({ fieldSelector: "metadata.name=widgets.example.com" });
    await definitions.delete("widgets.example.com");
    let released = false;
    for await (const event of watch) {
      if (event.type === "DELETED") break;
      if (event.type === "ERROR" || event.type === "BOOKMARK" || released) continue;
      if (!event.object.status?.conditions?.some(({ type }) => type === "Terminating")) continue;
      released = true;
      await assert.rejects(
        widgets.create(widget("late")),
        /create not allowed while custom resource definition is terminating/,
      );
      await widgets.patch("held", { type: "merge", body: { metadata: { finalizers: null } } });
    }
    assert.ok(released);
    await assert.rejects(widgets.get("held"), (error) => isStatusError(error, "NotFound"));
  }));
