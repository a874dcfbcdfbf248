import assert from "node:assert/strict";
import { test } from "node:test";
import { dynType, intType, kubernetesEnvironment, parseJson, parseYaml, valueOf } from "../apimachinery/index.ts";
import { loadScheme, type Pod } from "./index.ts";

/** 2^53 + 1 and the limits of 64 bits: no number holds them. */
const large = ["9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808"];
const codec = loadScheme().codec<Pod>({ group: "", version: "v1", kind: "Pod" });
const podText = (seconds: string) =>
  `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[],"activeDeadlineSeconds":${seconds}}}`;

test("JSON keeps every digit of integers of 64 bits, and nothing else is different", () => {
  for (const text of large) {
    for (const around of [
      "[X]",
      '{"a":X}',
      '{"a" :\n X ,"b":1}',
      '["1234567890123456",X]',
      "X",
      '{"a":{"b":[0, X]}}',
    ]) {
      const written = around.replace("X", text);
      assert.equal(JSON.stringify(parseJson(written)), written.replaceAll(/\s/g, ""));
    }
  }
  const digests = '{"image":"x@sha256:12345678901234567890abcdef","id":"1234567890123456789","n":0.12345678901234567}';
  assert.deepEqual(parseJson(digests), JSON.parse(digests));
  const plain = '{"a":[1,-2,0.5,1e3,"9007199254740993",null,true],"b":9007199254740991}';
  assert.deepEqual(parseJson(plain), JSON.parse(plain));
  assert.deepEqual(parseJson("[9223372036854775808]"), [2 ** 63]);
});

test("fields of 64 bits survive JSON, defaults, protobuf and back", () => {
  for (const text of large) {
    const { object } = codec.decode(podText(text), { unknownFields: "report" });
    assert.equal(object.spec.activeDeadlineSeconds as unknown, BigInt(text));
    assert.ok(codec.encode(object).includes(`"activeDeadlineSeconds":${text}`));
    const back = codec.decodeProtobuf(codec.encodeProtobuf(object));
    assert.equal(back.spec.activeDeadlineSeconds as unknown, BigInt(text));
    assert.deepEqual(codec.normalize(structuredClone(object)), object);
  }
  const small = codec.decode(podText("9007199254740991"), { unknownFields: "report" }).object;
  assert.equal(small.spec.activeDeadlineSeconds, 9007199254740991);
});

test("what does not fit 64 bits is refused as upstream does", () => {
  assert.throws(
    () => codec.decode(podText("9223372036854775808"), { unknownFields: "report" }),
    /cannot unmarshal number 9223372036854775808 into Go struct field PodSpec\.spec\.activeDeadlineSeconds of type int64/,
  );
});

test("expressions and YAML see every digit", () => {
  const variables = new Map([["x", intType]]);
  const compiled = kubernetesEnvironment.compile("x == 9007199254740993", { variables });
  assert.ok(compiled.type === "program");
  const x = valueOf(parseJson("9007199254740993"), dynType);
  assert.equal(compiled.program.evaluate(() => x).value, true);
  assert.equal(JSON.stringify(parseYaml("a: 9007199254740993\nb: 0x10").value), '{"a":9007199254740993,"b":16}');
});
