import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeContinue, encodeContinue } from "./continue-token.ts";

const prefix = "/registry/pods/";
const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

test("a token continues after the key it was made of", () => {
  const token = encodeContinue({ revision: 7, startAfter: `${prefix}n/a` }, prefix);
  assert.deepEqual(JSON.parse(Buffer.from(token, "base64url").toString()), {
    v: "meta.k8s.io/v1",
    rv: 7,
    start: "n/a\0",
  });
  assert.deepEqual(decodeContinue(token, prefix), { revision: 7, startAfter: `${prefix}n/a` });
});

const cases: readonly (readonly [token: string, why: string])[] = [
  ["x", ": illegal base64 data at input byte 0"],
  ["abc=", ": illegal base64 data at input byte 3"],
  ["ab*d", ": illegal base64 data at input byte 2"],
  [encode("nonsense"), ": invalid character 'o' in literal null (expecting 'u')"],
  [encode("[]"), ": json: cannot unmarshal array into Go value of type storage.continueToken"],
  [encode({ v: "v2", rv: 1, start: "a" }), ": server does not recognize this encoded version v2"],
  [encode({ v: "meta.k8s.io/v1", start: "a" }), ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)"],
  [encode({ v: "meta.k8s.io/v1", rv: 1 }), ": encoded start key empty (version meta.k8s.io/v1)"],
  [encode({ v: "meta.k8s.io/v1", rv: 1, start: "../secrets/a" }), ": ../secrets/a"],
  [encode({ v: "meta.k8s.io/v1", rv: 1, start: "a//b" }), ": a//b"],
  [
    encode({ v: "meta.k8s.io/v1", rv: "1", start: "a" }),
    ": json: cannot unmarshal string into Go struct field continueToken.rv of type int64",
  ],
];
for (const [token, why] of cases) {
  test(`no token: ${why.slice(2)}`, () => {
    assert.throws(() => decodeContinue(token, prefix), {
      message: `invalid continue token: continue key is not valid${why}`,
      code: 400,
    });
  });
}
