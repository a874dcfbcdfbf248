import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinitionVersion, JSONSchemaProps } from "../../../api/index.ts";
import { escapeIdentifier, fieldErrorMessage, type KubeObject } from "../../../apimachinery/index.ts";
import { Correlation } from "../schema/correlation.ts";
import { structuralOf } from "../schema/structural.ts";
import { validateDefinition } from "../definition/validation.ts";
import { definition } from "../testing/definitions.ts";
import { rulesOf } from "./index.ts";

type Rules = JSONSchemaProps["x-kubernetes-validations"];

const rules = (...list: readonly (string | object)[]): { "x-kubernetes-validations": NonNullable<Rules> } => ({
  "x-kubernetes-validations": list.map((rule) => (typeof rule === "string" ? { rule } : (rule as { rule: string }))),
});

function schemaOf(spec: object): JSONSchemaProps {
  return { type: "object", properties: { spec: spec as JSONSchemaProps } } as JSONSchemaProps;
}

const object = (spec: unknown): KubeObject =>
  ({ apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "thing" }, spec }) as KubeObject;

/** What the rules say of a spec, and of a change to it. */
function problems(spec: object, now: unknown, before?: unknown, warnings: string[] = []): readonly string[] {
  const schema = schemaOf(spec);
  const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } };
  const checker = rulesOf(version as CustomResourceDefinitionVersion);
  const [object_, old] = [object(now), object(before)];
  const correlation = new Correlation(object_, old, structuralOf(schema));
  const warn = (text: string) => void warnings.push(text);
  return (checker?.check(object_, before === undefined ? undefined : { old, correlation, warn }) ?? []).map(
    fieldErrorMessage,
  );
}

/** What is wrong with a definition of such a spec; paths begin at the schema. */
function definitionProblems(spec: object): readonly string[] {
  const one = definition("foos", "example.com", { kind: "Foo", schema: schemaOf(spec) });
  one.status = { storedVersions: ["v1"] };
  return validateDefinition(one).map((error) =>
    fieldErrorMessage(error).replaceAll("spec.validation.openAPIV3Schema", "schema"),
  );
}

const counts = { replicas: { type: "integer" }, least: { type: "integer" } };

test("a version without rules has no checker", () => {
  assert.equal(
    rulesOf({ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }),
    undefined,
  );
});

test("messages: the expression's, the message, or the rule", () => {
  const spec = (rule: object) => ({
    type: "object",
    ...rules({ rule: "self.least <= self.replicas", ...rule }),
    properties: counts,
  });
  const bad = { replicas: 1, least: 2 };
  assert.deepEqual(problems(spec({}), { replicas: 2, least: 2 }), []);
  assert.deepEqual(problems(spec({}), bad), ["spec: Invalid value: failed rule: self.least <= self.replicas"]);
  assert.deepEqual(problems(spec({ message: "too few" }), bad), ["spec: Invalid value: too few"]);
  const messageExpression = "'%d is too few'.format([self.replicas])";
  assert.deepEqual(problems(spec({ messageExpression }), bad), ["spec: Invalid value: 1 is too few"]);
  assert.deepEqual(problems(spec({ messageExpression: "''", message: "m" }), bad), ["spec: Invalid value: m"]);
});

test("reason and field path", () => {
  const one = (reason: string) => ({
    type: "object",
    ...rules({ rule: "false", message: "no", fieldPath: ".replicas", reason }),
    properties: counts,
  });
  assert.deepEqual(problems(one("FieldValueForbidden"), {}), ["spec.replicas: Forbidden: no"]);
  assert.deepEqual(problems(one("FieldValueRequired"), {}), ["spec.replicas: Required value: no"]);
  assert.deepEqual(problems(one("FieldValueDuplicate"), {}), ["spec.replicas: Duplicate value"]);
});

test("evaluation errors are told with the rule", () => {
  const spec = { type: "object", ...rules("self.replicas > 1"), properties: counts };
  assert.deepEqual(problems(spec, {}), [
    'spec: Invalid value: "object": no such key: replicas evaluating rule: self.replicas > 1',
  ]);
});

test("transition rules run only where there is an old value", () => {
  const tier = { type: "string", ...rules({ rule: "self == oldSelf", message: "immutable" }) };
  const spec = { type: "object", properties: { tier } };
  assert.deepEqual(problems(spec, { tier: "a" }), []);
  assert.deepEqual(problems(spec, { tier: "a" }, {}), []);
  assert.deepEqual(problems(spec, { tier: "a" }, { tier: "a" }), []);
  assert.deepEqual(problems(spec, { tier: "b" }, { tier: "a" }), ['spec.tier: Invalid value: "b": immutable']);
});

test("with optionalOldSelf they run always", () => {
  const rule = { rule: "oldSelf.hasValue() || self == 'new'", optionalOldSelf: true, message: "start as new" };
  const spec = { type: "object", properties: { phase: { type: "string", ...rules(rule) } } };
  assert.deepEqual(problems(spec, { phase: "new" }), []);
  assert.deepEqual(problems(spec, { phase: "old" }), ['spec.phase: Invalid value: "old": start as new']);
  assert.deepEqual(problems(spec, { phase: "old" }, { phase: "new" }), []);
});

test("their messages see the old value itself, as upstream's do", () => {
  const said = (messageExpression: string) => {
    const rule = { rule: "!oldSelf.hasValue()", optionalOldSelf: true, messageExpression, message: "said else" };
    const spec = { type: "object", properties: { phase: { type: "string", ...rules(rule) } } };
    return problems(spec, { phase: "b" }, { phase: "a" });
  };
  assert.deepEqual(said("'from ' + string(dyn(oldSelf))"), ['spec.phase: Invalid value: "b": from a']);
  assert.deepEqual(said("'from ' + oldSelf.value()"), ['spec.phase: Invalid value: "b": said else']);
});

test("elements of list maps are told from one another, those of other lists are not", () => {
  const items = {
    type: "object",
    properties: { name: { type: "string" }, size: { type: "integer" } },
    ...rules({ rule: "self.size >= oldSelf.size", message: "only up" }),
  };
  const volumes = (more: object) => ({ type: "object", properties: { volumes: { type: "array", items, ...more } } });
  const asMap = volumes({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });
  const before = {
    volumes: [
      { name: "a", size: 5 },
      { name: "b", size: 1 },
    ],
  };
  const after = {
    volumes: [
      { name: "b", size: 2 },
      { name: "a", size: 4 },
    ],
  };
  assert.deepEqual(problems(asMap, after, before), ["spec.volumes[1]: Invalid value: only up"]);
  assert.deepEqual(problems(volumes({}), after, before), []);
  assert.deepEqual(definitionProblems(volumes({ maxItems: 2 })), [
    'schema.properties[spec].properties[volumes].items.x-kubernetes-validations[0].rule: Invalid value: "self.size >= oldSelf.size": ' +
      "oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[spec].properties[volumes]",
  ]);
});

test("what was invalid before and has not changed does not stand in the way", () => {
  const spec = {
    type: "object",
    properties: { a: { type: "string", ...rules({ rule: "self != 'bad'", message: "bad" }) }, b: { type: "string" } },
  };
  const warnings: string[] = [];
  assert.deepEqual(problems(spec, { a: "bad", b: "2" }, { a: "bad", b: "1" }, warnings), []);
  assert.deepEqual(warnings, ['spec.a: Invalid value: "bad": bad']);
  assert.deepEqual(problems(spec, { a: "bad" }, { a: "good" }), ['spec.a: Invalid value: "bad": bad']);
});

test("types follow the schema", () => {
  const spec = {
    type: "object",
    properties: {
      ratio: { type: "number" },
      port: { "x-kubernetes-int-or-string": true },
      when: { type: "string", format: "date-time" },
      labels: { type: "object", additionalProperties: { type: "string" } },
      "a-b": { type: "string" },
      set: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
    },
    ...rules(
      "self.ratio == 1.0",
      "type(self.port) == int ? self.port > 0 : self.port.endsWith('%')",
      "self.when > timestamp('2020-01-01T00:00:00Z')",
      "self.labels.all(k, k.startsWith('x'))",
      "self.a__dash__b == 'c'",
      "self.set == ['b', 'a']",
    ),
  };
  const fine = { ratio: 1, port: "5%", when: "2024-01-01T00:00:00Z", labels: { x1: "y" }, "a-b": "c", set: ["a", "b"] };
  assert.deepEqual(problems(spec, fine), []);
  assert.equal(problems(spec, { ...fine, port: 0, labels: { y: "" }, "a-b": "d" }).length, 3);
});

test("rules are compiled when they are defined", () => {
  const spec = { type: "object", properties: counts, ...rules("self.nope > 1", "self.replicas", "self.replicas > 0") };
  const at = "schema.properties[spec].x-kubernetes-validations";
  const [first = "", second = "", ...rest] = definitionProblems(spec);
  assert.ok(first.startsWith(`${at}[0].rule: Invalid value: {"Rule":"self.nope \\u003e 1","Message":"",`));
  assert.ok(
    first.endsWith("compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^"),
  );
  assert.ok(second.endsWith("cel expression must evaluate to a bool"));
  assert.deepEqual(rest, []);
});

test("rules that may cost too much are refused, unless the schema bounds what they look at", () => {
  const spec = (bounds: object) => ({
    type: "object",
    properties: { names: { type: "array", items: { type: "string", maxLength: 10 }, ...bounds } },
    ...rules("self.names.all(a, self.names.all(b, a == b))"),
  });
  assert.deepEqual(definitionProblems(spec({ maxItems: 10 })), []);
  const [first = ""] = definitionProblems(spec({}));
  assert.ok(
    first.includes("Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying"),
    first,
  );
});

test("a rule that runs too long ends the check", () => {
  const rule = "self.n.all(a, self.n.all(b, self.n.all(c, a + b + c >= 0)))";
  const spec = {
    type: "object",
    properties: { n: { type: "array", items: { type: "integer" } } },
    ...rules(rule, "false"),
  };
  const n = Array.from({ length: 200 }, (_, index) => index);
  assert.deepEqual(problems(spec, { n }), [
    `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`,
  ]);
});

test("rules that fail are paid for like those that do not", () => {
  const rule = "sets.contains(self.n, self.n) && self.n[5000] == 1";
  const spec = {
    type: "object",
    properties: { n: { type: "array", items: { type: "integer" } } },
    ...rules(...Array.from({ length: 20 }, () => rule)),
  };
  const n = Array.from({ length: 900 }, (_, index) => index);
  const failed = `spec: Invalid value: "object": index out of bounds: 5000 evaluating rule: ${rule}`;
  const ended = `spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run`;
  assert.deepEqual(problems(spec, { n }), [...Array.from({ length: 12 }, () => failed), ended]);
});

test("names that are no identifiers are escaped", () => {
  const cases = {
    "a-b": "a__dash__b",
    "a.b": "a__dot__b",
    "a/b": "a__slash__b",
    a__b: "a__underscores__b",
    in: "__in__",
  };
  for (const [name, wanted] of Object.entries(cases)) assert.equal(escapeIdentifier(name), wanted);
  assert.equal(escapeIdentifier("9a"), undefined);
});
