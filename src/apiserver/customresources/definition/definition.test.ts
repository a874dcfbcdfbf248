import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../../../api/index.ts";
import { fieldErrorMessage, nilList } from "../../../apimachinery/index.ts";
import { definition as oneVersion } from "../testing/definitions.ts";
import { nextStatus, terminating, withCondition } from "./conditions.ts";
import { definitionStrategy } from "./strategy.ts";
import { nameOfDefinition, validateDefinition, validateDefinitionUpdate } from "./validation.ts";

type Definition = CustomResourceDefinition;
type Json = Readonly<Record<string, unknown>>;

const object = (properties: Json, more: Json = {}): Json => ({ type: "object", properties, ...more });
const text = { type: "string" };

function definition(schema: unknown, version: Json = {}, more: Json = {}): Definition {
  const made = oneVersion("foos", "example.com", { kind: "Foo", schema, version });
  return { ...made, spec: { ...made.spec, ...more }, status: { storedVersions: ["v1"] } } as unknown as Definition;
}

const at = "spec.validation.openAPIV3Schema";
const problemsOf = (one: Definition): string[] =>
  validateDefinition(one).map((error) => fieldErrorMessage(error).replaceAll(at, "S"));

test("a plain definition is fine", () => {
  assert.deepEqual(problemsOf(definition(object({ spec: object({ a: text }) }))), []);
});

const needsKey = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
const keyed = (items: Json, more: Json = {}) => ({
  type: "array",
  items,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["k"],
  ...more,
});
const label =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const onlyName = "must not specify anything other than name and generateName, but metadata is implicitly specified";

/** Schemas, and all that upstream says of each; `S` stands for the schema's path. */
const schemas: [what: string, schema: Json, ...texts: string[]][] = [
  ["no type at the root", {}, "S.type: Required value: must not be empty at the root"],
  ["a list at the root", { type: "array", items: text }, 'S.type: Invalid value: "array": must be object at the root'],
  [
    "null at the root",
    { type: "object", nullable: true },
    "S.nullable: Forbidden: nullable cannot be true at the root",
  ],
  [
    "a map at the root",
    { type: "object", additionalProperties: text },
    "S.additionalProperties: Forbidden: must not be used at the root",
  ],
  [
    "a field without type",
    object({ a: {} }),
    "S.properties[a].type: Required value: must not be empty for specified object fields",
  ],
  [
    "elements without type",
    object({ a: { type: "array", items: {} } }),
    "S.properties[a].items.type: Required value: must not be empty for specified array items",
  ],
  [
    "a list without elements",
    object({ a: { type: "array" } }),
    "S.properties[a].items: Required value: must be specified",
  ],
  [
    "several schemas of elements",
    object({ a: { type: "array", items: [text] } }),
    "S.properties[a].items: Forbidden: items must be a schema object and not an array",
  ],
  [
    "an unknown type",
    object({ a: { type: "strin" } }),
    'S.properties[a].type: Unsupported value: "strin": supported values: "array", "boolean", "integer", "number", "object", "string"',
  ],
  [
    "fields beside a map's values",
    object({ a: object({ b: text }, { additionalProperties: text }) }),
    "S.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
  ],
  [
    "unique elements",
    object({ a: { type: "array", items: text, uniqueItems: true } }),
    "S.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
  ],
  [
    "a reference",
    object({ a: { type: "string", $ref: "#/x" } }),
    "S.properties[a].$ref: Forbidden: $ref is not supported",
  ],
  [
    "a reference to nothing",
    object({ a: { type: "string", $ref: "" } }),
    "S.properties[a].$ref: Forbidden: $ref is not supported",
  ],
  [
    "schemas that nothing refers to",
    object({ a: { type: "string", definitions: { b: { id: "x" } }, dependencies: { c: { type: "odd" }, d: ["e"] } } }),
    "S.properties[a].definitions: Forbidden: definitions is not supported",
    "S.properties[a].dependencies: Forbidden: dependencies is not supported",
    "S.properties[a].definitions[b].id: Forbidden: id is not supported",
    'S.properties[a].dependencies[c].type: Unsupported value: "odd": supported values: "array", "boolean", "integer", "number", "object", "string"',
  ],
  [
    "what may not be there and is empty keeps nobody from looking at the structure",
    object({ a: { definitions: {}, patternProperties: {} } }),
    "S.properties[a].type: Required value: must not be empty for specified object fields",
  ],
  [
    "types of lists and maps that are empty texts",
    object({ a: { type: "object", not: { "x-kubernetes-map-type": "" } } }),
    "S.properties[a].not.x-kubernetes-map-type: Forbidden: must be undefined to be structural",
    "S.properties[a].not.type: Required value: must be object if x-kubernetes-map-type is specified",
    'S.properties[a].not.x-kubernetes-map-type: Unsupported value: "": supported values: "atomic", "granular"',
  ],
  [
    "a default of the whole object",
    { ...object({}), default: {} },
    "S.default.apiVersion: Required value",
    "S.default.kind: Required value",
  ],
  [
    "an alternative with a type",
    object({ a: { type: "string", anyOf: [{ type: "string" }] } }),
    "S.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
  ],
  [
    "an alternative with everything that is structure",
    object({
      a: {
        type: "string",
        not: { description: "d", title: "t", default: 1, nullable: true, "x-kubernetes-list-type": "set" },
      },
    }),
    "S.properties[a].not.default: Forbidden: must be undefined to be structural",
    "S.properties[a].not.description: Forbidden: must be empty to be structural",
    "S.properties[a].not.nullable: Forbidden: must be false to be structural",
    "S.properties[a].not.title: Forbidden: must be empty to be structural",
    "S.properties[a].not.x-kubernetes-list-type: Forbidden: must be undefined to be structural",
    "S.properties[a].not.type: Required value: must be array if x-kubernetes-list-type is specified",
  ],
  [
    "an alternative about what is not specified",
    object({ a: text }, { anyOf: [{ properties: { b: { minLength: 1 } } }] }),
    "S.properties[b]: Required value: because it is defined in S.anyOf[0].properties[b]",
  ],
  ["int-or-string", object({ a: { "x-kubernetes-int-or-string": true } })],
  [
    "int-or-string, spelt out",
    object({
      a: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
      b: {
        "x-kubernetes-int-or-string": true,
        allOf: [{ anyOf: [{ type: "integer" }, { type: "string" }] }, { minimum: 1 }],
      },
    }),
  ],
  [
    "int-or-string that keeps what it does not know",
    object({ a: { "x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true } }),
    "S.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true",
  ],
  [
    "keeping unknown fields is true or nothing",
    object({ a: { type: "object", "x-kubernetes-preserve-unknown-fields": false } }),
    "S.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
  ],
  [
    "an embedded string",
    object({
      a: { type: "string", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    }),
    'S.properties[a].type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true',
  ],
  [
    "an embedded object of which nothing is known",
    object({ a: { type: "object", "x-kubernetes-embedded-resource": true } }),
    "S.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
  ],
  [
    "an embedded object in metadata",
    object({
      a: object(
        {
          metadata: {
            type: "object",
            "x-kubernetes-embedded-resource": true,
            "x-kubernetes-preserve-unknown-fields": true,
          },
        },
        { "x-kubernetes-embedded-resource": true },
      ),
    }),
    "S.properties[a].properties[metadata].x-kubernetes-embedded-resource: Forbidden: must not be used inside of resource meta",
  ],
  [
    "metadata of which the name is restricted",
    object({ metadata: object({ name: { type: "string", maxLength: 5 } }) }),
  ],
  [
    "labels specified",
    object({ metadata: object({ labels: object({}) }) }),
    `S.properties[metadata]: Forbidden: ${onlyName}`,
  ],
  [
    "defaults in metadata",
    object({ metadata: object({ name: { type: "string", default: "x" } }) }),
    "S.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata",
  ],
  [
    "a kind that is no string",
    object({ kind: { type: "integer" } }),
    'S.properties[kind].type: Invalid value: "integer": must be string',
  ],
  [
    "a default of another type",
    object({ a: { type: "string", default: 1 } }),
    'S.properties[a].default: Invalid value: "integer": S.properties[a].default in body must be of type string: "integer"'.replace(
      "S.properties[a].default in body",
      " in body",
    ),
  ],
  [
    "a default with unknown fields",
    object({ a: object({ b: text }, { default: { b: "1", c: 2 } }) }),
    'S.properties[a].default: Invalid value: {"b":"1","c":2}: must not have unknown fields',
  ],
  [
    "a default that breaks a rule",
    object({ a: { type: "integer", default: 1, "x-kubernetes-validations": [{ rule: "self > 1", message: "more" }] } }),
    "S.properties[a].default: Invalid value: 1: more",
  ],
  [
    "a pattern that is none",
    object({ a: { type: "string", pattern: "(" } }),
    'S.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
  ],
  ["a list map", object({ a: keyed(object({ k: text }, { required: ["k"] })) })],
  [
    "a list map whose key may be absent",
    object({ a: keyed(object({ k: text })) }),
    `S.properties[a].items.properties[k].default: Required value: ${needsKey}`,
  ],
  [
    "a list map of strings",
    object({ a: keyed(text) }),
    'S.properties[a].items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map',
  ],
  [
    "a list map without such a field",
    object({ a: keyed(object({ b: text })) }),
    'S.properties[a].x-kubernetes-list-map-keys: Invalid value: ["k"]: entries must all be names of item properties',
  ],
  [
    "a list map whose key is a list, twice, of elements that may be null",
    object({
      a: keyed(object({ k: { type: "array", items: text } }, { required: ["k"], nullable: true }), {
        "x-kubernetes-list-map-keys": ["k", "k"],
      }),
    }),
    'S.properties[a].items.properties[k].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
    'S.properties[a].items.properties[k].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
    'S.properties[a].x-kubernetes-list-map-keys: Invalid value: ["k","k"]: must not contain duplicate entries',
    "S.properties[a].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map",
  ],
  [
    "keys of a set",
    object({ a: keyed(text, { "x-kubernetes-list-type": "set" }) }),
    'S.properties[a].x-kubernetes-list-type: Invalid value: "set": must be map if x-kubernetes-list-map-keys is non-empty',
  ],
  [
    "a set of objects",
    object({ a: { type: "array", items: object({}), "x-kubernetes-list-type": "set" } }),
    "S.properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
  ],
  [
    "types of lists and maps on what is neither",
    object({
      a: { type: "string", "x-kubernetes-list-type": "set" },
      b: { type: "string", "x-kubernetes-map-type": "loose" },
    }),
    'S.properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified',
    'S.properties[b].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified',
    'S.properties[b].x-kubernetes-map-type: Unsupported value: "loose": supported values: "atomic", "granular"',
  ],
];
for (const [what, schema, ...texts] of schemas) {
  test(`schemas: ${what}`, () =>
    assert.deepEqual(
      problemsOf(definition(schema)),
      texts.map((one) => one.replaceAll(at, "S")),
    ));
}

const rule = (one: Json) => object({ a: { type: "integer", "x-kubernetes-validations": [{ rule: "true", ...one }] } });
const rules: [what: string, schema: Json, text: string][] = [
  ["empty", rule({ rule: " " }), "rule: Required value: rule is not specified"],
  ["a blank message", rule({ message: " " }), 'message: Invalid value: " ": must be non-empty if specified'],
  [
    "a message of two lines",
    rule({ message: "a\nb" }),
    'message: Invalid value: "a\\nb": must not contain line breaks',
  ],
  [
    "two lines without message",
    rule({ rule: "true\n&& true" }),
    "message: Required value: message must be specified if rule contains line breaks",
  ],
  [
    "a blank expression",
    rule({ messageExpression: " " }),
    "messageExpression: Required value: messageExpression must be non-empty if specified",
  ],
  [
    "an unknown reason",
    rule({ reason: "Because" }),
    'reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
  ],
  ["a path to nowhere", rule({ fieldPath: ".x" }), 'fieldPath: Invalid value: ".x": must be a valid path'],
  [
    "optionalOldSelf without oldSelf",
    rule({ optionalOldSelf: true }),
    "optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule",
  ],
  [
    "a message that is none",
    rule({ messageExpression: "1" }),
    'messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"1","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string',
  ],
];
for (const [what, schema, wanted] of rules) {
  test(`rules: ${what}`, () =>
    assert.deepEqual(problemsOf(definition(schema)), [`S.properties[a].x-kubernetes-validations[0].${wanted}`]));
}

test("rules are left alone where the schema is not in order", () => {
  const schema = object({ a: { type: "array", "x-kubernetes-validations": [{ rule: "nonsense" }] } });
  assert.deepEqual(problemsOf(definition(schema)), ["S.properties[a].items: Required value: must be specified"]);
});

test("paths of rules may go through fields and maps", () => {
  const spec = object({ "a.b": object({ m: { type: "object", additionalProperties: object({ x: text }) } }) });
  const withPath = (fieldPath: string) =>
    problemsOf(definition(object({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "true", fieldPath }] } })));
  assert.deepEqual(withPath(".['a.b']"), [
    "S.properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: \".['a.b']\": must be a valid path",
  ]);
  assert.deepEqual(withPath("['a.b'].m['any key'].x"), []);
  assert.notDeepEqual(withPath("['a.b'].m[0]"), []);
});

const selected = (...paths: string[]) => ({ selectableFields: paths.map((jsonPath) => ({ jsonPath })) });
const selectable = object({
  spec: object({ a: text, l: { type: "array", items: text }, o: object({ b: { type: "boolean" } }) }),
});
const mustPoint =
  "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
const others: [what: string, made: Definition, ...texts: string[]][] = [
  ["selectable fields", definition(selectable, selected(".spec.a", ".spec.o.b"))],
  [
    "selectable fields that are not there, lists, twice the same, metadata",
    definition(selectable, selected("", ".spec.x", ".spec.l", ".spec.a", ".spec.a", ".spec['a']", "spec.a")),
    "spec.selectableFields[0].jsonPath: Required value",
    'spec.selectableFields[1].jsonPath: Invalid value: ".spec.x": is an invalid path: does not refer to a valid field',
    `spec.selectableFields[2].jsonPath: Invalid value: ".spec.l": ${mustPoint}`,
    'spec.selectableFields[4].jsonPath: Duplicate value: ".spec.a"',
    "spec.selectableFields[5].jsonPath: Invalid value: \".spec['a']\": is an invalid path: array notation is not allowed",
    'spec.selectableFields[6].jsonPath: Invalid value: "spec.a": is an invalid path: expected [ or . but got: spec',
  ],
  [
    "nine selectable fields",
    definition(
      object({ spec: object(Object.fromEntries([..."abcdefghi"].map((name) => [name, text]))) }),
      selected(...[..."abcdefghi"].map((name) => `.spec.${name}`)),
    ),
    "spec.selectableFields: Too many: 9: must have at most 8 items",
  ],
  [
    "columns",
    definition(object({}), {
      additionalPrinterColumns: [
        { name: "", type: "", jsonPath: "" },
        { name: "a", type: "text", format: "int", jsonPath: "spec.a" },
        { name: "b", type: "date", format: "date-time", jsonPath: ".metadata.creationTimestamp" },
      ],
    }),
    "spec.additionalPrinterColumns[0].name: Required value",
    "spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string",
    "spec.additionalPrinterColumns[0].JSONPath: Required value",
    'spec.additionalPrinterColumns[1].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    'spec.additionalPrinterColumns[1].format: Invalid value: "int": must be one of byte,date,date-time,double,float,int32,int64,password',
    'spec.additionalPrinterColumns[1].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .',
  ],
  [
    "scale",
    definition(object({}), {
      subresources: {
        scale: { specReplicasPath: ".status.a", statusReplicasPath: "", labelSelectorPath: ".metadata.x" },
      },
    }),
    'spec.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec',
    "spec.subresources.scale.statusReplicasPath: Required value",
    'spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.x": should be a json path under either .spec or .status',
  ],
  [
    "a group without dot, an odd scope, no stored version",
    {
      ...definition(object({}), {}, { group: "example", scope: "Everywhere" }),
      metadata: { name: "foos.example" },
      status: {},
    } as Definition,
    'spec.group: Invalid value: "example": should be a domain with at least one dot',
    'spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"',
    "status.storedVersions: Invalid value: null: must have at least one stored version",
  ],
  [
    "no versions at all",
    definition(object({}), {}, { versions: nilList }),
    "spec.versions: Invalid value: null: must have exactly one version marked as storage version",
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
  ],
  [
    "a version that is no label",
    { ...definition(object({}), { name: "V_1" }), status: { storedVersions: ["V_1"] } } as Definition,
    `spec.versions[0].name: Invalid value: "V_1": ${label}`,
    `spec.version: Invalid value: "V_1": ${label}`,
  ],
  [
    "a kind that is its own list's",
    definition(
      object({}),
      {},
      { names: { plural: "foos", singular: "foo", kind: "Foo", listKind: "Foo", shortNames: ["F"] } },
    ),
    "spec.names.shortNames[0]: Invalid value: \"F\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    'spec.names.listKind: Invalid value: "Foo": kind and listKind may not be the same',
  ],
  [
    "a webhook without anything",
    definition(object({}), {}, { conversion: { strategy: "Webhook" } }),
    "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
    "spec.conversion.conversionReviewVersions: Required value",
  ],
  [
    "a webhook that is not used",
    definition(
      object({}),
      {},
      {
        conversion: {
          strategy: "None",
          webhook: { clientConfig: { url: "https://x" }, conversionReviewVersions: ["v1"] },
        },
      },
    ),
    "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
    "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook",
  ],
  [
    "a webhook by plain HTTP that speaks unknown versions",
    definition(
      object({}),
      {},
      {
        conversion: {
          strategy: "Webhook",
          webhook: { clientConfig: { url: "http://x" }, conversionReviewVersions: ["v7", "v7"] },
        },
      },
    ),
    "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
    'spec.conversion.conversionReviewVersions[1]: Invalid value: "v7": duplicate version',
    'spec.conversion.conversionReviewVersions: Invalid value: ["v7","v7"]: must include at least one of v1, v1beta1',
  ],
  [
    "a warning of what is not deprecated",
    definition(object({}), { deprecationWarning: "x" }),
    'spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions',
  ],
  [
    "everything kept",
    definition(object({ a: { type: "string", default: "x" } }), {}, { preserveUnknownFields: true }),
    "spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema",
    "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
  ],
];
for (const [what, made, ...texts] of others) {
  test(`definitions: ${what}`, () => assert.deepEqual(problemsOf(made), texts));
}

test("what differs between versions is told of the version; two stored ones and the same name are shown", () => {
  const made = definition(object({}));
  const [first] = made.spec.versions;
  made.spec.versions = [
    first,
    { ...first, schema: { openAPIV3Schema: object({ a: {} }) } },
  ] as Definition["spec"]["versions"];
  const [one = "", two = "", three = "", ...more] = problemsOf(made);
  assert.equal(
    one,
    "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
  );
  assert.match(
    two,
    /^spec\.versions: Invalid value: \[\{"Name":"v1","Served":true,"Storage":true,.*: must contain unique version names$/,
  );
  assert.match(three, /: must have exactly one version marked as storage version$/);
  assert.deepEqual(more, ['status.storedVersions: Invalid value: ["v1"]: must have the storage version v1']);
});

test("the name of a definition is that of its resource, also when it is to be generated", () => {
  const named = (name: string, prefix = false) => nameOfDefinition(name, prefix, definition(object({})));
  const another = 'must be spec.names.plural+"."+spec.group';
  assert.deepEqual(named("foos.example.com"), []);
  assert.deepEqual(named("foo.example.com"), [another]);
  assert.deepEqual(named("foos-", true), [another]);
  assert.equal(named("Foos").length, 2);
});

test("with a status of its own, the root of a schema says little else", () => {
  const schema = object({}, { maxProperties: 3 });
  const [text_ = "", ...more] = problemsOf(definition(schema, { subresources: { status: {} } }));
  assert.match(
    text_,
    /^S: Invalid value: \{"ID":"".*"MaxProperties":3.*\}: only \[Description Type Format .* XPreserveUnknownFields XValidations\] fields are allowed at the root of the schema if the status subresource is enabled$/,
  );
  assert.deepEqual(more, []);
  const rooted = (more: Json) => problemsOf(definition(object({}, more), { subresources: { status: {} } }));
  assert.equal(rooted({ $schema: "x" }).length, 1, "what keeps the structure from being read is told only alone");
  const docs = { externalDocs: { url: "u" }, dependencies: { a: ["b"], c: { type: "string" } } };
  const [whole = ""] = rooted({ ...docs, maxProperties: 3 });
  assert.match(
    whole,
    /"Dependencies":\{"a":\{"Schema":null,"Property":\["b"\]\},"c":\{"Schema":\{"ID":"".*"Property":null\}\}/,
  );
  assert.match(whole, /"ExternalDocs":\{"Description":"","URL":"u"\}/);
  assert.match(rooted({ "x-kubernetes-map-type": "" })[0] ?? "", /^S: .*fields are allowed at the root/);
});

test("groups of the Kubernetes project need its approval; an approval that stays as it was is not asked again", () => {
  const made = definition(object({}), {}, { group: "x.k8s.io" });
  made.metadata.name = "foos.x.k8s.io";
  const fields = () => validateDefinition(made).map(({ type, field }) => `${type} ${field}`);
  assert.deepEqual(fields(), ["FieldValueRequired metadata.annotations[api-approved.kubernetes.io]"]);
  assert.deepEqual(validateDefinitionUpdate(made, made), []);
  made.metadata.annotations = { "api-approved.kubernetes.io": "sure" };
  assert.deepEqual(fields(), ["FieldValueInvalid metadata.annotations[api-approved.kubernetes.io]"]);
  made.metadata.annotations = { "api-approved.kubernetes.io": "unapproved, a trial" };
  assert.deepEqual(fields(), []);
  const { conditions = [] } = nextStatus(made, [], "now") ?? {};
  const { reason, status, message } = conditions.find(({ type }) => type.startsWith("KubernetesAPI")) ?? {};
  assert.deepEqual([status, reason, message], ["False", "UnapprovedAnnotation", 'not approved: "unapproved, a trial"']);
});

/** What is refused when `old` becomes `now`. */
const afterwards = (now: Definition, old: Definition) =>
  validateDefinitionUpdate(now, old).map((error) => fieldErrorMessage(error).replaceAll(at, "S"));

const expensive = (more: Json) =>
  object({
    spec: object(
      { names: { type: "array", items: { type: "string" } } },
      { "x-kubernetes-validations": [{ rule: "self.names.all(a, self.names.all(b, a == b))" }], ...more },
    ),
  });

test("what was stored before is not refused when something else changes", () => {
  const loose = { type: "array", items: object({ k: text }), "x-kubernetes-list-type": "set" };
  const stored: [schema: Json, wrong: RegExp][] = [
    [expensive({}), /estimated rule cost exceeds budget by factor of more than 100x/],
    [object({ a: loose }), /must be atomic as item of a list/],
    [object({ a: keyed(object({ k: text })) }), /must have a default or be a required property/],
    [object({ a: object({}, { default: { x: 1 } }) }), /must not have unknown fields/],
    [object({ a: { type: "strin" } }), /Unsupported value: "strin"/],
  ];
  for (const [schema, wrong] of stored) {
    const old = definition(schema);
    assert.match(problemsOf(old).join(), wrong);
    const now = structuredClone(old);
    now.spec.names.shortNames = ["f"];
    const [first, ...more] = afterwards(now, old);
    // What all rules of a schema cost together is asked always.
    if (first !== undefined) assert.match(`${first} ${more.join()}`, /^S.* total /);
  }
});

test("a rule that may cost too much is refused again when the schema changes", () => {
  const old = definition(expensive({}));
  assert.match(afterwards(definition(expensive({ description: "d" })), old).join(), /estimated rule cost exceeds/);
});

test("once established, scope and kind stay; group and plural always do", () => {
  const old = definition(object({}));
  const now = definition(object({}), {}, { scope: "Cluster", names: { ...old.spec.names, kind: "Fu" } });
  assert.deepEqual(afterwards(now, old), []);
  old.status = { storedVersions: ["v1"], conditions: [{ type: "Established", status: "True" }] } as never;
  assert.deepEqual(afterwards(now, old), [
    'spec.scope: Invalid value: "Cluster": field is immutable',
    'spec.names.kind: Invalid value: "Fu": field is immutable',
  ]);
});

test("a version that objects are stored in cannot go", () => {
  const old = definition(object({}));
  const now = definition(object({}), { name: "v2" });
  now.status = { storedVersions: ["v1", "v2"] };
  assert.deepEqual(afterwards(now, old), [
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
  ]);
});

test("formats that nobody checks are warned of once they come", () => {
  const schema = object({
    a: { type: "string", format: "nope" },
    b: { type: "integer", format: "date" },
    c: { type: "string", format: "date-time" },
  });
  const made = definition(schema);
  assert.deepEqual(definitionStrategy.warningsOnCreate?.(made), [
    'unrecognized format "nope"',
    'unrecognized format "date"',
  ]);
  assert.deepEqual(definitionStrategy.warningsOnUpdate?.(made, made), []);
});

test("DELETE puts the finalizer there, and says that the deletion of objects will begin", () => {
  const made = definition(object({}));
  definitionStrategy.prepareForCreate?.(made, undefined as never);
  assert.equal(made.metadata.finalizers, undefined);
  assert.equal(definitionStrategy.holdsDeletion?.(made), true);
  const now = "2026-01-01T00:00:00Z";
  Object.assign(made.metadata, { deletionTimestamp: now, deletionGracePeriodSeconds: 0, generation: 2 });
  definitionStrategy.markDeleting?.(made);
  assert.deepEqual(made.metadata.finalizers, ["customresourcecleanup.apiextensions.k8s.io"]);
  assert.deepEqual(made.status?.conditions, [{ ...terminating.pending, lastTransitionTime: now }]);
  assert.deepEqual([made.metadata.generation, made.metadata.deletionGracePeriodSeconds], [1, undefined]);
});

test("a condition's time changes with its status only", () => {
  const first = withCondition([], terminating.pending, "t1");
  const second = withCondition(first, terminating.inProgress, "t2");
  assert.deepEqual(second, [{ ...terminating.inProgress, lastTransitionTime: "t1" }]);
  assert.equal(withCondition(second, terminating.completed, "t3")[0]?.lastTransitionTime, "t3");
});

test("nothing is established while the webhook's certificates are none", () => {
  const clientConfig = { url: "https://x", caBundle: Buffer.from("no").toString("base64") };
  const webhook = { clientConfig, conversionReviewVersions: ["v1"] };
  const made = definition(object({}), {}, { conversion: { strategy: "Webhook", webhook } });
  const { conditions = [] } = nextStatus(made, [made], "now") ?? {};
  const { status, reason, message } = conditions.find(({ type }) => type === "Established") ?? {};
  assert.deepEqual(
    [status, reason, message],
    ["False", "InvalidCABundle", "The conversion webhook CABundle is invalid"],
  );
});
