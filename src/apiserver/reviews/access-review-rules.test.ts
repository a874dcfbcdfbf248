import assert from "node:assert/strict";
import { test } from "node:test";
import type { SubjectAccessReview } from "../../api/index.ts";
import { type ObjectMeta, StatusError } from "../../apimachinery/index.ts";
import { checkAccessReview, ignoredOf, selectorsOf } from "./access-review-rules.ts";

type Spec = SubjectAccessReview["spec"];
type Rules = Parameters<typeof checkAccessReview>[1];

function refusals(spec: Spec, rules: Partial<Rules> = {}, metadata: ObjectMeta = {}): readonly string[] {
  try {
    checkAccessReview({ metadata, spec }, { needsUser: true, ...rules });
    return [];
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    assert.match(error.message, /^\.authorization\.k8s\.io "" is invalid: /);
    return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
  }
}

const user = "u";
const of = "spec.resourceAttributes";

test("who may do what is asked for either a resource or a path, for somebody", () => {
  assert.deepEqual(refusals({ user, resourceAttributes: {} }), []);
  assert.deepEqual(refusals({ groups: ["g"], nonResourceAttributes: { path: "/x" } }), []);
  assert.deepEqual(refusals({}), [
    `${of}: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified`,
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ]);
  assert.deepEqual(refusals({ resourceAttributes: {} }, { needsUser: false }), []);
  assert.deepEqual(refusals({ user, resourceAttributes: {}, nonResourceAttributes: { path: "/x" } }), [
    'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":""}: cannot be specified in combination with resourceAttributes',
  ]);
});

test("a question has no metadata, one of a namespace has that", () => {
  const spec = { user, resourceAttributes: { namespace: "n" } };
  assert.deepEqual(refusals(spec, {}, { name: "x" }), ['metadata: Invalid value: {"name":"x"}: must be empty']);
  assert.deepEqual(refusals(spec, {}, { namespace: "n" }), [
    'metadata: Invalid value: {"namespace":"n"}: must be empty',
  ]);
  assert.deepEqual(refusals(spec, { namespace: "n" }, { namespace: "n", labels: {}, managedFields: [] }), []);
  assert.deepEqual(refusals(spec, { namespace: "m" }, { namespace: "m", name: "x" }), [
    'metadata: Invalid value: {"namespace":"m","name":"x"}: must be empty except for namespace',
    `${of}.namespace: Invalid value: "n": must match metadata.namespace`,
  ]);
  assert.deepEqual(refusals({ user, nonResourceAttributes: {} }, { namespace: "n" }), [
    'spec.nonResourceAttributes: Invalid value: {"Path":"","Verb":""}: disallowed on this kind of request',
  ]);
});

test("selectors are given in one way, and make sense as far as they are known", () => {
  const field = (fieldSelector: NonNullable<Spec["resourceAttributes"]>["fieldSelector"]) =>
    refusals({ user, resourceAttributes: fieldSelector === undefined ? {} : { fieldSelector } });
  assert.deepEqual(field({ rawSelector: "a=b", requirements: [{ key: "", operator: "Like" }] }), [
    `${of}.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`,
    `${of}.fieldSelector.requirements[0].key: Required value: must be specified`,
  ]);
  assert.deepEqual(field({}), [
    `${of}.fieldSelector.requirements: Required value: when ${of}.fieldSelector is specified, requirements or rawSelector is required`,
  ]);
  const label = (key: string, operator: string, values?: string[]) =>
    refusals({
      user,
      resourceAttributes: {
        labelSelector: { requirements: [{ key, operator, ...(values === undefined ? {} : { values }) }] },
      },
    });
  assert.deepEqual(label("a", "Like"), []);
  assert.deepEqual(label("a", "In"), [
    `${of}.labelSelector.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
  ]);
  assert.deepEqual(label("a", "Exists", ["b"]), [
    `${of}.labelSelector.requirements[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
  ]);
  assert.match(label("-", "Exists").join(), /requirements\[0\]\.key: Invalid value: "-": name part must consist of/);
  assert.match(
    label("a", "In", ["-"]).join(),
    /requirements\[0\]\.values\[0\]: Invalid value: "-": a valid label must/,
  );
});

test("authorizers get requirements as selectors, without those that none can say", () => {
  const requirements = [
    { key: "spec.nodeName", operator: "In", values: ["a,b"] },
    { key: "x", operator: "NotIn", values: ["y"] },
    { key: "x", operator: "In", values: ["y", "z"] },
    { key: "x", operator: "Exists" },
  ];
  assert.deepEqual(selectorsOf({ fieldSelector: { requirements } }), { fieldSelector: "spec.nodeName=a\\,b,x!=y" });
  assert.deepEqual(
    selectorsOf({
      labelSelector: {
        requirements: [
          ...requirements.slice(1),
          { key: "a", operator: "DoesNotExist" },
          { key: "a", operator: "Like" },
        ],
      },
    }),
    { labelSelector: "x notin (y),x in (y,z),x,!a" },
  );
  assert.deepEqual(selectorsOf({ labelSelector: { rawSelector: "a=b" } }), { labelSelector: "a=b" });
  assert.deepEqual(selectorsOf({}), {});
});

test("a key that would say another term leaves the question wider", () => {
  const keys = ["a,spec.nodeName", "a=b,c", "a!", "!a", "a\\", " a", ""];
  const requirements = keys.map((key) => ({ key, operator: "In", values: ["x"] }));
  assert.deepEqual(selectorsOf({ fieldSelector: { requirements } }), {});
  const told = [...requirements, { key: "metadata.name", operator: "NotIn", values: ["y"] }];
  assert.deepEqual(selectorsOf({ fieldSelector: { requirements: told } }), { fieldSelector: "metadata.name!=y" });
});

test("what of selectors was not looked at is told", () => {
  const key = "k";
  const ignored = (name: string, how = "") => `spec.resourceAttributes.${name} ${how}ignored due to parse error`;
  const two = { key, operator: "In", values: ["a", "b"] };
  const one = { key, operator: "In", values: ["a"] };
  assert.deepEqual(ignoredOf(undefined), []);
  assert.deepEqual(ignoredOf({ fieldSelector: { requirements: [one] }, labelSelector: { requirements: [two] } }), []);
  assert.deepEqual(
    ignoredOf({ fieldSelector: { requirements: [two, one] }, labelSelector: { rawSelector: "a in (" } }),
    [ignored("fieldSelector", "partially "), ignored("labelSelector")],
  );
  assert.deepEqual(ignoredOf({ labelSelector: { requirements: [{ key, operator: "Like" }] } }), [
    ignored("labelSelector"),
  ]);
});
