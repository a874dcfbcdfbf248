import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError } from "../../apimachinery/index.ts";
import { checkKindKept, parsePatch, patchMisfit, patchNotStrict, type PatchType } from "./patch-refusal.ts";

const decoding: readonly (readonly [PatchType, string, string])[] = [
  [
    "json",
    '{"a":1}',
    "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
  ],
  ["json", "[1]", "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"],
  [
    "json",
    '[{"op":"add","path":1}]',
    "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
  ],
  ["json", "{", "error decoding patch: unexpected end of JSON input"],
  ["merge", "[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"],
  ["merge", "{", "error decoding patch: unexpected end of JSON input"],
  ["strategic", "[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"],
  ["strategic", "", "unexpected end of JSON input"],
];

for (const [type, text, message] of decoding) {
  test(`what is no ${type} patch is refused: ${text}`, () => {
    assert.throws(() => parsePatch(type, text), { code: 400, message });
  });
}

test("null patches change nothing, where upstream takes them", () => {
  assert.deepEqual(parsePatch("json", "null"), []);
  assert.deepEqual(parsePatch("strategic", "null"), {});
});

test("strict validation shows the strategic patch, and the object other patches made", () => {
  const patch = { zz: 1, yy: [true, null, 1e300], a: { b: 1234567.5 } };
  const value = { metadata: { name: "<a>" }, zz: 1 };
  const shown = (type: PatchType) => patchNotStrict({ type, patch, value }, ['unknown field "zz"']);
  const strategic =
    'Invalid value: "map[a:map[b:1.2345675e+06] yy:[true <nil> 1e+300] zz:1]": strict decoding error: unknown field "zz"';
  assert.equal(shown("strategic").message, ` "" is invalid: patch: ${strategic}`);
  assert.deepEqual(shown("strategic").status.details, {
    causes: [{ reason: "FieldValueInvalid", message: strategic, field: "patch" }],
  });
  assert.equal(
    shown("merge").message,
    ' "" is invalid: patch: Invalid value: "{\\"metadata\\":{\\"name\\":\\"\\\\u003ca\\\\u003e\\"},\\"zz\\":1}": strict decoding error: unknown field "zz"',
  );
});

test("only strategic patches are told of in the words of the converter", () => {
  const schema = { type: "map", values: { type: "string" }, map: "granular" } as const;
  const message = (type: PatchType) =>
    patchMisfit({ type, patch: { a: 1 }, value: { a: 1 } }, schema, new DecodeError("json: no")).message;
  assert.match(message("strategic"), /"map\[a:1\]": cannot convert int64 to string$/);
  assert.match(message("json"), /: json: no$/);
});

test("a patch keeps the kind and version of an object", () => {
  const gvk = { group: "apps", version: "v1", kind: "Deployment" };
  const check = (type: PatchType, value: object) => () => checkKindKept({ type, patch: value, value }, { gvk });
  check("merge", { apiVersion: "apps/v1", kind: "Deployment" })();
  check("strategic", { kind: "Other" })();
  assert.throws(check("merge", { apiVersion: "apps/v2", kind: "Deployment" }), {
    code: 422,
    message: /: no kind "Deployment" is registered for version "apps\/v2" in scheme "k8s.io/,
  });
  assert.throws(check("json", { apiVersion: "apps/v1", kind: "Other" }), { code: 422 });
});

test("an object that a patch spoils is shown with the fields sorted where the patch went", () => {
  const value = { kind: "K", apiVersion: "v1", metadata: { name: "n", labels: {} }, spec: { b: 1, a: { d: 2, c: 3 } } };
  const shown = (type: PatchType, patch: unknown) =>
    /"(\{.*\})"/.exec(patchNotStrict({ type, patch, value }, []).message);
  const unquoted = (found: RegExpExecArray | null): string => (found?.[1] ?? "").replaceAll("\\", "");
  assert.equal(
    unquoted(shown("merge", { spec: { b: 1 } })),
    '{"apiVersion":"v1","kind":"K","metadata":{"name":"n","labels":{}},"spec":{"a":{"d":2,"c":3},"b":1}}',
  );
  assert.equal(
    unquoted(shown("json", [{ op: "add", path: "/metadata/labels/x" }])),
    '{"apiVersion":"v1","kind":"K","metadata":{"labels":{},"name":"n"},"spec":{"b":1,"a":{"d":2,"c":3}}}',
  );
});
