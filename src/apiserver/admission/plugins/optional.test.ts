import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace, Node, Pod } from "../../../api/index.ts";
import { type KubeObject, newInvalid } from "../../../apimachinery/index.ts";
import { VirtualClock } from "../../../base/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { alwaysPullImages } from "./always-pull-images.ts";
import { imagePolicyWebhook } from "./image-policy-webhook.ts";
import { namespaceAutoProvision } from "./namespace-auto-provision.ts";
import { nodeDeclaredFeatureValidator, podResizeValidator } from "./nodes-of-pods.ts";
import { podNodeSelector } from "./pod-node-selector.ts";
import { podTolerationRestriction } from "./pod-toleration-restriction.ts";

const pods = { group: "", version: "v1", resource: "pods" };

function pod(spec: object = {}, metadata: object = {}): Pod {
  return { metadata: { name: "p", ...metadata }, spec: { containers: [{ name: "a", image: "a" }], ...spec } } as Pod;
}

function attributesFor(object: KubeObject, more: object = {}): AdmissionAttributes {
  const context = { user: { name: "u", groups: [] }, annotate: () => {}, signal: new AbortController().signal };
  return {
    ...{ operation: "CREATE", resource: pods, subresource: "", namespace: "n", name: "", dryRun: false },
    ...{ object, context },
    ...more,
  } as unknown as AdmissionAttributes;
}

/** One namespace `n` with these annotations, and one node `n1`. */
function cluster(annotations: Readonly<Record<string, string>> = {}, node: Partial<Node> = {}): ClusterObjects {
  const namespace = { metadata: { name: "n", annotations } } as Namespace;
  const get = (_: string, resource: string, __: string, name: string) =>
    resource === "namespaces" && name === "n" ? namespace : resource === "nodes" && name === "n1" ? node : undefined;
  return { get, getFresh: async () => undefined } as unknown as ClusterObjects;
}

async function admitted(plugin: AdmissionPlugin, attributes: AdmissionAttributes): Promise<Pod> {
  await plugin.admit?.(attributes);
  await plugin.validate?.(attributes);
  return attributes.object as Pod;
}

const selecting = "scheduler.alpha.kubernetes.io/node-selector";

test("PodNodeSelector: the namespace's labels, or the cluster's, and no others than those listed", async () => {
  const settings = { clusterDefaultNodeSelector: "env=test", n: "env=test,disk=ssd" };
  const plugin = podNodeSelector(cluster(), settings);
  assert.deepEqual((await admitted(plugin, attributesFor(pod()))).spec.nodeSelector, { env: "test" });
  await assert.rejects(admitted(plugin, attributesFor(pod({ nodeSelector: { disk: "hdd" } }))), {
    message: 'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  });
  const own = podNodeSelector(cluster({ [selecting]: "x=y, z=w" }));
  assert.deepEqual((await admitted(own, attributesFor(pod()))).spec.nodeSelector, { x: "y", z: "w" });
  await assert.rejects(admitted(own, attributesFor(pod({ nodeSelector: { x: "n" } }))), {
    message: 'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  });
  const bad = podNodeSelector(cluster({ [selecting]: "x==y" }));
  await assert.rejects(admitted(bad, attributesFor(pod())), { code: 500, message: "invalid selector: [x  y]" });
});

const defaults = "scheduler.alpha.kubernetes.io/defaultTolerations";
const whitelist = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";

test("PodTolerationRestriction: merges, and lets nothing else pass", async () => {
  const all = { key: "a", operator: "Exists" } as const;
  const plugin = podTolerationRestriction(cluster(), { default: [all], whitelist: [all] });
  const narrow = { key: "a", operator: "Equal", value: "v", effect: "NoSchedule" };
  // What the wider one covers goes.
  assert.deepEqual((await admitted(plugin, attributesFor(pod({ tolerations: [narrow] })))).spec.tolerations, [all]);
  await assert.rejects(admitted(plugin, attributesFor(pod({ tolerations: [{ key: "b", operator: "Exists" }] }))), {
    code: 500,
    message: "pod tolerations (possibly merged with namespace default tolerations) conflict with its cluster whitelist",
  });
  const free = podTolerationRestriction(cluster({ [defaults]: "", [whitelist]: "" }), {
    default: [all],
    whitelist: [all],
  });
  assert.equal((await admitted(free, attributesFor(pod()))).spec.tolerations, undefined);
  const burstable = pod({ containers: [{ name: "a", image: "a", resources: { requests: { cpu: "1" } } }] });
  const pressed = await admitted(podTolerationRestriction(cluster()), attributesFor(burstable));
  assert.deepEqual(pressed.spec.tolerations, [
    { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  ]);
  const bad = podTolerationRestriction(cluster({ [defaults]: '[{"key":5}]' }));
  await assert.rejects(admitted(bad, attributesFor(pod())), {
    message: "json: cannot unmarshal number into Go struct field Toleration.key of type string",
  });
});

test("AlwaysPullImages: volumes too, unless nothing new is run", async () => {
  const never = pod({
    containers: [{ name: "a", image: "a", imagePullPolicy: "Never" }],
    volumes: [{ name: "v", image: { reference: "v", pullPolicy: "Never" } }],
  });
  const update = { operation: "UPDATE", oldObject: never };
  assert.equal(
    (await admitted(alwaysPullImages, attributesFor(structuredClone(never), update))).spec.containers[0]
      ?.imagePullPolicy,
    "Never",
  );
  assert.throws(() => alwaysPullImages.validate?.(attributesFor(never)), {
    code: 500,
    message:
      '[pods "p" is forbidden: spec.containers[0].imagePullPolicy: Unsupported value: "Never": supported values: "Always", pods "p" is forbidden: spec.volumes[0].image.pullPolicy: Unsupported value: "Never": supported values: "Always"]',
  });
  const { spec } = await admitted(alwaysPullImages, attributesFor(structuredClone(never)));
  assert.deepEqual([spec.containers[0]?.imagePullPolicy, spec.volumes?.[0]?.image?.pullPolicy], ["Always", "Always"]);
});

test("NamespaceAutoProvision makes what is missing, but in no dry run", async () => {
  const made: string[] = [];
  const create = async (_: string, __: string, { metadata: { name = "" } }: KubeObject) => {
    made.push(name);
    if (name === "Bad") throw newInvalid({ group: "", kind: "Namespace" }, name, []);
  };
  const plugin = namespaceAutoProvision({ ...cluster(), create } as unknown as ClusterObjects);
  for (const namespace of ["n", "new", ""]) await plugin.admit?.(attributesFor(pod(), { namespace }));
  await plugin.admit?.(attributesFor(pod(), { namespace: "dry", dryRun: true }));
  assert.deepEqual(made, ["new"]);
  await assert.rejects(async () => plugin.admit?.(attributesFor(pod(), { namespace: "Bad" })), {
    code: 403,
    message: /^pods "p" is forbidden: Namespace "Bad" is invalid/,
  });
});

test("ImagePolicyWebhook asks once, and says why not", async () => {
  const clock = new VirtualClock();
  const asked: unknown[] = [];
  const answers = new Map<string, object>([["bad", { allowed: false, reason: "no way" }]]);
  const post = async (review: unknown) => {
    asked.push(review);
    const { spec } = review as { spec: { containers: { image: string }[] } };
    const image = spec.containers[0]?.image ?? "";
    if (image === "broken") throw new Error("out of order");
    return { status: answers.get(image) ?? { allowed: true } };
  };
  const policy = { post, allowTtlMs: 1_000, denyTtlMs: 0, defaultAllow: false };
  const plugin = imagePolicyWebhook(policy, clock);
  const of = (image: string) =>
    pod({ containers: [{ name: "a", image }] }, { annotations: { "x.image-policy.k8s.io/y": "1", z: "2" } });
  await admitted(plugin, attributesFor(of("good")));
  await admitted(plugin, attributesFor(of("good")));
  assert.deepEqual(asked, [
    {
      ...{ kind: "ImageReview", apiVersion: "imagepolicy.k8s.io/v1alpha1", metadata: {}, status: { allowed: false } },
      spec: { containers: [{ image: "good" }], annotations: { "x.image-policy.k8s.io/y": "1" }, namespace: "n" },
    },
  ]);
  await clock.advance(1_000);
  await admitted(plugin, attributesFor(of("good")));
  assert.equal(asked.length, 2);
  await assert.rejects(admitted(plugin, attributesFor(of("bad"))), {
    message: 'pods "p" is forbidden: image policy webhook backend denied one or more images: no way',
  });
  await assert.rejects(admitted(plugin, attributesFor(of("broken"))), {
    message: 'pods "p" is forbidden: out of order',
  });
  const open = imagePolicyWebhook({ ...policy, defaultAllow: true }, clock);
  const { metadata } = await admitted(open, attributesFor(of("broken")));
  assert.equal(metadata.annotations?.["alpha.image-policy.k8s.io/failed-open"], "true");
});

test("a placed pod is resized to what its node has, and how its node can", () => {
  const node = (labels: Readonly<Record<string, string>>, declaredFeatures: string[] = []) =>
    ({
      metadata: { name: "n1", labels },
      spec: {},
      status: { allocatable: { cpu: "2", memory: "1Gi" }, declaredFeatures },
    }) as Node;
  const sized = (cpu: string, generation: number, more: object = {}) =>
    pod(
      {
        nodeName: "n1",
        containers: [{ name: "a", image: "a", resources: { requests: { cpu, memory: "1Mi" } } }],
        ...more,
      },
      { generation },
    );
  const resize = (plugin: AdmissionPlugin, object: Pod, oldObject = sized("1", 1)) =>
    plugin.validate?.(attributesFor(object, { oldObject, operation: "UPDATE", subresource: "resize", name: "p" }));
  const linux = podResizeValidator(cluster({}, node({ "kubernetes.io/os": "linux" })));
  void resize(linux, sized("2", 2));
  void resize(linux, sized("3", 1));
  assert.throws(() => resize(linux, sized("3", 2)), {
    message: `pods "p" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000`,
  });
  const windows = podResizeValidator(cluster({}, node({ "kubernetes.io/os": "windows" })));
  assert.throws(() => resize(windows, sized("2", 2)), {
    message: 'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n1" is "windows"',
  });
  const resources = { requests: { cpu: "1" } };
  const feature = "InPlacePodLevelResourcesVerticalScaling";
  void resize(nodeDeclaredFeatureValidator(cluster({}, node({}, [feature]))), sized("1", 2, { resources }));
  void resize(nodeDeclaredFeatureValidator(cluster({}, node({}))), sized("2", 2));
  assert.throws(() => resize(nodeDeclaredFeatureValidator(cluster({}, node({}))), sized("1", 2, { resources })), {
    message: `pods "p" is forbidden: pod update requires features ${feature} which are not available on node "n1"`,
  });
});
