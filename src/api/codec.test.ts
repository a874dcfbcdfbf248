import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectSchema, Schema } from "../apimachinery/index.ts";
import { decodeEnvelope, encodeEnvelope, withoutEmpties } from "../apimachinery/index.ts";
import { loadScheme } from "./index.ts";

const scheme = loadScheme();
const report = { unknownFields: "report" } as const;

function codecOf(kind: string, group = "", version = "v1") {
  return scheme.codec<Record<string, unknown>>({ group, version, kind });
}

test("wrong types are refused in upstream's words", () => {
  const cases: readonly (readonly [kind: string, json: string, message: string])[] = [
    ["Pod", '{"spec":"x"}', "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"],
    ["Pod", "[]", "json: cannot unmarshal array into Go value of type v1.Pod"],
    [
      "Pod",
      '{"metadata":{"labels":{"a":1}}}',
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      "Pod",
      '{"spec":{"restartPolicy":5}}',
      "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
    ],
    [
      "Pod",
      '{"spec":{"priority":3000000000}}',
      "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32",
    ],
    [
      "Pod",
      '{"spec":{"priority":1.0}}',
      "json: cannot unmarshal number 1.0 into Go struct field PodSpec.spec.priority of type int32",
    ],
    [
      "Pod",
      '{"spec":{"containers":[{"env":[{"value":1}]}]}}',
      "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
    ],
    [
      "Pod",
      '{"spec":{"containers":{}}}',
      "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    ],
    [
      "Pod",
      '{"spec":{"volumes":[{"secret":{"defaultMode":1.5}}]}}',
      "json: cannot unmarshal number 1.5 into Go struct field SecretVolumeSource.spec.volumes.VolumeSource.secret.defaultMode of type int32",
    ],
    [
      "Pod",
      '{"metadata":{"creationTimestamp":"2020-13-01T00:00:00Z"}}',
      'parsing time "2020-13-01T00:00:00Z": month out of range',
    ],
    [
      "Pod",
      '{"metadata":{"creationTimestamp":"now"}}',
      'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    ],
    ["Secret", '{"data":{"a":"abc!"}}', "illegal base64 data at input byte 3"],
    [
      "Service",
      '{"spec":{"ports":[{"targetPort":true}]}}',
      "json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32",
    ],
    [
      "Pod",
      '{"metadata":{"name":5,"deletionTimestamp":{}}}',
      "json: cannot unmarshal object into Go struct field ObjectMeta.metadata.deletionTimestamp of type string",
    ],
    ["Pod", '{"a":}', "invalid character '}' looking for beginning of value"],
    ["Pod", '{"a":1', "unexpected end of JSON input"],
    ["Pod", "{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ];
  for (const [kind, json, message] of cases) {
    assert.throws(() => codecOf(kind).decode(json, report), { name: "DecodeError", message }, json);
  }
});

test("unknown and duplicate fields are reported in the order of the text", () => {
  const json =
    '{"zz":1,"spec":{"containers":[{"name":"a","bar":{"x":1,"x":2},"name":"b"}],"foo":1},"metadata":{"labels":{"a":"1","a":"2"}}}';
  const { object, problems } = codecOf("Pod").decode(json, report);
  assert.deepEqual(problems, [
    'unknown field "zz"',
    'unknown field "spec.containers[0].bar"',
    'duplicate field "spec.containers[0].name"',
    'unknown field "spec.foo"',
    'duplicate field "metadata.labels.a"',
  ]);
  assert.deepEqual(object.metadata, { labels: { a: "2" } });
  assert.deepEqual(codecOf("Pod").decode(json, { unknownFields: "ignore" }).problems, []);
});

test("a second field of the same name is read into what the first one left", () => {
  const json =
    '{"metadata":{"name":"a","labels":{"x":"1"}},"metadata":{"uid":"u","labels":{"y":"2"}},"spec":{"priority":1,"priority":null}}';
  const { object, problems } = codecOf("Pod").decode(json, report);
  assert.deepEqual(problems, ['duplicate field "metadata"', 'duplicate field "spec.priority"']);
  assert.deepEqual(object.metadata, { name: "a", uid: "u", labels: { x: "1", y: "2" } });
  assert.deepEqual(object.spec, { containers: [] });
});

test("JSON is written as Go writes it", () => {
  const encoded = (kind: string, object: Record<string, unknown>): string => codecOf(kind).encode(object);
  assert.equal(
    encoded("Pod", { spec: { nodeName: "", hostNetwork: false }, metadata: { name: "<a>&", creationTimestamp: null } }),
    '{"metadata":{"name":"\\u003ca\\u003e\\u0026"},"spec":{"containers":null},"status":{}}',
  );
  assert.equal(
    encoded("Event", { metadata: {}, involvedObject: {}, firstTimestamp: "2020-01-01T01:00:00+01:00" }),
    '{"metadata":{},"involvedObject":{},"source":{},"firstTimestamp":"2020-01-01T00:00:00Z","lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":""}',
  );
  assert.equal(
    encoded("ResourceQuota", { spec: { hard: { pods: "1000m", cpu: "0.5", memory: "1024Mi" } } }),
    '{"metadata":{},"spec":{"hard":{"cpu":"500m","memory":"1Gi","pods":"1"}},"status":{}}',
  );
});

test("keys that are numbers stand in the order of text", () => {
  const json = '{"metadata":{"labels":{"-":"","0":"","a":""}},"data":{"10":"x","9":"y","9a":"z","a":"<"}}';
  const { object } = codecOf("ConfigMap").decode(json, report);
  assert.equal(codecOf("ConfigMap").encode(object), json.replace("<", "\\u003c"));
  assert.deepEqual(object.data, { 9: "y", 10: "x", "9a": "z", a: "<" });
});

test("a key that could be taken for a prototype is only a key", () => {
  const json = '{"metadata":{"labels":{"b":"1","__proto__":"x","a":"2"}},"spec":{"containers":null},"status":{}}';
  const sorted = '{"metadata":{"labels":{"__proto__":"x","a":"2","b":"1"}},"spec":{"containers":null},"status":{}}';
  const { object, problems } = codecOf("Pod").decode(json, report);
  assert.deepEqual(problems, []);
  assert.equal(codecOf("Pod").encode(object), sorted);
});

test("protobuf is written as upstream writes it", () => {
  const bytes = codecOf("ConfigMap").encodeProtobuf({ metadata: { name: "a" }, data: { k2: "v", k1: "" } });
  const expected =
    ["0a11", "0a0161", "1200", "1a00", "2200", "2a00", "3200", "3800", "4200"].join("") +
    "12060a026b311200" +
    "12070a026b32120176";
  assert.equal(Buffer.from(bytes).toString("hex"), expected);
  const envelope = encodeEnvelope({ apiVersion: "v1", kind: "ConfigMap" }, bytes);
  const head =
    "6b387300" + "0a0f" + "0a027631" + "1209436f6e6669674d6170" + `12${bytes.length.toString(16).padStart(2, "0")}`;
  assert.equal(Buffer.from(envelope).toString("hex"), `${head}${expected}1a002200`);
  assert.deepEqual(Buffer.from(decodeEnvelope(envelope).raw), Buffer.from(bytes));
});

test("damaged protobuf is refused", () => {
  const bytes = codecOf("Pod").encodeProtobuf({ metadata: { name: "a" }, spec: { containers: [{ name: "c" }] } });
  for (let length = 1; length < bytes.length; length++) {
    try {
      codecOf("Pod").decodeProtobuf(bytes.subarray(0, length));
    } catch (error) {
      assert.equal((error as Error).name, "DecodeError");
    }
  }
  assert.throws(() => codecOf("Pod").decodeProtobuf(Uint8Array.of(0x0a, 0xff)), { name: "DecodeError" });
  assert.throws(() => decodeEnvelope(Uint8Array.of(1, 2, 3)), { name: "DecodeError" });
});

test("for random objects of every kind both decoders agree, and JSON and protobuf keep everything", () => {
  const random = createRandom(20_260_101);
  for (const resource of scheme.resources()) {
    const codec = scheme.codec<Record<string, unknown>>(resource.kind);
    for (let round = 0; round < 4; round++) {
      const value = randomObject(codec.schema, random, 0);
      const json = JSON.stringify(value);
      const fast = codec.decode(json, report);
      assert.deepEqual(fast.problems, [], json);
      const exact = codec.decode(`{"no such field":1,${json.slice(1)}`.replace(",}", "}"), report);
      assert.deepEqual(exact.problems, ['unknown field "no such field"']);
      const written = codec.encode(fast.object);
      assert.equal(codec.encode(exact.object), written);
      assert.equal(codec.encode(codec.decode(written, report).object), written);
      const { kind: _, apiVersion: __, ...rest } = fast.object;
      const bytes = codec.encodeProtobuf(rest);
      assert.equal(withoutEmpty(codec.encode(codec.decodeProtobuf(bytes))), withoutEmpty(codec.encode(rest)));
    }
  }
});

/** Protobuf does not tell an empty list from none, nor an empty map. */
function withoutEmpty(json: string): string {
  return json.replaceAll('":[]', '":null').replaceAll('":{}', '":null');
}

type Random = () => number;

/** A small generator (mulberry32), so that a failure can be repeated. */
function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

const maxDepth = 7;

function randomObject(schema: ObjectSchema, random: Random, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of schema.fields.values()) {
    // Protobuf leaves out the kind of an object within another.
    if (random() < (depth < 2 ? 0.3 : 0.6) || (field.facts.tag === undefined && depth > 0)) continue;
    const value = random() < 0.03 ? null : randomValue(field.schema, random, depth + 1);
    if (value !== undefined) object[field.name] = value;
  }
  return object;
}

function randomValue(schema: Schema, random: Random, depth: number): unknown {
  if (
    depth > maxDepth &&
    !("enum" in schema) &&
    (schema.type === "object" || schema.type === "list" || schema.type === "map")
  ) {
    return undefined;
  }
  switch (schema.type) {
    case "object":
      return randomObject(schema, random, depth);
    case "list":
      return sized(random, () => randomValue(schema.items, random, depth + 1));
    case "map":
      return Object.fromEntries(
        sized(random, () => randomValue(schema.values, random, depth + 1)).map((value) => [
          pick(random, ["z", "a/b", "ü", "k"]),
          value,
        ]),
      );
    case "any":
      return schema.union === undefined ? pick<unknown>(random, [{ a: [1, "x"] }, "text", 5]) : {};
    case "bool":
      return random() < 0.5;
    case "int32":
      return pick(random, [0, 1, -1, 80, 2 ** 31 - 1, -(2 ** 31)]);
    case "int64":
      return pick(random, [0, 1, -1, 2 ** 40, -(2 ** 40)]);
    case "double":
      return pick(random, [0, 1.5, -2]);
    case "bytes":
      return pick(random, ["", "aGVsbG8=", "/w=="]);
    case "Quantity":
      return pick(random, ["1", "500m", "1Gi", "1e3", "0", "0.1"]);
    case "IntOrString":
      return pick<unknown>(random, [0, 8080, "http", "25%", ""]);
    case "Time":
      return pick(random, ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00", "1969-12-31T23:59:59Z"]);
    case "MicroTime":
      return pick(random, ["2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:05.123456-01:00"]);
    default:
      return pick(random, ["", "a", "ü<&>", "long ".repeat(20)]);
  }
}

function sized(random: Random, make: () => unknown): unknown[] {
  const list = Array.from({ length: Math.floor(random() * 3) }, make);
  return list.filter((value) => value !== undefined);
}

test("in a schema, what is neither a schema nor a list is nothing where either may stand", () => {
  const codec = codecOf("CustomResourceDefinition", "apiextensions.k8s.io");
  const of = (schema: object) => {
    const versions = [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }];
    const { object } = codec.decode(JSON.stringify({ spec: { group: "g", versions } }), report);
    return (object["spec"] as { versions: typeof versions }).versions[0]?.schema.openAPIV3Schema;
  };
  assert.deepEqual(of({ type: "object", items: "x" }), { type: "object" });
  assert.deepEqual(of({ dependencies: { a: "x", b: null, c: ["d"] } }), {
    dependencies: { a: null, b: null, c: ["d"] },
  });
  assert.throws(() => of({ additionalProperties: "x" }), { message: "boolean or JSON schema expected" });
  assert.throws(() => of({ type: 5, additionalProperties: "x" }), { message: "boolean or JSON schema expected" });
  assert.deepEqual(of({ items: [{ type: "string" }, null] }), { items: [{ type: "string" }, {}] });
  for (const [schema, field] of [
    [{ maximum: "x", items: { type: 5 } }, "items.type"],
    [{ items: [{ type: 5 }] }, "items.type"],
    [{ additionalProperties: { properties: { x: { type: 5 } } } }, "additionalProperties.properties.type"],
    [{ dependencies: { a: { type: 5 } } }, "dependencies.type"],
  ] as const) {
    const where = `JSONSchemaProps.spec.versions.schema.openAPIV3Schema.${field}`;
    assert.throws(() => of(schema), {
      message: `json: cannot unmarshal number into Go struct field ${where} of type string`,
    });
  }
});

test("raw JSON is written as Go does", () => {
  const codec = codecOf("ControllerRevision", "apps");
  const bytes = codec.encodeProtobuf({ metadata: { name: "a" }, data: { args: ["a && b > c"] }, revision: 1 });
  assert.ok(Buffer.from(bytes).includes('{"args":["a \\u0026\\u0026 b \\u003e c"]}'));
  assert.deepEqual(codec.decodeProtobuf(bytes)["data"], { args: ["a && b > c"] });
});

test("empty lists and maps are there until they are encoded, and not in what was read from protobuf", () => {
  const codec = codecOf("Pod");
  const json =
    '{"metadata":{"labels":{},"finalizers":[]},"spec":{"containers":[{"name":"c","ports":[],"resources":{"claims":[]}}],"overhead":{},"tolerations":null}}';
  const { object, problems } = codec.decode(json, report);
  assert.deepEqual(problems, []);
  const { metadata, spec } = object as { metadata: object; spec: Record<string, unknown> };
  assert.deepEqual(metadata, { labels: {}, finalizers: [] });
  assert.deepEqual([spec["overhead"], "tolerations" in spec], [{}, false]);
  assert.deepEqual(spec["containers"], [{ name: "c", ports: [], resources: { claims: [] } }]);
  const encoded = '{"metadata":{},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}}';
  assert.equal(codec.encode(object), encoded);
  assert.equal(codec.encode(codec.decodeProtobuf(codec.encodeProtobuf(object))), encoded);
  const read = codec.decodeProtobuf(codec.encodeProtobuf(object));
  assert.deepEqual(read["metadata"], {});
});

test("what encoding leaves out can be taken out of a decoded object", () => {
  const codec = codecOf("Pod");
  const { object } = codec.decode('{"metadata":{"labels":{}},"spec":{"containers":[],"volumes":[]}}', report);
  assert.deepEqual(withoutEmpties(object), { metadata: {}, spec: { containers: [] }, status: {} });
  assert.deepEqual(object["metadata"], { labels: {} });
  const { object: full } = codec.decode('{"metadata":{"labels":{"a":"b"}}}', report);
  assert.equal(withoutEmpties(full), full);
});
