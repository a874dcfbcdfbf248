import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, Pod, Service } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { SeededRandom, VirtualClock } from "../../base/index.ts";
import type { AuthorizationAttributes, Authorizer } from "../authz/contract.ts";
import type { AdmissionAttributes } from "./contract.ts";
import type { ClusterObjects } from "./objects.ts";
import { admissionPlugins } from "./order.ts";
import { eventRateLimit } from "./plugins/event-rate-limit.ts";
import { ownerReferencesPermissionEnforcement } from "./plugins/owner-references.ts";
import { defaultPlugins, pluginNames, selectionProblems, selectPlugins } from "./select.ts";

const authorizer: Authorizer = { authorize: () => ({ decision: "allow", reason: "" }) } as unknown as Authorizer;
const collection = () => ({ all: () => [] });
const objects = { collection, list: () => [], get: () => undefined } as unknown as ClusterObjects;
const clock = new VirtualClock();
const all = admissionPlugins({ objects, authorizer, clock, random: new SeededRandom("x") });
const names = (enable: readonly string[], disable: readonly string[]) =>
  selectPlugins(all, { enable, disable }).map(({ name }) => name);

test("there are upstream's plug-ins, in upstream's order", () => {
  const dynamic = [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
  ];
  assert.deepEqual(
    all.map(({ name }) => name),
    pluginNames.filter((name) => !dynamic.includes(name)),
  );
});

test("upstream's plug-ins that are on by default", () => {
  assert.deepEqual(defaultPlugins, [
    ...["NamespaceLifecycle", "LimitRanger", "ServiceAccount", "TaintNodesByCondition", "PodSecurity", "Priority"],
    ...["DefaultTolerationSeconds", "DefaultStorageClass", "StorageObjectInUseProtection", "PodGroupProtection"],
    ...["PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval", "CertificateSigning"],
    ...["ClusterTrustBundleAttest", "CertificateSubjectRestriction", "DefaultIngressClass", "PodTopologyLabels"],
    ...["PodGroupWorkloadExists", "NodeDeclaredFeatureValidator", "JobValidation", "PodResizeValidator"],
    ...["MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "ValidatingAdmissionPolicy"],
    ...["ValidatingAdmissionWebhook", "ResourceQuota"],
  ]);
});

test("others are there when asked for, and may be switched off", () => {
  assert.ok(names(["NodeRestriction"], []).includes("NodeRestriction"));
  assert.ok(!names([], []).includes("NodeRestriction"));
  assert.ok(!names([], ["PodSecurity"]).includes("PodSecurity"));
  assert.deepEqual(selectionProblems({ enable: ["Nope", "PodSecurity"], disable: ["Bar", "PodSecurity"] }), [
    'enable-admission-plugins plugin "Nope" is unknown',
    'disable-admission-plugins plugin "Bar" is unknown',
    "[PodSecurity] in enable-admission-plugins and disable-admission-plugins overlapped",
  ]);
});

test("plug-ins of a feature that is off do nothing", () => {
  const on = (gate: string) => gate !== "PodTopologyLabelsAdmission";
  const without = selectPlugins(all, { enable: [], disable: [] }, on).map(({ name }) => name);
  assert.ok(!without.includes("PodTopologyLabels"));
  assert.ok(without.includes("NodeDeclaredFeatureValidator"));
});

const attributesFor = (object: unknown, more: object = {}) =>
  ({
    operation: "CREATE",
    object,
    namespace: "default",
    name: "x",
    context: { user: { name: "u" } },
    ...more,
  }) as unknown as AdmissionAttributes;
const named = (name: string) => {
  const found = all.find((plugin) => plugin.name === name);
  if (found === undefined) throw new assert.AssertionError({ message: `there is no ${name}` });
  return found;
};

test("AlwaysPullImages, ExtendedResourceToleration and LimitPodHardAntiAffinityTopology", () => {
  const pod = {
    metadata: {},
    spec: {
      containers: [
        {
          name: "a",
          image: "a",
          imagePullPolicy: "Never",
          resources: { requests: { "example.com/gpu": "1", cpu: "1" } },
        },
      ],
    },
  } as unknown as Pod;
  void named("AlwaysPullImages").admit?.(attributesFor(pod));
  assert.equal(pod.spec?.containers[0]?.imagePullPolicy, "Always");
  void named("ExtendedResourceToleration").admit?.(attributesFor(pod));
  assert.deepEqual(pod.spec?.tolerations, [{ key: "example.com/gpu", operator: "Exists", effect: "NoSchedule" }]);
  const term = { topologyKey: "zone" };
  const spread = {
    metadata: { name: "x" },
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  };
  const attributes = attributesFor(spread, { resource: { group: "", version: "v1", resource: "pods" } });
  assert.throws(() => named("LimitPodHardAntiAffinityTopology").validate?.(attributes), {
    message:
      'pods "x" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  });
});

test("DenyServiceExternalIPs lets stay what is there", () => {
  const service = (...externalIPs: string[]) =>
    ({ metadata: { name: "s" }, spec: { externalIPs } }) as Service as KubeObject;
  const resource = { group: "", version: "v1", resource: "services" };
  const check = (object: KubeObject, oldObject?: KubeObject) =>
    named("DenyServiceExternalIPs").validate?.(attributesFor(object, { oldObject, resource, name: "s" }));
  void check(service("192.0.2.1"), service("192.0.2.1", "192.0.2.2"));
  assert.throws(() => check(service("192.0.2.3"), service("192.0.2.1")), {
    message: 'services "s" is forbidden: Use of external IPs is denied by admission control',
  });
});

test("OwnerReferencesPermissionEnforcement asks for the right to delete, and to keep the owner", async () => {
  const asked: string[] = [];
  const may = new Set<string>();
  const limited = {
    authorize: ({ verb, resource, subresource, name }: AuthorizationAttributes) => {
      const text = `${verb} ${resource}${subresource === "" ? "" : `/${subresource}`} ${name}`;
      asked.push(text);
      return may.has(text) ? { decision: "allow", reason: "" } : { decision: "no-opinion", reason: "no rule" };
    },
  } as unknown as Authorizer;
  const resourceOf = (_: string, kind: string) =>
    kind === "Owner" ? { group: "example.com", version: "v1", resource: "owners", namespaced: true } : undefined;
  const plugin = ownerReferencesPermissionEnforcement({ ...objects, resourceOf } as unknown as ClusterObjects, limited);
  const owner = { apiVersion: "example.com/v1", kind: "Owner", name: "o", uid: "u", blockOwnerDeletion: true };
  const owned = (...ownerReferences: object[]) => ({ metadata: { name: "x", ownerReferences } });
  const resource = { group: "", version: "v1", resource: "configmaps" };
  const check = async (object: object, oldObject?: object) =>
    plugin.validate?.(
      attributesFor(object, {
        ...{ oldObject, resource, subresource: "" },
        operation: oldObject === undefined ? "CREATE" : "UPDATE",
      }),
    );
  const head = 'configmaps "x" is forbidden: ';
  // Who creates something may say whose it is, and needs a right only to keep the owner.
  await check(owned({ ...owner, blockOwnerDeletion: false }));
  assert.deepEqual(asked, []);
  await assert.rejects(check(owned(owner)), {
    message: `${head}cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: no rule, <nil>`,
  });
  await assert.rejects(check(owned({ ...owner, kind: "Nothing" })), {
    message: `${head}cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion example.com/v1 Kind Nothing: no matches for kind "Nothing" in version "example.com/v1"`,
  });
  await assert.rejects(check(owned(owner), owned()), {
    message: `${head}cannot set an ownerRef on a resource you can't delete: no rule, <nil>`,
  });
  may.add("update */finalizers *");
  await check(owned({ ...owner, kind: "Nothing" }));
  may.clear();
  may.add("update owners/finalizers o");
  await check(owned(owner));
  asked.length = 0;
  await check(owned(owner), owned(owner));
  assert.deepEqual(asked, []);
});

test("EventRateLimit takes a burst, then so many in a second, of each key", async () => {
  const plugin = eventRateLimit([{ type: "Namespace", qps: 2, burst: 3, cacheSize: 2 }], clock);
  const send = (namespace: string, more: object = {}) =>
    plugin.validate?.(attributesFor({} as Event, { namespace, dryRun: false, ...more }));
  for (let count = 0; count < 3; count++) void send("a");
  assert.throws(() => send("a"), {
    code: 429,
    message: "Too many requests: limit reached on type Namespace for key a",
  });
  void send("b");
  void send("a", { dryRun: true });
  await clock.advance(500);
  void send("a");
  assert.throws(() => send("a"), { code: 429 });
});
