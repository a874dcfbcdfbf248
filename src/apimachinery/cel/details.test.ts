import assert from "node:assert/strict";
import { test } from "node:test";
import { kubernetesEnvironment } from "./standard.ts";
import { CelError } from "./values.ts";

/** What upstream's API server says of the same expressions. */
function outcome(expression: string): string {
  const compiled = kubernetesEnvironment.compile(`'%s'.format([dyn(${expression})])`, { variables: new Map() });
  if (compiled.type === "error") return compiled.message.split("\n")[0] ?? "";
  try {
    return String(compiled.program.evaluate(() => undefined).value);
  } catch (error) {
    if (error instanceof CelError) return error.message;
    throw error;
  }
}

function problem(expression: string): string | undefined {
  const compiled = kubernetesEnvironment.compile(expression, { variables: new Map() });
  return compiled.type === "error" ? compiled.message.split("\n")[0] : undefined;
}

const outcomes: Readonly<Record<string, string>> = {
  "1234567.0": "1.234567e+06",
  "100000.0": "100000",
  "-1.0 / 0.0": "-Inf",
  "['a\"', 1.5, null, b'x', duration('90s'), 1u]": '["a\\"", 1.500000, null, b"x", duration("90s"), 1]',
  "{'b': ['x'], 'a': 1.0 / 0.0}": '{"a":"+Inf", "b":["x"]}',
  "{1.5: 1}": "error during formatting: no formatting function for map key of type double",
  "'%f'.format([1234567.0])": "1,234,567.000000",
  "'%.0f %.1f'.format([2.5, 100000000000000000000000.0])": "2 99,999,999,999,999,991,611,392.0",
  "'%.2e'.format([1000000.5])": "1.000000×10⁰⁶",
  "'%f'.format(dyn([1]))": "error during formatting: fixed-point clause can only be used on doubles, was given int",
  "'%x'.format(dyn([1.5]))":
    "error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given double",
  "'%.'.format(dyn([1]))":
    "could not parse formatting clause: error while parsing precision: could not find end of precision specifier",
  "timestamp('2020-01-01T00:00:00+14:00') + duration('1h')": "2020-01-01T01:00:00+14:00",
  "timestamp('2020-01-01T00:00:00Z').getHours('a:b')": 'strconv.Atoi: parsing "a": invalid syntax',
  "timestamp('2020-01-01T00:00:00Z').getHours('1:30')": "1",
  "duration('1.5s').getMilliseconds()": "1500",
  "duration('2562047h') + duration('2562047h')": "integer overflow",
  "double('0x1p-2')": "0.25",
  "dyn(1).lowerAscii()": "no such overload: lowerAscii(int)",
  "dyn(1).size()": "no such overload: size",
  "dyn(1).contains('a')": "no such overload",
  "dyn(1).all(x, true)": "got 'types.Int', expected iterable type",
  "dyn(1).transformList(i, v, v)": "unsupported comprehension range type: types.Int",
  "dyn(quantity('1')) == 1": "no such overload",
  "[1, 2][dyn(1.5)]": "unsupported index value 1.5 in list",
  "[1, 2][dyn('a')]": "unsupported index type 'string' in list",
  "0.0 / 0.0 < 1.0": "NaN values cannot be ordered",
  "{'a': 1, 'a': 2}['a']": "2",
  "['a', 'a'].transformMapEntry(i, v, {v: i})": "insert failed: key a already exists",
  "[1, 2].exists_one(i, v, v == 1)": "true",
  "[quantity('1.5Gi').isInteger(), quantity('1Ti').isInteger(), quantity('1Pi').isInteger()]": "[false, true, false]",
  "[quantity('1.0').isInteger(), quantity('1').add(quantity('0.5')).isInteger(), sign(quantity('-1'))]":
    "[false, false, -1]",
  "semver('1.2')": "No Major.Minor.Patch elements found",
  "semver('1.02.3')": 'Minor number must not contain leading zeroes "02"',
  "semver('v1.2-a', true)": "short version cannot contain PreRelease/Build meta data",
  "[isSemver('99999999999999999999.0.0'), isSemver('v01', true)]": "[false, true]",
  "[isIP('01.2.3.4'), isCIDR('10.0.0.0/08'), isCIDR('10.0.0.1/8')]": "[false, false, true]",
  "string(cidr('10.0.0.1/8'))": "10.0.0.1/8",
  "ip('1.2.3')":
    'IP Address "1.2.3" parse error during conversion from string: ParseAddr("1.2.3"): IPv4 address too short',
  "ip('fe80::1%eth0')": 'IP address "fe80::1%eth0" with zone value is not allowed',
  "cidr('1.2.3.4/33')":
    'network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("1.2.3.4/33"): prefix length out of range',
  "url('http://h:x/')":
    'URL parse error during conversion from string: parse "http://h:x/": invalid port ":x" after host',
  "url('http://a b/')":
    'URL parse error during conversion from string: parse "http://a b/": invalid character " " in host name',
  "url('https://a/c?d=e&g#h').getQuery()": '{"d":["e"], "g":[""]}',
  "['abc'.indexOf('b', 9), 'abc'.indexOf('', 9)]": "[-1, 9]",
};

test("values and failures are those that upstream has", () => {
  for (const [expression, wanted] of Object.entries(outcomes)) assert.equal(outcome(expression), wanted, expression);
});

const problems: Readonly<Record<string, string | undefined>> = {
  "'%d %s'.format([1, 'a']) == ''": undefined,
  "[1, 'a'].size() == 2": "ERROR: <input>:1:5: expected type 'int' but found 'string'",
  "[1, dyn(1)].size() == 2": "ERROR: <input>:1:8: expected type 'int' but found 'dyn'",
  "'a'.matches('[')": "ERROR: <input>:1:13: invalid matches argument",
  "'a'.matches(dyn('['))": "error parsing regexp: missing closing ]: `[`",
  "'%d'.format(['a']) == ''":
    "ERROR: <input>:1:14: error during formatting: decimal clause can only be used on integers, was given string",
  "'%s'.format([1, 2]) == ''": "ERROR: <input>:1:12: too many arguments supplied to string.format (expected 1, got 2)",
  "'%s%s'.format([1]) == ''": "ERROR: <input>:1:14: index 1 out of range",
  "timestamp(9999999999999) == timestamp(0)": "ERROR: <input>:1:11: invalid timestamp argument",
  "int(dyn(true)) == 1": "no such overload: int(bool)",
  "1 && true": "ERROR: <input>:1:1: expected type 'bool' but found 'int'",
  "1e999 == 1.0": "ERROR: <input>:1:1: invalid double literal",
  "1 == -9223372036854775809": "ERROR: <input>:1:6: invalid int literal",
  "has([1].a)": "ERROR: <input>:1:4: type 'list(int)' does not support field selection",
  "{'a-b': 1}.`a-b` == 1": "ERROR: <input>:1:12: unsupported syntax: '`'",
  "1 ++ 2 == 3":
    "ERROR: <input>:1:4: Syntax error: extraneous input '+' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
  "not true": "ERROR: <input>:1:5: Syntax error: extraneous input 'true' expecting <EOF>",
  "true and false": "ERROR: <input>:1:6: Syntax error: mismatched input 'and' expecting <EOF>",
  "true)": "ERROR: <input>:1:5: Syntax error: extraneous input ')' expecting <EOF>",
  "{'a' 1} == {}": "ERROR: <input>:1:6: Syntax error: missing ':' at '1'",
  "quantity('1').value == 1": "ERROR: <input>:1:14: unexpected failed resolution of 'kubernetes.Quantity'",
};

test("what does not compile is told as upstream tells it", () => {
  for (const [expression, wanted] of Object.entries(problems)) assert.equal(problem(expression), wanted, expression);
});
