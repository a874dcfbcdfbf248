import assert from "node:assert/strict";
import { test } from "node:test";
import type { JSONSchemaProps } from "../../../api/index.ts";
import { valueOf } from "../../../apimachinery/index.ts";
import { structuralOf } from "../schema/structural.ts";
import { celTypeOf } from "./cel-types.ts";
import { compileRule } from "./compiled-rule.ts";

type Schema = Readonly<Record<string, unknown>>;

/** What one evaluation of a rule on such a value may cost. */
function estimate(schema: Schema, rule: string): number {
  const structural = structuralOf(schema as unknown as JSONSchemaProps);
  const type = celTypeOf(structural, "selfType", false);
  assert.ok(type !== undefined);
  const { program, problem } = compileRule({ rule }, type, structural);
  assert.ok(program !== undefined, problem ?? rule);
  return program.estimatedCost;
}

const array = (items: Schema, rest: Schema = {}): Schema => ({ type: "array", items, ...rest });
const map = (additionalProperties: Schema, rest: Schema = {}): Schema => ({
  type: "object",
  additionalProperties,
  ...rest,
});
const [text, number, bool] = [{ type: "string" }, { type: "number" }, { type: "boolean" }];
const times = (format: string): Schema => ({ type: "string", format });
const intOrString = { "x-kubernetes-int-or-string": true };
const row = { type: "object", required: ["required"], properties: { required: text, optional: text } };
const replacing = {
  type: "object",
  properties: { str: text, before: { ...text, maxLength: 2 }, after: { ...text, maxLength: 4 } },
};
const everything = "self.all(x, true)";

/** Upstream's figures: without bounds, and with them. */
const cases: readonly (readonly [schema: Schema, rule: string, cost: number])[] = [
  [array(number), everything, 4_718_591],
  [array(number, { maxItems: 10 }), everything, 32],
  [array(text), everything, 3_145_727],
  [array(text, { maxItems: 20 }), everything, 62],
  [array(bool), everything, 1_887_437],
  [array(array(number)), everything, 3_145_727],
  [array(array(number), { maxItems: 100 }), everything, 302],
  [array(row), everything, 555_128],
  [array(row, { maxItems: 50 }), everything, 152],
  [map(number), everything, 1_348_169],
  [map(text), everything, 1_179_647],
  [map(bool), everything, 943_718],
  [map(bool, { maxProperties: 100 }), everything, 302],
  [text, "self.contains('test')", 314_574],
  [{ ...text, maxLength: 10 }, "self.contains('test')", 5],
  [text, "self.startsWith('test')", 2],
  [text, 'size(self + "hello") > size("hello")', 314_578],
  [{ ...text, maxLength: 4 }, 'size(self + "hello") > size("hello")', 7],
  [array(number), "self[1] == 0.0", 2],
  [array(text), "self[1] == self[1]", 314_577],
  [array(number, { maxItems: 10 }), "self.all(x, self.all(y, true))", 352],
  [array(number, { maxItems: 10 }), "self.all(x, self.all(y, self.all(z, true)))", 3552],
  [text, 'self.matches("x")', 314_574],
  [{ ...text, maxLength: 50 }, 'self.matches("x")', 22],
  [text, '"".matches("(((((((((())))))))))[0-9]")', 7],
  [text, 'self.matches("")', 1],
  [text, 'self == "x"', 2],
  [{ ...text, maxLength: 0 }, 'self == "x"', 1],
  [array(number), "self.all(x, x == 0.0)", 6_291_454],
  [array(number, { maxItems: 6_291_456 }), "self.all(x, x == 0.0)", 25_165_826],
  [array(intOrString), "self[0] == 5", 3],
  [array(row), "self[0] == null", 2],
  [array(array(number)), "self[0][0] == -1.0", 3],
  [array(map(number)), "self.all(x, x.y == 25.2)", 6_291_452],
  [array(map(number)), "self[0].x > 2.0", 4],
  [array(times("duration")), everything, 2_359_295],
  [array(times("duration")), "self[0].getHours() == 2", 4],
  [array(times("date")), everything, 725_936],
  [array(times("date-time")), everything, 428_963],
  [map(row), everything, 428_963],
  [map(times("date")), everything, 524_288],
  [map(times("date-time")), everything, 349_526],
  [map(times("date-time")), 'self["a"] == self["b"]', 8],
  [text, "self.find('[0-9]+') == ''", 629_147],
  [{ ...text, maxLength: 10 }, "self.find('[0-9]+') == ''", 11],
  [array(text), "self.join(' ') == 'aa bb'", 329_853_068_905],
  [array({ ...text, maxLength: 10 }, { maxItems: 10 }), "self.join(' ') == 'aa bb'", 43],
  [array(text), "self.isSorted() == true", 329_854_432_052],
  [array({ ...text, maxLength: 10 }, { maxItems: 10 }), "self.isSorted() == true", 52],
  [replacing, "self.str.replace(self.before, self.after) == 'does not matter'", 629_154],
  [text, "self.lowerAscii() == 'lower!'", 314_575],
  [map({ type: "integer" }), "oldSelf.size() == self.size()", 5],
  [{ ...text, enum: ["A", "B", "LongValue"] }, "self.contains('A')", 2],
  [{ ...intOrString, maxLength: 20 }, "isQuantity(self)", 9],
];

for (const [schema, rule, cost] of cases) {
  test(`${rule} on ${JSON.stringify(schema)} may cost ${cost}`, () => {
    assert.equal(estimate(schema, rule), cost);
  });
}

/** What a rule that holds for an object costs. */
function spent(properties: Schema, object: Schema, rule: string): number {
  const structural = structuralOf({ type: "object", properties } as JSONSchemaProps);
  const type = celTypeOf(structural, "selfType", false);
  assert.ok(type !== undefined);
  const { program, problem } = compileRule({ rule }, type, structural);
  assert.ok(program !== undefined, problem ?? rule);
  const self = valueOf(object, type);
  const { value, cost } = program.evaluate((name) => (name === "self" ? self : undefined));
  assert.equal(value, true);
  return cost;
}

const integer = { type: "integer" };
const rows = array(
  { type: "object", properties: { k: text, v: text, v2: text } },
  { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] },
);
const set = (items: Schema) => array(items, { "x-kubernetes-list-type": "set" });
const properties = {
  text,
  number: integer,
  choice: { type: "string", enum: ["Pending", "Available"] },
  counts: map(integer),
  rows,
  list: array(integer),
  names: set(text),
  others: set(text),
  many: set(integer),
  nested: map(map(text)),
};
const object = {
  text: "Rook takes 👑",
  number: 10,
  choice: "Pending",
  counts: { b: 1, d: 2 },
  rows: [
    { k: "a1", v: "b1" },
    { k: "a2", v: "b2" },
    { k: "a3", v: "b3", v2: "z" },
  ],
  list: [1, 1, 2, 2, 3, 3, 4, 5],
  names: ["a", "b", "c"],
  others: ["a", "c", "b"],
  many: Array.from({ length: 1000 }, (_, index) => index),
  nested: { x: { y: "b" } },
};

/** Upstream's figures, which decide what is left of an object's budget. */
const spending: readonly (readonly [rule: string, cost: number])[] = [
  ["type(self.text) == string", 4],
  ["self.text.matches('^[^0-9]*$')", 8],
  ["self.text.indexOf('o') == 1", 4],
  ["self.text.split(' ') == ['Rook', 'takes', '👑']", 6],
  ["self.text.substring(4, 10).trim() == 'takes'", 6],
  ["double(self.number) < 10.5", 4],
  ["double(5) < 10.0", 1],
  ["self.choice in ['Pending', 'Available']", 2],
  ["has(self.list) && has(self.counts)", 2],
  ["has(self.counts.b)", 2],
  ["!has(self.counts.c)", 3],
  ["self.names == ['c', 'b', 'a']", 3],
  ["self.names == self.others", 5],
  ["self.names + self.others == ['a', 'b', 'c']", 6],
  ["sets.equivalent(self.names, ['a', 'b', 'c'])", 21],
  ["!sets.equivalent(self.many, [1, 2, 3])", 6004],
  ["self.counts.all(k, self.counts[k] > 0)", 17],
  ["!self.counts.exists(k, self.counts[k] == 3)", 20],
  ["self.counts.exists_one(k, self.counts[k] == 2)", 14],
  ["size(self.counts.filter(k, self.counts[k] > 1)) == 1", 26],
  ["self.counts.transformMap(k, v, v + 1).size() == 2", 15],
  ["self.counts.transformMapEntry(k, v, {k + '2': v + 1}).size() == 2", 77],
  ["self.rows.exists_one(m, m.k == 'a3')", 15],
  ["self.rows.map(m, m.v).exists(v, v == 'b1')", 55],
  ["self.rows.exists(m, has(m.v2) && m.v2 == 'z')", 21],
  ["self.rows.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1", 39],
  ["self.rows.exists(m, m.v2 == 'z')", 24],
  ["!self.rows.all(m, m.v2 != 'z')", 22],
  ["2 in self.list", 10],
  ["self.list.exists_one(e, e > 4)", 22],
  ["size(self.list.filter(e, e%2 == 0)) == 3", 68],
  ["self.list.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)", 194],
  ["self.list.transformList(i, e, e * 2).size() > 0", 117],
  ["self.nested.map(k, self.nested[k].map(m, m)).size() == 1", 34],
  ["optional.of('a').optMap(v, v == 'value').hasValue()", 8],
  ["self.?text.orValue('v') != 'a'", 3],
  ["[3, 1, 2].sort() == [1, 2, 3]", 30],
];

for (const [rule, cost] of spending) {
  test(`${rule} costs ${cost}`, () => {
    assert.equal(spent(properties, object, rule), cost);
  });
}
