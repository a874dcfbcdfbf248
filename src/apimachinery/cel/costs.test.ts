import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizerType, authorizerValue, type CelType, kubernetesEnvironment } from "./index.ts";

const variables = new Map<string, CelType>([["authorizer", authorizerType]]);
const authorizer = authorizerValue(() => ({ allowed: true, reason: "" }));

/** Upstream's figures: what may be spent at most, and what is spent; constants cost nothing when it runs. */
const cases: readonly (readonly [expression: string, estimated: number, spent: number])[] = [
  ["url('https:://kubernetes.io/').getHost()", 4, 4],
  ["url('https:://kubernetes.io/') == url('https:://kubernetes.io/')", 9, 7],
  ["url('https:://kubernetes.io/') == url('http://x.b')", 5, 5],
  ["'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 9, 9],
  ["strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 11, 9],
  ["'abc 123 def 123'.replace('', 'x')", 3, 3],
  ["'abc 123 def 123'.split(' ', 1)", 3, 3],
  ["'abc 123 def 123'.substring(5, 8)", 2, 2],
  ["'abc 123 def 123'.findAll('123', 1)", 2, 2],
  ["authorizer.path('/healthz').check('get').allowed()", 350_003, 350_003],
  ["authorizer.group('').resource('pods').fieldSelector('a=b')", 10 + 1 + 100 + 3, 10 + 1 + 100 + 3],
  ['quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")', 6, 6],
  ['quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() > 0', 7, 7],
  ['format.named("dns1123subdomain")', 1, 1],
  ['format.named("dns1123Subdomain").value().validate("my-name")', 34, 17],
  ['format.named("dns1123Label").value().validate("my-name")', 34, 10],
  ['format.named("dns1123Label").value() == format.named("dns1123Label").value()', 11, 5],
  ["sets.contains([], [])", 21, 1],
  ["sets.contains([1, 2, 3, 4], [2, 3])", 29, 9],
  ["!sets.equivalent([2, 1], [1])", 26, 6],
  ["sets.intersects([1], [1, 1])", 23, 3],
  ['semver("1234.56789012345.67890123456789")', 4, 4],
  ['semver("1.0.0").isLessThan(semver("1.1.0"))', 3, 3],
  ["{'a': 1, 'b': 2}.exists(k, v, v > 0)", 43, 10],
  ["{'a': 1, 'b': 2}.transformMap(k, v, v < 5, v + 1)", 75, 15],
  ["{'a': 1, 'b': 2}.transformMapEntry(k, v, v < 5, {k: v + 1})", 135, 75],
  ["[1, 2].exists(i, v, v > 0)", 23, 10],
  ["[1, 2].transformList(i, v, v < 5, v + 1)", 53, 33],
  ["[1, 2, 3, 4, 5].sum()", 15, 5],
  ["[uint(1), uint(2), uint(3), uint(4), uint(5)].max()", 20, 5],
  ["[duration('1s'), duration('2s'), duration('3s'), duration('4s'), duration('5s')].isSorted()", 20, 5],
  ["[1.0, 2.0, 3.0, 4.0, 5.0].lastIndexOf(3.0)", 15, 5],
  ["'01234567890123456789012345678901234567890123456789'.indexOf('123')", 5, 5],
  ["ip('2001:db8:3333:4444:5555:6666:7777:8888').isLoopback()", 5, 5],
  ["cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 11, 7],
  ["[1, 2, 3].slice(0, 2)", 10 + 2 + 11, 2 + 11],
  ["[3, 1, 2].sort()", 10 + 2 * 9 + 11, 2 * 9 + 11],
  ["lists.range(4)", 4 + 11, 4 + 11],
  ["[1, 2, 2].distinct().reverse()", 10 + (2 * 9 + 11) + (9 + 11), 2 * 9 + 11 + (2 + 11)],
  ["[[1], [2, 3]].flatten()", 10 + 20 + 2 + 11, 2 + 11],
];

for (const [expression, estimated, spent] of cases) {
  test(`${expression} costs ${spent}`, () => {
    const compiled = kubernetesEnvironment.compile(expression, { variables });
    assert.ok(compiled.type === "program", compiled.type === "error" ? compiled.message : "");
    const { program } = compiled;
    const { cost } = program.evaluate((name) => (name === "authorizer" ? authorizer : undefined));
    assert.deepEqual([program.estimatedCost, cost], [estimated, spent]);
  });
}

test("making a long list is charged for before it is made", () => {
  const compiled = kubernetesEnvironment.compile("size(lists.range(9000000000000000)) == 0", { variables });
  assert.ok(compiled.type === "program");
  const { program } = compiled;
  assert.throws(() => program.evaluate(() => undefined), {
    message: "operation cancelled: actual cost limit exceeded",
  });
});
