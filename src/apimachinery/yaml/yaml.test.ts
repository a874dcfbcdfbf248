import assert from "node:assert/strict";
import { test } from "node:test";
import { formatYaml, parseYaml, parseYamlDocuments } from "./parse.ts";

const values: readonly (readonly [string, unknown])[] = [
  ["", null],
  ["# nothing\n", null],
  ["a: 1", { a: 1 }],
  ["a: yes\nb: No\nc: on\nd: y", { a: true, b: false, c: true, d: true }],
  ["a: 'yes'", { a: "yes" }],
  ["a: 0777\nb: 0o17\nc: 0x1F\nd: 0b11\ne: 08\nf: 1_000", { a: 511, b: 15, c: 31, d: 3, e: 8, f: 1000 }],
  ["a: 1e3\nb: .5\nc: -2.5", { a: 1000, b: 0.5, c: -2.5 }],
  ["a: 1:30\nb: 2001-01-01\nc: 1.2.3\nd: 12Mi", { a: "1:30", b: "2001-01-01", c: "1.2.3", d: "12Mi" }],
  ["a: ~\nb:\nc: null", { a: null, b: null, c: null }],
  ["1: a\ntrue: b", { "1": "a", true: "b" }],
  ["a: &x {b: 1}\nc:\n  <<: *x\n  d: 2", { a: { b: 1 }, c: { b: 1, d: 2 } }],
  ["a: |\n  x\n  y\nb: >-\n  x\n  y", { a: "x\ny\n", b: "x y" }],
  ['{"a": [1, "b", null]}', { a: [1, "b", null] }],
  ["---\na: 1\n---\nb: 2\n", { a: 1 }],
  ["__proto__: 1", JSON.parse('{"__proto__":1}')],
];
for (const [text, value] of values) {
  test(`YAML ${JSON.stringify(text)}`, () => assert.deepEqual(parseYaml(text).value, value));
}

test("duplicate keys are reported, and the last one wins", () => {
  const { value, duplicates } = parseYaml("a: 1\nb: 2\na: 3\n");
  assert.deepEqual(value, { a: 3, b: 2 });
  assert.deepEqual(duplicates, ['line 3: key "a" already set in map']);
  const many = `{"m": {"l": {"a": "b", "a": "c"}}, "d\\u0061": 1,\n 'da': {x: 1, x: 2, x: 3}, "m": 2}`;
  assert.deepEqual(parseYaml(many), {
    value: { m: 2, da: { x: 3 } },
    duplicates: [
      'line 1: key "a" already set in map',
      'line 2: key "x" already set in map',
      'line 2: key "x" already set in map',
      'line 2: key "da" already set in map',
      'line 2: key "m" already set in map',
    ],
  });
});

test("several documents, without the empty ones", () => {
  assert.deepEqual(parseYamlDocuments("a: 1\n---\n# none\n---\nb: 2\n---\n"), [{ a: 1 }, { b: 2 }]);
});

test("what is no YAML is refused in go-yaml's words", () => {
  assert.throws(() => parseYaml("a: b: c"), { name: "YamlError", message: /^yaml: line 1: / });
  assert.throws(() => parseYaml("a:\n\t- b"), { message: "yaml: line 2: found character that cannot start any token" });
  assert.throws(() => parseYaml("a: 'x"), { message: /^yaml: line \d+: found unexpected end of stream$/ });
  assert.throws(() => parseYaml("a: .nan"), { message: "json: unsupported value: NaN" });
  assert.throws(() => parseYaml("a: *b"), { message: "yaml: unknown anchor 'b' referenced" });
});

test("aliases cannot blow a small text up, nor nesting the stack", () => {
  const levels = Array.from(
    { length: 12 },
    (_, i) => `l${i}: &l${i} [${new Array(10).fill(i === 0 ? "x" : `*l${i - 1}`).join(",")}]`,
  );
  assert.throws(() => parseYaml(levels.join("\n")), { message: "yaml: document contains excessive aliasing" });
  assert.throws(() => parseYaml("[".repeat(50_000)), { name: "YamlError" });
});

test("text that a reader of YAML 1.1 could take for something else is quoted", () => {
  const value = { time: "2026-11-21T12:46:52Z", day: "2026-11-21", ratio: "12:30", word: "yes", plain: "10.0.0.1:80" };
  assert.equal(
    formatYaml(value),
    'day: "2026-11-21"\nplain: 10.0.0.1:80\nratio: "12:30"\ntime: "2026-11-21T12:46:52Z"\nword: "yes"\n',
  );
});
