import assert from "node:assert/strict";
import { test } from "node:test";
import type { FieldError, ObjectMeta } from "../index.ts";
import * as v from "./index.ts";

const dnsLabel =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const dnsSubdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const namePart =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const strings: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["label", v.isDns1123Label("a-1"), []],
  ["label with dots", v.isDns1123Label("a.b"), ["must not contain dots"]],
  ["upper case label", v.isDns1123Label("A"), [dnsLabel]],
  ["long label", v.isDns1123Label("a".repeat(64)), ["must be no more than 63 characters"]],
  ["subdomain", v.isDns1123Subdomain("a.b-c.d"), []],
  ["subdomain with underscore", v.isDns1123Subdomain("a_b"), [dnsSubdomain]],
  ["qualified name", v.isQualifiedName("example.com/Name_1"), []],
  ["empty qualified name", v.isQualifiedName(""), ["name part must be non-empty", namePart]],
  ["empty prefix", v.isQualifiedName("/a"), ["prefix part must be non-empty"]],
  ["bad prefix", v.isQualifiedName("A/a"), [`prefix part ${dnsSubdomain}`]],
  ["long name part", v.isQualifiedName("a".repeat(64)), ["name part must be no more than 63 bytes"]],
  ["empty label value", v.isValidLabelValue(""), []],
  ["long label value", v.isValidLabelValue("a".repeat(64)), ["must be no more than 63 bytes"]],
  ["port name", v.isValidPortName("http-2"), []],
  [
    "digits as port name",
    v.isValidPortName("-80--"),
    [
      "must contain at least one letter (a-z)",
      "must not contain consecutive hyphens",
      "must not begin or end with a hyphen",
    ],
  ],
  ["port number", v.isValidPortNumber(0), ["must be between 1 and 65535, inclusive"]],
  ["config map key", v.isConfigMapKey("..a"), ["must not start with '..'"]],
  [
    "environment name",
    v.isEnvVarName("a=b"),
    ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  ["path segment", v.isPathSegmentName("a/b%c"), ["may not contain '/'", "may not contain '%'"]],
  ["generated name", v.nameIsDnsSubdomain("web-", true), []],
];
for (const [name, messages, expected] of strings) test(name, () => assert.deepEqual(messages, expected));

const path = v.fieldPath("metadata");
const shown = (errors: readonly FieldError[]) => errors.map(v.fieldErrorMessage);

test("metadata of a valid object passes", () => {
  const meta: ObjectMeta = {
    name: "a",
    namespace: "b",
    labels: { "k8s.io/app": "x" },
    annotations: { "Example.com/A": "anything at all" },
    finalizers: ["k8s.io/x"],
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "u", controller: true }],
  };
  assert.deepEqual(shown(v.validateObjectMeta(meta, true, v.nameIsDnsSubdomain, path)), []);
});

test("metadata is checked as upstream does on create", () => {
  const meta: ObjectMeta = {
    namespace: "",
    labels: { a: "b c" },
    annotations: { a: "x".repeat(v.totalAnnotationSizeLimit) },
    finalizers: ["orphan", "foregroundDeletion"],
    ownerReferences: [{ apiVersion: "", kind: "", name: "", uid: "" }],
    managedFields: [{ operation: "Set", fieldsType: "V2", manager: "a\n" }],
  };
  const [labelError = "", ...rest] = shown(v.validateObjectMeta(meta, true, v.nameIsDnsSubdomain, path)).slice(2);
  assert.match(labelError, /^metadata\.labels: Invalid value: "b c": a valid label must be an empty string or /);
  assert.deepEqual(rest, [
    "metadata.annotations: Too long: may not be more than 262144 bytes",
    'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
    'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
    'metadata.ownerReferences.name: Invalid value: "": must not be empty',
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    'metadata.managedFields[0].operation: Invalid value: "Set": must be `Apply` or `Update`',
    'metadata.managedFields[0].fieldsType: Invalid value: "V2": must be `FieldsV1`',
    'metadata.managedFields[0].manager: Invalid value: "a\\n": invalid character U+000A (at position 1)',
  ]);
});

test("names and namespaces are required, or refused", () => {
  assert.deepEqual(shown(v.validateObjectMeta({}, true, v.nameIsDnsSubdomain, path)), [
    "metadata.name: Required value: name or generateName is required",
    "metadata.namespace: Required value",
  ]);
  assert.deepEqual(shown(v.validateObjectMeta({ name: "a", namespace: "b" }, false, v.nameIsDnsSubdomain, path)), [
    "metadata.namespace: Forbidden: not allowed on this type",
  ]);
});

test("what an update may not change", () => {
  const old: ObjectMeta = {
    name: "a",
    uid: "u",
    resourceVersion: "1",
    generation: 2,
    deletionTimestamp: "2026-01-01T00:00:00Z",
  };
  const meta: ObjectMeta = { name: "b", uid: "w", generation: 1, finalizers: ["k8s.io/x"] };
  const errors: FieldError[] = [];
  v.validateObjectMetaUpdate(meta, old, path, errors);
  assert.deepEqual(shown(errors), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"k8s.io/x"}',
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    "metadata.generation: Invalid value: 1: must not be decremented",
    'metadata.name: Invalid value: "b": field is immutable',
    'metadata.uid: Invalid value: "w": field is immutable',
    "metadata.deletionTimestamp: Invalid value: null: field is immutable",
  ]);
});

test("addresses", () => {
  const errorsOf = (value: string) => {
    const errors: FieldError[] = [];
    v.validateIp(value, v.fieldPath("ip"), errors);
    return shown(errors);
  };
  assert.deepEqual(errorsOf("10.0.0.1"), []);
  assert.deepEqual(errorsOf("fd00::1"), []);
  assert.deepEqual(errorsOf("010.0.0.1"), ['ip: Invalid value: "010.0.0.1": must not have leading 0s']);
  assert.deepEqual(errorsOf("::ffff:1.2.3.4"), [
    'ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
  ]);
  assert.deepEqual(errorsOf("FD00::1"), ['ip: Invalid value: "FD00::1": must be in canonical form ("fd00::1")']);
  for (const text of [
    "",
    "1.2.3",
    "1.2.3.256",
    "1::2::3",
    "12345::",
    "1.2.3.4.5",
    ":1",
    "1:2:3:4:5:6:7:8:9",
    "a.b.c.d",
  ]) {
    assert.deepEqual(errorsOf(text), [
      `ip: Invalid value: "${text}": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
    ]);
  }
  assert.equal(v.formatIpAddress(v.parseIpAddress("2001:db8:0:0:1:0:0:1") ?? assert.fail()), "2001:db8::1:0:0:1");
  assert.equal(v.formatIpAddress(v.parseIpAddress("0:0:0:0:0:0:0:0") ?? assert.fail()), "::");
});

test("prefixes", () => {
  const errorsOf = (value: string) => {
    const errors: FieldError[] = [];
    v.validateCidr(value, v.fieldPath("cidr"), errors);
    return shown(errors);
  };
  assert.deepEqual(errorsOf("10.0.0.0/8"), []);
  assert.deepEqual(errorsOf("10.0.0.1/8"), [
    'cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
  ]);
  assert.deepEqual(errorsOf("10.0.0.0/33"), [
    'cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ]);
  assert.deepEqual(v.warningsForCidr("10.0.0.1/8", v.fieldPath("cidr")), [
    'cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ]);
});

test("label selectors", () => {
  const errors: FieldError[] = [];
  const matchExpressions = [
    { key: "a", operator: "In" },
    { key: "b", operator: "Exists", values: ["c"] },
    { key: "d", operator: "Like" },
  ];
  v.validateLabelSelector({ matchExpressions }, v.fieldPath("spec", "selector"), errors);
  assert.deepEqual(shown(errors), [
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    'spec.selector.matchExpressions[2].operator: Invalid value: "Like": not a valid selector operator',
  ]);
});

test("semantic equality ignores emptiness, deep equality does not", () => {
  assert.equal(v.semanticEqual({ a: [] }, {}), true);
  assert.equal(v.semanticEqual({ a: [1] }, { a: [2] }), false);
  assert.equal(v.semanticEqual(undefined, { a: "x" }), false);
  assert.equal(v.deepEqual({ a: [] }, {}), false);
});

test("strings are quoted as Go quotes them", () => {
  assert.equal(v.quote('a"b\\c\n\u0001é\u200b'), '"a\\"b\\\\c\\n\\x01é\\u200b"');
});
