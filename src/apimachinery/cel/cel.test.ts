import assert from "node:assert/strict";
import { test } from "node:test";
import {
  authorizerType,
  authorizerValue,
  CelCostError,
  type CelType,
  dynType,
  intType,
  jsonOf,
  kubernetesEnvironment,
  listOf,
  patchEnvironment,
  stringType,
  type Value,
  valueOf,
} from "./index.ts";

const person: CelType = {
  kind: "object",
  name: "person",
  fields: new Map([
    ["age", { name: "age", type: intType }],
    ["nick__dash__name", { name: "nick-name", type: stringType }],
    [
      "tags",
      { name: "tags", type: { kind: "list", element: stringType, maxElements: 10, semantics: { type: "set" } } },
    ],
  ]),
};

const variables = new Map<string, CelType>([
  ["n", intType],
  ["self", dynType],
  ["who", person],
  ["names", listOf(stringType)],
  ["authorizer", authorizerType],
]);

const asked: unknown[] = [];
const values: Readonly<Record<string, Value>> = {
  n: 5n,
  self: valueOf({ a: 1, f: 1.5, list: [3, 1, 2], map: { x: "y" }, none: null }, dynType),
  who: valueOf({ age: 7, "nick-name": "Bo", tags: ["a", "b"] }, person),
  names: ["a", "b"],
  authorizer: authorizerValue((verb, question) => {
    asked.push([verb, question]);
    return { allowed: verb === "get", reason: "because" };
  }),
};

function program(text: string) {
  const compiled = kubernetesEnvironment.compile(text, { variables });
  if (compiled.type === "error") throw new Error(compiled.message);
  return compiled.program;
}

const evaluate = (text: string): Value => program(text).evaluate((name) => values[name]).value;
const messageOf = (text: string): string => {
  const compiled = kubernetesEnvironment.compile(text, { variables });
  return compiled.type === "error" ? compiled.message : "";
};

/** Each must be true. */
const truths: Readonly<Record<string, readonly string[]>> = {
  types: [
    "type(self.a) == int && type(self.f) == double",
    "who.age / 2 == 3",
    "who.nick__dash__name == 'Bo'",
    "who.tags == ['b', 'a'] && who.tags + ['b', 'c'] == ['a', 'b', 'c']",
    "self.none == null",
    "has(self.a) && !has(self.z) && has(who.age)",
  ],
  lists: [
    "[1, 2, 3].isSorted() && ![2, 1].isSorted() && ['a', 'b'].isSorted()",
    "[1, 2, 3].sum() == 6 && [1.5, 1.5].sum() == 3.0 && [duration('1m'), duration('1s')].sum() == duration('61s')",
    "[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3",
    "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(9) == -1",
    "sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])",
    "[1, 2, 3, 4].slice(1, 3) == [2, 3] && [1, 2].slice(2, 2) == [] && lists.range(3) == [0, 1, 2] && lists.range(-1) == []",
    "[[1], [2, 3]].flatten() == [1, 2, 3] && [[[1]], [[2], [3]]].flatten(2) == [1, 2, 3] && [[1]].flatten(0) == [[1]]",
    "[3, 1, 2].sort() == [1, 2, 3] && ['b', 'a'].sort() == ['a', 'b'] && [true, false].sort() == [false, true]",
    "[1, 2, 3].reverse() == [3, 2, 1] && [1, 2, 1, 3, 2].distinct() == [1, 2, 3] && ['a', 'a'].distinct() == ['a']",
    "[{'n': 2}, {'n': 1}].sortBy(e, e.n) == [{'n': 1}, {'n': 2}] && [-3, 2, 1].map(x, x * 2).sortBy(x, x * x) == [2, 4, -6]",
    "who.tags.sortBy(t, t == 'a' ? 2 : 1)[0] == 'b' && [[2, 1], [1]].map(l, l.sortBy(x, x).sortBy(x, -x)) == [[2, 1], [1]]",
  ],
  macros: [
    "[1, 2, 3].all(x, x > 0) && [1, 2].exists_one(x, x == 2)",
    "['a', 'b'].all(i, v, i < 2 && v != 'c') && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
    "[1, 2].transformList(i, v, i * v) == [0, 2] && {'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
    "{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}",
    "[1, 2, 3].filter(x, x > 1).map(x, x * 2) == [4, 6]",
    "[1, 0].exists(x, 1 / x == 1)",
  ],
  optionals: [
    "self.?z.orValue(3) == 3 && self.?map.?x.hasValue() && !self.?map.z.hasValue()",
    "self.list[?9].orValue(7) == 7 && optional.of(2).optMap(x, x * 2).value() == 4",
    "[?self.?z, dyn(1)] == [1] && {?'k': self.?z} == {}",
    "optional.ofNonZeroValue('').or(optional.of('x')).value() == 'x'",
    "[4, 5].first().value() == 4 && [4, 5].last().value() == 5 && !names.filter(n, false).last().hasValue()",
    "optional.unwrap([optional.of(1), optional.none()]) == [1] && [self.?a, self.?z].unwrapOpt() == [1]",
  ],
  strings: [
    "'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && 'aXa'.replace('a', 'b', 1) == 'bXa'",
    "'tacocat'.substring(4) == 'cat' && 'ABC'.lowerAscii() == 'abc' && ' a '.trim() == 'a'",
    "'%s %d %.1f %x'.format([dyn('a'), 3, 1.25, 255]) == 'a 3 1.2 ff'",
    "'héllo'.charAt(1) == 'é' && 'abcabc'.lastIndexOf('b') == 4",
  ],
  regex: [
    "'abc 123'.find('[0-9]+') == '123' && 'a'.find('b') == ''",
    "'123 abc 456'.findAll('[0-9]+') == ['123', '456'] && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
    "'foobar'.find('foo|foobar') == 'foo' && 'aaa'.findAll('a*?') == ['', '', '', '']",
    "'hello'.matches('^h.*o$') && !'hello'.matches('^x')",
  ],
  url: [
    "url('https://user@example.com:80/a%20b?k=v&k=w').getHost() == 'example.com:80'",
    "url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80'",
    "url('https://e.com/p?k=v&k=w').getQuery() == {'k': ['v', 'w']} && isURL('/path') && !isURL('../x')",
    "url('https:://e.com/').getScheme() == 'https' && url('https:://e.com/').getHost() == '' && isURL('mailto:a@b')",
  ],
  network: [
    "ip('127.0.0.1').isLoopback() && ip('fe80::1').isLinkLocalUnicast() && ip('8.8.8.8').isGlobalUnicast()",
    "ip('::1').family() == 6 && !isIP('1.2.3.400') && ip.isCanonical('::1') && !ip.isCanonical('0:0::1')",
    "cidr('10.0.0.0/8').containsIP('10.9.9.9') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
    "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8 && isCIDR('::/0')",
  ],
  quantity: [
    "quantity('1Gi') == quantity('1024Mi') && quantity('1').isLessThan(quantity('2')) && !isQuantity('x')",
    "quantity('50k').add(quantity('20k')).asInteger() == 70000 && sign(quantity('1').sub(2)) == -1",
    "quantity('200M').compareTo(quantity('0.2G')) == 0 && !quantity('0.5').isInteger()",
  ],
  semver: [
    "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-a.2').isLessThan(semver('1.0.0-a.10'))",
    "isSemver('1.2.3-rc.1') && !isSemver('1.2') && semver('v1.2', true).minor() == 2",
  ],
  formats: [
    "!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('X').hasValue()",
    "format.named('uuid').hasValue() && !format.named('nope').hasValue()",
    "format.uri().validate('x').value()[0].endsWith(': invalid URI for request') && !format.uri().validate('mailto:a@b').hasValue()",
    "format.byte().validate('a').hasValue() && !format.byte().validate('YQ==').hasValue() && format.date().validate('2023-02-29').hasValue()",
  ],
  times: [
    "timestamp('2024-02-29T12:00:00Z') - timestamp('2024-02-28T12:00:00Z') == duration('24h')",
    "timestamp('2024-01-01T00:00:00Z').getHours('America/New_York') == 19 && string(duration('90s')) == '90s'",
  ],
  authorizer: [
    "authorizer.group('apps').resource('deployments').namespace('x').check('get').allowed()",
    "!authorizer.path('/healthz').check('post').allowed() && authorizer.path('/x').check('post').reason() == 'because'",
  ],
};

for (const [name, expressions] of Object.entries(truths)) {
  test(name, () => {
    for (const text of expressions) assert.equal(evaluate(text), true, text);
  });
}

test("the authorizer is asked about exactly what was said", () => {
  asked.length = 0;
  evaluate(
    "authorizer.serviceAccount('ns', 'sa').group('').resource('pods').subresource('log').name('p').check('get').allowed()",
  );
  assert.deepEqual(asked, [
    [
      "get",
      { serviceAccount: { namespace: "ns", name: "sa" }, group: "", resource: "pods", subresource: "log", name: "p" },
    ],
  ]);
});

test("compile errors say where and what", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {"],
    ["missing == 1", "ERROR: <input>:1:1: undeclared reference to 'missing' (in container '')\n | missing == 1\n | ^"],
    [
      "n == 'a'",
      "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, string)'\n | n == 'a'\n | ..^",
    ],
    ["who.", "ERROR: <input>:1:5: Syntax error: no viable alternative at input '.'\n"],
    ["who.]", "no viable alternative at input '.]'"],
    ["(1", "Syntax error: missing ')' at '<EOF>'"],
    ["[1", "mismatched input '<EOF>' expecting {']', ','}"],
    ["[1,", "missing ']' at '<EOF>'"],
    ["[", "mismatched input '<EOF>' expecting {'[', ']', '{', '(', '.', ',', '-', '!', '?', 'true'"],
    ["{1:2", "mismatched input '<EOF>' expecting {'}', ','}"],
    ["n(", "mismatched input '<EOF>' expecting {'[', '{', '(', ')', '.'"],
    ["who.size", "ERROR: <input>:1:4: undefined field 'size'\n | who.size\n | ...^"],
    [
      "names.all(n, n.x)",
      "ERROR: <input>:1:15: type 'string' does not support field selection\n | names.all(n, n.x)\n | ..............^",
    ],
    ["n.all(x, true)", "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"],
    ["[1, 'a']", "expected type 'int' but found 'string'"],
    ["duration('x')", "invalid duration argument"],
    ["'a'.matches('(')", "invalid matches argument"],
    ["'abc'.reverse() == 'cba'", "found no matching overload for 'reverse' applied to 'string.()'"],
    ["cel.bind(x, 1, x == 1)", "undeclared reference to 'cel' (in container '')"],
    ["jsonpatch.escapeKey('a/b') == ''", "undeclared reference to 'jsonpatch' (in container '')"],
    ["true &&\nmissing", "ERROR: <input>:2:1: undeclared reference to 'missing' (in container '')\n | missing\n | ^"],
  ];
  for (const [text, wanted] of cases) assert.ok(messageOf(text).includes(wanted), `${text}: ${messageOf(text)}`);
});

test("expressions that make patches escape the keys in their paths", () => {
  const compiled = patchEnvironment.compile("jsonpatch.escapeKey('a/b~c')", { variables });
  assert.ok(compiled.type === "program");
  assert.equal(compiled.program.evaluate(() => undefined).value, "a~1b~0c");
});

test("a conversion of a constant that cannot be done is found before anything runs", () => {
  for (const text of ["int('abc') == n", "n == 1 || double('x') > 1.0", "uint(-1) == 1u"]) {
    const compiled = kubernetesEnvironment.compile(text, { variables });
    assert.ok(compiled.type === "error", text);
    assert.equal(compiled.stage, "program instantiation");
    assert.ok(/type conversion error|overflow/.test(compiled.message), compiled.message);
  }
  assert.equal(evaluate("int('5') == n && n in [1, 5] && !(n in []) && 5.0 in [dyn(5)] && !('a' in [dyn(5)])"), true);
});

test("what is no map has no keys", () => {
  assert.equal(evaluate("has(dyn(null).z) || has(dyn('a').z)"), false);
});

test("evaluation errors", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["self.z", "no such key: z"],
    ["dyn(null).z", "no such key: z"],
    ["dyn(1).z", "no such key: z"],
    ["dyn(null)['z']", "no such key: z"],
    ["dyn([1]).z", "unsupported index type 'string' in list"],
    ["names[5]", "index out of bounds: 5"],
    ["1 / 0", "division by zero"],
    ["9223372036854775807 + 1", "integer overflow"],
    ["self.list == self.list && self.a.contains('x')", "no such overload"],
    ["[1].filter(x, x > 1).min()", "min called on empty list"],
    ["[1].slice(0, 2)", "cannot slice(0, 2), list is length 1"],
    ["[1].slice(-1, 2)", "cannot slice(-1, 2), negative indexes not supported"],
    ["[1].slice(1, 0)", "cannot slice(1, 0), start index must be less than or equal to end index"],
    ["[[1]].flatten(-1)", "level must be non-negative"],
    ["[dyn(1), dyn('a')].sort()", "list elements must have the same type"],
    ["dyn([[1], [2]]).sort()", "list elements must be comparable"],
  ];
  for (const [text, message] of cases) assert.throws(() => evaluate(text), { message }, text);
});

test("an evaluation that costs too much is ended", () => {
  const text = "names.all(a, names.all(b, names.all(c, names.all(d, a + b + c + d != ''))))";
  const many = Array.from({ length: 100 }, () => "x");
  const compiled = program(text);
  assert.throws(() => compiled.evaluate(() => many), CelCostError);
  assert.ok(compiled.estimatedCost > 10_000_000);
  assert.ok(program("who.tags.all(t, t == 'a')").estimatedCost < 10_000_000);
});

test("searching takes time linear in the text, whatever the pattern", () => {
  const text = `${"a".repeat(3000)}b`;
  const compiled = program("names[0].find('(a+)+$')");
  assert.equal(compiled.evaluate(() => [text], Number.POSITIVE_INFINITY).value, "");
});

test("expressions that are long or deep", () => {
  const many = (count: number, text: string, by: string) => Array.from({ length: count }, () => text).join(by);
  assert.equal(evaluate(many(5000, "true", " && ")), true);
  assert.equal(evaluate(many(5000, "false", " || ")), false);
  for (const text of [many(300, "1", " + "), `${"(".repeat(300)}1${")".repeat(300)}`, `self${".a".repeat(300)}`]) {
    assert.ok(messageOf(text).includes("expression recursion limit exceeded: 250"), text);
  }
  assert.ok(messageOf("a".repeat(100_001)).includes("expression code point size exceeds limit"));
});

test("values go back to JSON", () => {
  assert.deepEqual(jsonOf(evaluate("{'a': dyn([1, 2]), 'b': dyn(duration('1m')), 'c': dyn(b'x')}")), {
    a: [1, 2],
    b: "60s",
    c: "eA==",
  });
});
