import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  parseFieldSet,
  pathsOf,
  recursiveDifference,
  setOf,
  union,
} from "./field-set.ts";
import { compareElements, elementText } from "./path-element.ts";

const elements = [
  "f:a",
  "f:b",
  'k:{"name":"x"}',
  'k:{"name":"y"}',
  'k:{"port":9}',
  'k:{"port":10}',
  "v:1",
  'v:"s"',
  "i:0",
];
const path = fc.array(fc.constantFrom(...elements), { minLength: 1, maxLength: 3 });
const paths = fc.array(path, { maxLength: 12 });

const keysOf = (set: FieldSet) =>
  pathsOf(set)
    .map((one) => one.join("/"))
    .sort();
const distinct = (list: readonly (readonly string[])[]) => [...new Set(list.map((one) => one.join("/")))].sort();

function assertOrdered(set: FieldSet): void {
  const keys = Object.keys(set);
  const own = keys.filter((key) => key !== ".");
  assert.deepEqual(own, [...own].sort(compareElements));
  assert.ok(keys.indexOf(".") <= 0, "a member says so first");
  for (const key of own) assertOrdered(set[key] ?? {});
}

test("a set holds exactly the paths it was made of, in order", () => {
  fc.assert(
    fc.property(paths, (list) => {
      const set = setOf(...list);
      assert.deepEqual(keysOf(set), distinct(list));
      assertOrdered(set);
      assert.deepEqual(parseFieldSet(JSON.parse(JSON.stringify(set))), set);
    }),
  );
});

test("union, difference and intersection are those of the paths", () => {
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const [a, b] = [setOf(...left), setOf(...right)];
      const [inA, inB] = [distinct(left), distinct(right)];
      assert.deepEqual(keysOf(union(a, b)), distinct([...left, ...right]));
      assert.deepEqual(
        keysOf(difference(a, b)),
        inA.filter((one) => !inB.includes(one)),
      );
      assert.deepEqual(
        keysOf(intersection(a, b)),
        inA.filter((one) => inB.includes(one)),
      );
      const covered = (one: string) => inB.some((other) => one === other || one.startsWith(`${other}/`));
      assert.deepEqual(
        keysOf(recursiveDifference(a, b)),
        inA.filter((one) => !covered(one)),
      );
      for (const set of [union(a, b), difference(a, b), intersection(a, b), recursiveDifference(a, b)])
        assertOrdered(set);
      assert.equal(isEmptySet(difference(a, a)), true);
    }),
  );
});

test("elements are ordered as upstream orders them", () => {
  const wanted = ["f:a", "f:b", 'k:{"name":"x"}', 'k:{"port":9}', 'k:{"port":10}', "v:2", "v:10", 'v:"a"', "i:0"];
  assert.deepEqual([...wanted].reverse().sort(compareElements), wanted);
});

test("elements are printed as upstream prints them", () => {
  assert.equal(elementText("f:spec"), ".spec");
  assert.equal(elementText('k:{"containerPort":80,"protocol":"TCP"}'), '[containerPort=80,protocol="TCP"]');
  assert.equal(elementText('v:"x"'), '[="x"]');
});

test("sets of clients are put in order, elements of unknown kinds dropped, nonsense refused", () => {
  const sent = { "f:b": {}, "f:a": { 'k:{"z":1,"a":"x"}': {}, "x:new": {} } };
  assert.equal(JSON.stringify(parseFieldSet(sent)), '{"f:a":{"k:{\\"a\\":\\"x\\",\\"z\\":1}":{}},"f:b":{}}');
  assert.throws(() => parseFieldSet({ nonsense: {} }));
  assert.throws(() => parseFieldSet({ "k:{": {} }));
});
