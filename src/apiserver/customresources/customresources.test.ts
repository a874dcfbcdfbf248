import assert from "node:assert/strict";
import { test } from "node:test";
import { type CustomResourceDefinition, type JSONSchemaProps, loadScheme } from "../../api/index.ts";
import { fieldErrorMessage, isStatusError, type KubeObject } from "../../apimachinery/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { CustomCodec } from "./codec.ts";
import { checkScaleSpec, checkScaleStatus } from "./scale-values.ts";
import { applyDefaults } from "./schema/defaults.ts";
import { prune } from "./schema/prune.ts";
import { Correlation } from "./schema/correlation.ts";
import { checkListTypes } from "./schema/list-types.ts";
import { structuralOf } from "./schema/structural.ts";
import { validateValue } from "./schema/validate-value.ts";
import { judgeNames } from "./definition/names.ts";
import { definition, definitionsResource, established, resourceOf } from "./testing/definitions.ts";
import { ObjectValidation } from "./validation.ts";

const metadata = loadScheme().codec({ group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata" });
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

const messages: [schema: object, value: unknown, ...texts: string[]][] = [
  [{ type: "integer", maximum: 5 }, 6, "v: Invalid value: 6: v in body should be less than or equal to 5"],
  [{ type: "integer", maximum: 5, exclusiveMaximum: true }, 5, "v: Invalid value: 5: v in body should be less than 5"],
  [{ type: "integer", minimum: 1 }, 0, "v: Invalid value: 0: v in body should be greater than or equal to 1"],
  [{ type: "number", multipleOf: 0.1 }, 0.25, "v: Invalid value: 0.25: v in body should be a multiple of 0.1"],
  [
    { type: "integer", format: "int32" },
    2 ** 31,
    '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in v',
  ],
  [
    { type: "integer" },
    1.5,
    'v: Invalid value: "number": v in body must be of type integer: "number"',
    '<nil>: Invalid value: "": Checked value must be of type integer (default format) in v',
  ],
  [{ type: "string", minLength: 2 }, "a", 'v: Invalid value: "a": v in body should be at least 2 chars long'],
  [{ type: "string", maxLength: 1 }, "ab", "v: Too long: may not be more than 1 byte"],
  [{ type: "string", pattern: "^a+$" }, "b", `v: Invalid value: "b": v in body should match '^a+$'`],
  [{ type: "string", format: "ipv4" }, "1.2.3", 'v: Invalid value: "1.2.3": v in body must be of type ipv4: "1.2.3"'],
  [{ type: "string", format: "nonsense" }, "1.2.3"],
  [{ type: "string", format: "date" }, 1, 'v: Invalid value: "int64": v in body must be of type date: "int64"'],
  [{ type: "string", enum: ["a", "b"] }, "c", 'v: Unsupported value: "c": supported values: "a", "b"'],
  [{ type: "string" }, 1, 'v: Invalid value: "integer": v in body must be of type string: "integer"'],
  [{ type: "string" }, null, 'v: Invalid value: "null": v in body must be of type string: "null"'],
  [{ type: "string", nullable: true }, null],
  [{ type: "array", maxItems: 1 }, [1, 2], "v: Too many: 2: must have at most 1 item"],
  [{ type: "array", minItems: 1 }, [], "v: Invalid value: 0: v in body should have at least 1 items"],
  [
    { "x-kubernetes-int-or-string": true },
    1.5,
    'v: Invalid value: "number": v in body must be of type integer,string: "number"',
  ],
  [
    { oneOf: [{ required: ["a"] }, { required: ["b"] }], type: "object" },
    {},
    '<nil>: Invalid value: "": "v" must validate one and only one schema (oneOf). Found none valid',
    "v.a: Required value",
  ],
  [
    { oneOf: [{ required: ["a"] }, { required: ["a"] }], type: "object" },
    { a: 1 },
    '<nil>: Invalid value: "": "v" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ],
  [
    { anyOf: [{ maximum: 3 }, { minimum: 9 }], type: "integer" },
    5,
    '<nil>: Invalid value: "": "v" must validate at least one schema (anyOf)',
    "v: Invalid value: 5: v in body should be less than or equal to 3",
  ],
  [
    { allOf: [{ maximum: 3 }, { minimum: 1 }], type: "integer" },
    5,
    "v: Invalid value: 5: v in body should be less than or equal to 3",
    '<nil>: Invalid value: "": "v" must validate all the schemas (allOf)',
  ],
  [
    { not: { required: ["a"] }, type: "object" },
    { a: 1 },
    '<nil>: Invalid value: "": "v" must not validate the schema (not)',
  ],
  [
    { type: "integer", maximum: 5 },
    1e20,
    'v: Invalid value: "number": v in body must be of type integer: "number"',
    '<nil>: Invalid value: "": Checked value must be of type integer (default format) in v',
    "v: Invalid value: 1e+20: v in body should be less than or equal to 5",
  ],
  [
    { type: "string", format: "mac" },
    "aabbccddee",
    'v: Invalid value: "aabbccddee": v in body must be of type mac: "aabbccddee"',
  ],
  [{ type: "string", format: "mac" }, "aabbccddeeff"],
  [{ type: "string", format: "duration" }, "x 12d y"],
  [
    { type: "string", format: "duration" },
    "1year",
    'v: Invalid value: "1year": v in body must be of type duration: "1year"',
  ],
  [{ type: "object", minProperties: 1 }, {}, "v: Invalid value: 0: v in body should have at least 1 properties"],
];
for (const [schema, value, ...texts] of messages) {
  test(`value: ${JSON.stringify(schema)} says of ${JSON.stringify(value)}: ${texts.join("; ")}`, () => {
    const errors = validateValue({ v: value }, { type: "object", properties: { v: schema as JSONSchemaProps } });
    assert.deepEqual(errors.map(fieldErrorMessage), texts);
  });
}

test("objects say what they are; what is wrong with their metadata is told of these alone", () => {
  const structural = structuralOf(object({}));
  const codec = new CustomCodec({ apiVersion: "e.x/v1", kind: "E", structural, preserveUnknown: false, metadata });
  const decode = (body: object) => codec.decode(JSON.stringify(body), { unknownFields: "report" }).object;
  const refused = (body: object, name: string, message: string) => assert.throws(() => decode(body), { name, message });
  const kind = "E";
  refused({ kind: "" }, "UnrecognizedError", "Object 'Kind' is missing in '{\"kind\":\"\"}'");
  assert.equal(decode({ kind }).apiVersion, "");
  assert.throws(() => codec.decode("[]", { unknownFields: "report" }), { name: "DecodeError" });
  const unfit = "json: cannot unmarshal number into Go";
  refused({ kind, metadata: 1 }, "DecodeError", `${unfit} value of type v1.ObjectMeta`);
  const time = { kind, metadata: { creationTimestamp: 1 } };
  refused(time, "DecodeError", `${unfit} struct field ObjectMeta.creationTimestamp of type string`);
});

test("rules are not run on what is without a name", () => {
  const rules = { check: () => assert.fail("run") };
  const [version = assert.fail()] = definition("foos", "e.x", { kind: "Foo", schema: object({}) }).spec.versions;
  const told = new ObjectValidation(version, rules).create({ apiVersion: "e.x/v1", kind: "Foo", metadata: {} });
  assert.match(
    told.map(fieldErrorMessage).join(),
    /^<nil>: Invalid value: null: some validation rules were not checked/,
  );
});

test("keys of list maps that are left out when applying are those that the schema gives", () => {
  const items = object({ name: text, protocol: { ...text, default: "TCP" } });
  const keys = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "protocol"] };
  const structural = structuralOf(object({ ports: { type: "array", items, ...keys } }));
  const { schema } = new CustomCodec({ apiVersion: "e.x/v1", kind: "E", structural, preserveUnknown: false, metadata });
  const ports = schema.fields.get("ports")?.schema;
  assert.ok(ports?.type === "list" && ports.items.type === "object");
  assert.deepEqual(
    [...ports.items.fields.values()].map(({ facts }) => facts.default),
    [undefined, "TCP"],
  );
});

test("replicas and selectors of another type are shown as Go shows them", () => {
  const scale = { specReplicasPath: ".n", statusReplicasPath: ".n", labelSelectorPath: ".s.t" };
  const texts = (value: object) =>
    [...checkScaleSpec(value as never, scale), ...checkScaleStatus(value as never, scale)].map(fieldErrorMessage);
  assert.deepEqual(texts({ n: 1e20 }).slice(0, 1), [
    ".n: Invalid value: 0: .n accessor error: 1e+20 is of the type float64, expected int64",
  ]);
  assert.deepEqual(texts({ n: { b: [null, "x"], a: 1 }, s: "y" }).slice(1), [
    ".n: Invalid value: 0: .n accessor error: map[a:1 b:[<nil> x]] is of the type map[string]interface {}, expected int64",
    '.s.t: Invalid value: "": .s.t accessor error: y is of the type string, expected map[string]interface{}',
  ]);
});

test("what is missing is told by its path, also at the root", () => {
  const items = object({}, { required: ["v"] });
  const schema = object({ l: { type: "array", items } }, { required: ["spec"] });
  const texts = validateValue({ l: [{ v: 1 }, {}] }, schema).map(fieldErrorMessage);
  assert.deepEqual(texts, ["l[1].v: Required value", "spec: Required value"]);
  assert.deepEqual(validateValue([], schema).map(fieldErrorMessage), [
    '<nil>: Invalid value: "array":  in body must be of type object: "array"',
  ]);
  assert.deepEqual(validateValue({ l: 1 }, object({ l: text }), { prefix: "status" }).map(fieldErrorMessage), [
    'status.l: Invalid value: "integer": l in body must be of type string: "integer"',
  ]);
});

test("elements of sets and keys of list maps stand once; the first repetition is told", () => {
  const list = (type: string, more: object) => ({ type: "array", "x-kubernetes-list-type": type, ...more });
  const keyed = (...keys: string[]) => ({ items: object({}), "x-kubernetes-list-map-keys": keys });
  const schema = object({
    s: list("set", { items: text }),
    m: list("map", keyed("k")),
    p: list("map", keyed("port", "protocol")),
    inside: { type: "object", additionalProperties: list("set", { items: text }) },
  });
  const tcp = { port: 1, protocol: "TCP" };
  const value = {
    s: ["a", "b", "a", "a"],
    m: [{ k: "a" }, { k: "b" }, { k: "a" }, {}, {}],
    p: [tcp, { port: 1 }, { protocol: "TCP", port: 1 }],
    inside: { x: ["y", "y"] },
  };
  assert.deepEqual(checkListTypes(value, structuralOf(schema)).map(fieldErrorMessage), [
    's[2]: Duplicate value: "a"',
    'm[2]: Duplicate value: {"k":"a"}',
    "m[4]: Duplicate value: {}",
    'p[2]: Duplicate value: {"port":1,"protocol":"TCP"}',
    'inside[x][1]: Duplicate value: "y"',
  ]);
});

/** What is wrong with an update of `spec`. */
function ratcheted(spec: JSONSchemaProps, now: unknown, old: unknown): string[] {
  const schema = object({ spec });
  const correlation = new Correlation({ spec: now }, { spec: old }, structuralOf(schema));
  return validateValue({ spec: now }, schema, { correlation }).map(fieldErrorMessage);
}

test("what was invalid and has not changed does not stand in the way of an update", () => {
  const short = { type: "string", maxLength: 1 };
  const spec = object({ a: short, b: short });
  const tooLong = "Too long: may not be more than 1 byte";
  assert.deepEqual(ratcheted(spec, { a: "long", b: "c" }, { a: "long", b: "b" }), []);
  assert.deepEqual(ratcheted(spec, { a: "longer" }, { a: "long" }), [`spec.a: ${tooLong}`]);
  assert.deepEqual(ratcheted(spec, { a: "long", b: "long" }, { a: "long" }), [`spec.b: ${tooLong}`]);
});

test("elements of list maps are told from one another, those of other lists count as one", () => {
  const items = object({ k: text, v: { type: "string", maxLength: 1 } });
  const list = (more: object) => object({ l: { type: "array", items, ...more } });
  const asMap = list({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] });
  const old = { l: [{ k: "a", v: "long" }] };
  const now = {
    l: [
      { k: "b", v: "b" },
      { k: "a", v: "long" },
    ],
  };
  assert.deepEqual(ratcheted(asMap, now, old), []);
  assert.deepEqual(ratcheted(list({}), now, old), ["spec.l[1].v: Too long: may not be more than 1 byte"]);
  assert.deepEqual(ratcheted(list({}), old, structuredClone(old)), []);
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
    await assert.rejects(widgets.update(widget("a", "blue")), {
      message:
        'widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
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
