import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldSelector } from "./field-selector.ts";
import {
  formatLabelSelector,
  labelSelectorObjectFromText,
  parseLabelSelector,
  selectorFromObject,
} from "./label-selector.ts";

const texts: readonly (readonly [string, string])[] = [
  ["", ""],
  ["x=a,y=b,z=c", "x=a,y=b,z=c"],
  ["z=c,x=a", "x=a,z=c"],
  ["x==a", "x==a"],
  ["x!=a,y", "x!=a,y"],
  ["!x", "!x"],
  ["x in (b,a)", "x in (a,b)"],
  ["x notin (a), !y", "x notin (a),!y"],
  ["x in ()", "x in ()"],
  ["x in (,a)", "x in (,a)"],
  ["x in (a,)", "x in (,a)"],
  ["x>1,y<10", "x>1,y<10"],
  ["in in (in,notin)", "in in (in,notin)"],
  ["x=", "x="],
  ["  x = a , y ", "x=a,y"],
];
for (const [text, shown] of texts) {
  test(`label selector ${JSON.stringify(text)}`, () => assert.equal(parseLabelSelector(text).toString(), shown));
}

const wrong: readonly (readonly [string, string])[] = [
  [
    "x=a||y=b",
    "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ],
  ["x,", "found '', expected: identifier after ','"],
  ["x in a", "unable to parse requirement: found 'a' expected: '('"],
  ["x in (a", "unable to parse requirement: found '', expected: ',' or ')'"],
  [",x", "found ',', expected: !, identifier, or 'end of string'"],
  ["x (a)", "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"],
  ["x y", "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"],
  [
    "x>a",
    "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer",
  ],
  ["!x=a", "found '=', expected: ',' or 'end of string'"],
];
for (const [text, message] of wrong) {
  test(`label selector ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseLabelSelector(text), { name: "SelectorError", message });
  });
}

test("label selectors match as upstream's do", () => {
  const matches = (text: string, labels: Record<string, string>) => parseLabelSelector(text).matches(labels);
  assert.equal(matches("", {}), true);
  assert.equal(matches("x=a", { x: "a" }), true);
  assert.equal(matches("x=a", {}), false);
  assert.equal(matches("x!=a", {}), true);
  assert.equal(matches("x notin (a,b)", {}), true);
  assert.equal(matches("x notin (a,b)", { x: "b" }), false);
  assert.equal(matches("x in (a,b),!y", { x: "b" }), true);
  assert.equal(matches("x in (a,b),!y", { x: "b", y: "" }), false);
  assert.equal(matches("n>5", { n: "10" }), true);
  assert.equal(matches("n<5", { n: "10" }), false);
  assert.equal(matches("n>5", { n: "x" }), false);
  assert.equal(matches("toString", {}), false);
});

test("selector objects: absent selects nothing, empty everything", () => {
  assert.equal(selectorFromObject(undefined).matches({}), false);
  assert.equal(selectorFromObject({}).matches({ a: "b" }), true);
  const both = selectorFromObject({
    matchLabels: { a: "b" },
    matchExpressions: [{ key: "c", operator: "In", values: ["d"] }],
  });
  assert.equal(both.matches({ a: "b", c: "d" }), true);
  assert.equal(both.matches({ a: "b" }), false);
  assert.equal(both.toString(), "a=b,c in (d)");
  assert.equal(formatLabelSelector({}), "<none>");
  assert.throws(() => selectorFromObject({ matchExpressions: [{ key: "a", operator: "Is" }] }), {
    message: '"Is" is not a valid label selector operator',
  });
  assert.deepEqual(labelSelectorObjectFromText("a=b,c notin (d)"), {
    matchLabels: { a: "b" },
    matchExpressions: [{ key: "c", operator: "NotIn", values: ["d"] }],
  });
});

test("field selectors", () => {
  const selector = parseFieldSelector("spec.nodeName=n1,status.phase!=Failed");
  const read = (values: Record<string, string>) => selector.matches((field) => values[field] ?? "");
  assert.equal(read({ "spec.nodeName": "n1" }), true);
  assert.equal(read({ "spec.nodeName": "n1", "status.phase": "Failed" }), false);
  assert.equal(selector.exactValue("spec.nodeName"), "n1");
  assert.equal(parseFieldSelector("a==b").toString(), "a=b");
  assert.equal(parseFieldSelector("a=b\\,c\\=d,,e=").toString(), "a=b\\,c\\=d,e=");
  assert.throws(() => parseFieldSelector("a"), { message: "invalid selector: 'a'; can't understand 'a'" });
  assert.throws(() => parseFieldSelector("a=b=c"), {
    message: "invalid field selector: unescaped character in value: 61",
  });
  assert.throws(() => parseFieldSelector("a=\\x"), { message: "invalid field selector: invalid escape sequence: \\x" });
});
