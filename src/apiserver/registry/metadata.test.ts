import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fieldErrorMessage,
  type KubeObject,
  type ObjectMeta,
  type OwnerReference,
  StatusError,
} from "../../apimachinery/index.ts";
import { RealClock } from "../../base/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import { startControlPlane } from "../../testing/index.ts";
import type { ResourceDescriptor, Strategy } from "./contract.ts";
import {
  alignNamespace,
  checkIdentity,
  dropDuplicateOwners,
  preserveMeta,
  validateMetaLast,
  validateMetaOnCreate,
  validateMetaOnUpdate,
} from "./metadata.ts";
import { metadataRulesOf } from "./metadata-rules.ts";
import { builtInStrategies } from "./strategies.ts";

const unknownFinalizer = "metadata.finalizers[0]: name is neither a standard finalizer name nor is it fully qualified";
const badPrefix = /^metadata\.generateName: Invalid value: "B\/": a lowercase RFC 1123 subdomain/;
const badSegment = `metadata.generateName: Invalid value: "B/": may not contain '/'`;

function descriptorOf(resource: string, strategy: Strategy = {}): ResourceDescriptor {
  return {
    facts: { namespaced: true },
    strategy: { ...strategy, metadata: metadataRulesOf(resource) },
  } as unknown as ResourceDescriptor;
}

const whole: ObjectMeta = { name: "a", namespace: "n", resourceVersion: "1" };
const kubeObject = (meta: ObjectMeta): KubeObject => ({ metadata: { ...whole, ...meta } });
const onCreate = (resource: string, meta: ObjectMeta, strategy?: Strategy) =>
  validateMetaOnCreate(descriptorOf(resource, strategy), kubeObject(meta)).map(fieldErrorMessage);
const last = (resource: string, meta: ObjectMeta, strategy?: Strategy) =>
  validateMetaLast(descriptorOf(resource, strategy), { ...whole, ...meta }).map(fieldErrorMessage);
const onUpdate = (resource: string, subresource: string, meta: ObjectMeta) =>
  validateMetaOnUpdate(descriptorOf(resource), subresource, kubeObject(meta), kubeObject({})).map(fieldErrorMessage);
const shortened = (messages: readonly string[]) => messages.map((text) => text.replace(/Invalid value: "[^"]*": /, ""));

test("names to generate are judged by the kind's rule, at last by the rule of all kinds", () => {
  const meta = { generateName: "B/" };
  const [first = "", ...more] = onCreate("/secrets", meta);
  assert.match(first, badPrefix);
  assert.deepEqual(more, []);
  assert.deepEqual(last("/secrets", meta), []);
  for (const resource of ["/replicationcontrollers", "resource.k8s.io/deviceclasses", "/events"]) {
    assert.deepEqual(onCreate(resource, meta), [], resource);
    assert.deepEqual(last(resource, meta), [badSegment], resource);
  }
  assert.deepEqual(onCreate("/secrets", meta, { validateName: () => [] }), []);
  assert.deepEqual(last("/secrets", meta, { validateName: () => [] }), [badSegment]);
});

test("updates are held to the rule of all kinds, and where the kind says so to its own", () => {
  const meta = { generateName: "B/" };
  assert.deepEqual(onUpdate("apps/deployments", "", meta), [badSegment]);
  for (const [resource, subresource] of [
    ["/secrets", ""],
    ["storage.k8s.io/v1/volumeattachments", "status"],
    ["flowcontrol.apiserver.k8s.io/flowschemas", ""],
  ] as const) {
    const [segment, own = ""] = onUpdate(resource, subresource, meta);
    assert.equal(segment, badSegment);
    assert.match(own, badPrefix, resource);
  }
  assert.deepEqual(onUpdate("/nodes", "status", meta), [badSegment]);
});

test("finalizers without a domain must be known ones, but to kinds of some groups", () => {
  const meta = { finalizers: ["mine"] };
  const known: readonly (readonly [string, string])[] = [
    ["/configmaps", ""],
    ["/nodes", "status"],
    ["/pods", "resize"],
    ["batch/cronjobs", ""],
  ];
  for (const [resource, subresource] of known) {
    assert.deepEqual(shortened(onUpdate(resource, subresource, meta)), [unknownFinalizer], resource);
    assert.deepEqual(shortened(onCreate(resource, meta)), [unknownFinalizer], resource);
  }
  const any = ["coordination.k8s.io/v1/leases", "policy/poddisruptionbudgets", "admissionregistration.k8s.io/v1/x"];
  for (const resource of any) {
    assert.deepEqual(onUpdate(resource, "", meta), [], resource);
    assert.deepEqual(onCreate(resource, meta), [], resource);
  }
  assert.deepEqual(onUpdate("batch/cronjobs", "status", meta), []);
  assert.match(onUpdate("coordination.k8s.io/v1/leases", "", { finalizers: ["a b"] })[0] ?? "", /must consist of/);
});

test("no updater says when an object is deleted", () => {
  const deletion = { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 };
  const meta: ObjectMeta = { ...whole, ...deletion };
  preserveMeta(meta, { ...whole, uid: "u" });
  assert.deepEqual(
    onUpdate("/secrets", "", meta),
    [
      'metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
      "metadata.deletionGracePeriodSeconds: Invalid value: 0: field is immutable",
    ].toSpliced(0, 0, 'metadata.uid: Invalid value: "u": field is immutable'),
  );
  const kept: ObjectMeta = {};
  preserveMeta(kept, { ...whole, ...deletion, uid: "u" });
  assert.deepEqual(
    [kept.uid, kept.deletionTimestamp, kept.deletionGracePeriodSeconds],
    ["u", deletion.deletionTimestamp, 0],
  );
});

test("owners named twice are named once, with a warning", () => {
  const owner = (uid: string, name = "x"): OwnerReference => ({ apiVersion: "v1", kind: "Pod", name, uid });
  const meta: ObjectMeta = { ownerReferences: [owner("1"), owner("2"), owner("1"), owner("1", "y"), owner("2")] };
  const warnings: string[] = [];
  const context = { warn: (text: string) => void warnings.push(text) };
  dropDuplicateOwners(meta, context, "sent");
  assert.deepEqual(meta.ownerReferences, [owner("1"), owner("2"), owner("1", "y")]);
  dropDuplicateOwners(meta, context, "admitted");
  assert.deepEqual(warnings, [
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: 1, 2",
  ]);
});

test("an object is what the path says", () => {
  const info = { namespace: "n", name: "a" };
  const check = (metadata: ObjectMeta, of = info, namespaced = true) => checkIdentity({ metadata }, of, namespaced);
  const object = { metadata: { name: "a" } as ObjectMeta };
  checkIdentity(object, info, true);
  assert.equal(object.metadata.namespace, "n");
  assert.throws(() => check({}), /the name of the object \(a based on URL\) was undeterminable: name must be provided/);
  assert.throws(() => check({ name: "b" }), /the name of the object \(b\) does not match the name on the URL \(a\)/);
  assert.throws(() => check({ name: "b", namespace: "m" }), /namespace of the provided object does not match/);
  const clusterWide = { metadata: { name: "a", namespace: "m" } as ObjectMeta };
  alignNamespace(clusterWide, "", false);
  assert.deepEqual(clusterWide.metadata, { name: "a" });
});

test("a PUT creates objects of few kinds, and replaces those of some only where it names their version", () => {
  const where = (is: (strategy: Strategy) => boolean) =>
    [...builtInStrategies]
      .filter(([, strategy]) => is(strategy))
      .map(([resource]) => resource.split("/").at(-1))
      .sort();
  assert.deepEqual(
    where(({ allowCreateOnUpdate }) => allowCreateOnUpdate === true),
    [
      "clusterrolebindings",
      "clusterroles",
      "endpoints",
      "events",
      "events",
      "leases",
      "limitranges",
      "rolebindings",
      "roles",
      "runtimeclasses",
      "services",
    ],
  );
  const versioned = where(({ allowUnconditionalUpdate }) => allowUnconditionalUpdate === false);
  assert.deepEqual(versioned, [
    "apiservices",
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "customresourcedefinitions",
    "leases",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "mutatingwebhookconfigurations",
    "poddisruptionbudgets",
    "runtimeclasses",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "validatingwebhookconfigurations",
    "volumeattachments",
  ]);
});

test("what is created or replaced keeps to upstream's words about its metadata", async () => {
  const store = createMemoryStore({ clock: new RealClock() });
  const { client, stop } = await startControlPlane({ store, strategies: builtInStrategies });
  const resource = (group: string, name: string) =>
    client.resource<KubeObject>({ group, version: "v1", resource: name }).namespace("default");
  const failure = (write: Promise<unknown>) =>
    write.then(
      () => assert.fail("it was accepted"),
      (error: unknown) =>
        error instanceof StatusError ? `${error.code} ${error.message}` : assert.fail(String(error)),
    );
  try {
    const maps = resource("", "configmaps");
    const { metadata } = await maps.create({ metadata: { name: "a", generation: 5 } });
    assert.equal(metadata.generation, 5);
    assert.equal(
      await failure(maps.create({ metadata: { name: "b", resourceVersion: "7" } })),
      "500 resourceVersion should not be set on objects to be created",
    );
    assert.equal(
      await failure(maps.create({ metadata: { name: "a", generateName: "a" } })),
      '409 configmaps "a" already exists, the server was not able to generate a unique name for the object',
    );
    assert.equal(
      await failure(maps.update({ metadata: { ...metadata, resourceVersion: "x" } })),
      '500 strconv.ParseUint: parsing "x": invalid syntax',
    );
    const budgets = resource("policy", "poddisruptionbudgets");
    await budgets.create({ metadata: { name: "a" } });
    const unversioned =
      '422 poddisruptionbudgets.policy "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update';
    assert.equal(await failure(budgets.update({ metadata: { name: "a" } })), unversioned);
    assert.equal(await failure(budgets.updateStatus({ metadata: { name: "a" } })), unversioned);
    const named = await resource("", "limitranges").create({ metadata: {}, spec: { limits: [] } } as KubeObject);
    assert.match(named.metadata.name ?? "", /^[0-9a-f-]{36}$/);
    const event = { metadata: { name: "e", labels: { a: "b c" } } };
    assert.match(await failure(resource("events.k8s.io", "events").create(event)), /^422 Event "e" is invalid: \[?/);
  } finally {
    await stop();
    await store.close();
  }
});
