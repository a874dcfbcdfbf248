import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  ConfigMap,
  coreV1,
  eventsV1,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicationController,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { RuleTables } from "../fixture.ts";
import { configMapStrategy } from "./config-map.ts";
import { coreEventStrategy, eventStrategy } from "./event.ts";
import { limitRangeStrategy } from "./limit-range.ts";
import { namespaceStrategy } from "./namespace.ts";
import { nodeStrategy } from "./node.ts";
import { persistentVolumeStrategy } from "./persistent-volume.ts";
import { persistentVolumeClaimStrategy } from "./persistent-volume-claim.ts";
import { replicationControllerStrategy } from "./replication-controller.ts";
import { resourceQuotaStrategy } from "./resource-quota.ts";
import { secretStrategy } from "./secret.ts";
import { serviceAccountStrategy } from "./service-account.ts";

/** For values that the types forbid and clients send. */
const wrong = <T>(value: unknown): T => value as T;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const metadata = { name: "x", namespace: "n", creationTimestamp: "1970-01-01T00:00:00Z" };

const namespaces = new RuleTables<Namespace>("Namespace", namespaceStrategy);
namespaces.accepts([["a plain one", { metadata, spec: { finalizers: ["kubernetes", "example.com/a"] } }]]);
namespaces.rejects([
  [
    "a finalizer of nobody's",
    { metadata, spec: { finalizers: ["mine"] } },
    ['spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
  ],
]);
namespaces.changes(
  [
    [
      "Terminating only while it is deleted",
      { metadata, spec: {}, status: { phase: "Terminating" } },
      { metadata, spec: {} },
      ["status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"],
    ],
    [
      "Active only while it is not",
      { metadata: { ...metadata, deletionTimestamp: "1970-01-01T00:00:01Z" }, spec: {}, status: { phase: "Active" } },
      { metadata, spec: {} },
      ["status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty"],
    ],
  ],
  "status",
);
test("a namespace starts Active and with its finalizer, which updates do not take away", () => {
  const created = namespaces.created({ metadata, spec: {} });
  assert.deepEqual([created.spec, created.status], [{ finalizers: ["kubernetes"] }, { phase: "Active" }]);
  assert.deepEqual(namespaces.updated({ metadata, spec: { finalizers: [] } }, created).spec, created.spec);
  assert.equal(namespaceStrategy.holdsDeletion?.(created), true);
  const marked: Namespace = structuredClone({ ...created, metadata: { ...metadata, deletionGracePeriodSeconds: 0 } });
  namespaceStrategy.markDeleting?.(marked);
  assert.deepEqual([marked.status?.phase, marked.metadata.deletionGracePeriodSeconds], ["Terminating", undefined]);
});

const maps = new RuleTables<ConfigMap>("ConfigMap", configMapStrategy);
const keyForm =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
maps.accepts([["text and bytes", { metadata, data: { "a.b": "c" }, binaryData: { d: base64("e") } }]]);
maps.rejects([
  ["a bad key", { metadata, data: { "a b": "c" } }, [`data[a b]: Invalid value: "a b": ${keyForm}`]],
  [
    "a key in both",
    { metadata, data: { a: "" }, binaryData: { a: "" } },
    ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ],
  [
    "too much",
    { metadata, data: { a: "x".repeat(1024 * 1024 + 1) } },
    ["[]: Too long: may not be more than 1048576 bytes"],
  ],
]);
const frozen: ConfigMap = { metadata, immutable: true, data: { a: "b" } };
maps.changes([
  [
    "immutable stays",
    { metadata, data: { a: "b" } },
    frozen,
    ["immutable: Forbidden: field is immutable when `immutable` is set"],
  ],
  [
    "immutable data stays",
    { ...frozen, data: {} },
    frozen,
    ["data: Forbidden: field is immutable when `immutable` is set"],
  ],
]);

const secrets = new RuleTables<Secret>("Secret", secretStrategy);
secrets.accepts([
  ["an opaque one", { metadata, type: "Opaque", data: { a: base64("b") } }],
  [
    "a docker config",
    { metadata, type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": base64("{}") } },
  ],
]);
secrets.rejects([
  [
    "a token of no account",
    { metadata, type: "kubernetes.io/service-account-token" },
    ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
  ],
  ["no docker config", { metadata, type: "kubernetes.io/dockercfg" }, ["data[.dockercfg]: Required value"]],
  [
    "a docker config that is none",
    { metadata, type: "kubernetes.io/dockercfg", data: { ".dockercfg": base64("x") } },
    [
      "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": invalid character 'x' looking for beginning of value",
    ],
  ],
  [
    "half a certificate",
    { metadata, type: "kubernetes.io/tls", data: { "tls.crt": "" } },
    ["data[tls.key]: Required value"],
  ],
  [
    "no credentials",
    { metadata, type: "kubernetes.io/basic-auth" },
    ["data[username]: Required value", "data[password]: Required value"],
  ],
  ["no key", { metadata, type: "kubernetes.io/ssh-auth" }, ["data[ssh-privatekey]: Required value"]],
]);
secrets.changes([
  [
    "the type stays",
    { metadata, type: "b" },
    { metadata, type: "a" },
    ['type: Invalid value: "b": field is immutable'],
  ],
]);
secrets.prints([["a secret", { metadata, type: "Opaque", data: { a: "" } }, ["x", "Opaque", 1, "0s"]]]);

const nodes = new RuleTables<Node>("Node", nodeStrategy);
nodes.accepts([["two families", { metadata, spec: { podCIDRs: ["10.1.0.0/24", "fd00::/64"] } }]]);
nodes.rejects([
  [
    "an effect that is none",
    { metadata, spec: { taints: [{ key: "a", effect: wrong("Never") }] } },
    [
      'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
  ],
  [
    "a taint twice",
    {
      metadata,
      spec: {
        taints: [
          { key: "a", effect: "NoExecute" },
          { key: "a", value: "b", effect: "NoExecute" },
        ],
      },
    },
    [
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"b","Effect":"NoExecute","TimeAdded":null}: taints must be unique by key and effect pair',
    ],
  ],
  [
    "one family twice",
    { metadata, spec: { podCIDRs: ["10.1.0.0/24", "10.2.0.0/24"] } },
    [
      'spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.2.0.0/24"]: may specify no more than one CIDR for each IP family',
    ],
  ],
  [
    "a capacity below zero",
    { metadata, spec: {}, status: { capacity: { cpu: "-1" } } },
    ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
  ],
]);
nodes.changes([
  [
    "the pod range stays",
    { metadata, spec: { podCIDRs: ["10.2.0.0/24"] } },
    { metadata, spec: { podCIDRs: ["10.1.0.0/24"] } },
    ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
  ],
  [
    "the provider's name stays",
    { metadata, spec: { providerID: "b" } },
    { metadata, spec: { providerID: "a" } },
    ['spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
  ],
]);
const worker: Node = {
  metadata: { ...metadata, labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/infra": "" } },
  spec: { unschedulable: true },
  status: {
    conditions: [{ type: "Ready", status: "True" }],
    addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
    nodeInfo: wrong({ kubeletVersion: "v1.36.0", osImage: "Linux", kernelVersion: "", containerRuntimeVersion: "c" }),
  },
};
const unknown = "<unknown>";
nodes.prints([
  [
    "one that says which processor it has",
    {
      metadata,
      spec: {},
      status: { nodeInfo: wrong({ kubeletVersion: "v1.36.0", kernelVersion: "6.1.0", architecture: "arm64" }) },
    },
    ["x", "Unknown", "<none>", "0s", "v1.36.0", "<none>", "<none>", unknown, "6.1.0 (arm64)", unknown],
  ],
  [
    "a worker",
    worker,
    ["x", "Ready,SchedulingDisabled", "infra,worker", "0s", "v1.36.0", "10.0.0.1", "<none>", "Linux", unknown, "c"],
  ],
  [
    "one that never reported",
    { metadata, spec: {} },
    ["x", "Unknown", "<none>", "0s", "", "<none>", "<none>", unknown, unknown, unknown],
  ],
]);

const limits = new RuleTables<LimitRange>("LimitRange", limitRangeStrategy);
const limit = (item: Partial<coreV1.LimitRangeItem>): LimitRange => ({
  metadata,
  spec: { limits: [{ type: "Container", ...item }] },
});
limits.accepts([["bounds in order", limit({ min: { cpu: "1" }, max: { cpu: "2" }, default: { cpu: "1500m" } })]]);
limits.rejects([
  [
    "min above max",
    limit({ min: { cpu: "2" }, max: { cpu: "1" } }),
    ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    "a default for pods",
    limit({ type: "Pod", default: { cpu: "1" } }),
    ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
  ],
  [
    "no bound for claims",
    limit({ type: "PersistentVolumeClaim" }),
    [
      "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
    ],
  ],
  [
    "a ratio below one",
    limit({ maxLimitRequestRatio: { cpu: "500m" } }),
    ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
  ],
  [
    "an unknown type",
    limit({ type: "Thing" }),
    ['spec.limits[0].type: Invalid value: "Thing": must be a standard limit type or fully qualified'],
  ],
]);

const quotas = new RuleTables<ResourceQuota>("ResourceQuota", resourceQuotaStrategy);
const quota = (spec: coreV1.ResourceQuotaSpec): ResourceQuota => ({ metadata, spec });
quotas.accepts([["counts and amounts", quota({ hard: { pods: "1", "requests.cpu": "1", "count/jobs.batch": "2" } })]]);
quotas.rejects([
  ["half a pod", quota({ hard: { pods: "500m" } }), ['spec.hard[pods]: Invalid value: "500m": must be an integer']],
  [
    "an unknown resource",
    quota({ hard: { thing: "1" } }),
    [
      'spec.hard[thing]: Invalid value: "thing": must be a standard resource type or fully qualified',
      'spec.hard[thing]: Invalid value: "thing": must be a standard resource for quota',
    ],
  ],
  [
    "opposite scopes",
    quota({ scopes: ["BestEffort", "NotBestEffort"] }),
    ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
  ],
  [
    "a scope that cannot count it",
    quota({ hard: { services: "1" }, scopes: ["Terminating"] }),
    ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource'],
  ],
  [
    "a selector's scope that cannot count it, shown as it is inside",
    quota({
      hard: { pods: "1" },
      scopeSelector: { matchExpressions: [{ scopeName: "VolumeAttributesClass", operator: "In", values: ["a"] }] },
    }),
    [
      'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"VolumeAttributesClass","Operator":"In","Values":["a"]}]}: unsupported scope applied to resource',
    ],
  ],
  [
    "a scope without values",
    quota({ scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In" }] } }),
    [
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ],
  ],
]);
quotas.changes([
  [
    "the scopes stay",
    quota({ scopes: [] }),
    quota({ scopes: ["Terminating"] }),
    ["spec.scopes: Invalid value: []: field is immutable"],
  ],
]);
const used = { hard: { "requests.cpu": "2", "limits.cpu": "4", pods: "10" }, used: { pods: "3", "limits.cpu": "1" } };
quotas.prints([
  ["a quota", { ...quota({}), status: used }, ["x", "pods: 3/10, requests.cpu: 0/2", "limits.cpu: 1/4", "0s"]],
]);

const controllers = new RuleTables<ReplicationController>("ReplicationController", replicationControllerStrategy);
const template: coreV1.PodTemplateSpec = {
  metadata: { labels: { a: "b" } },
  spec: {
    containers: [{ name: "c", image: "i", terminationMessagePolicy: "File", imagePullPolicy: "Always" }],
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    terminationGracePeriodSeconds: 30,
  },
};
controllers.accepts([["a full one", { metadata, spec: { replicas: 1, selector: { a: "b" }, template } }]]);
controllers.rejects([
  [
    "nothing at all",
    { metadata, spec: {} },
    ["spec.selector: Required value", "spec.replicas: Required value", "spec.template: Required value"],
  ],
  [
    "a selector of other pods",
    { metadata, spec: { replicas: 1, selector: { a: "c" }, template } },
    ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
  ],
]);

const graceful = (seconds: number): ReplicationController => ({
  metadata: { ...metadata, generation: seconds },
  spec: { template: { ...template, spec: { containers: [], terminationGracePeriodSeconds: seconds } } },
});
controllers.warns([
  [
    "a template that was",
    graceful(1),
    [
      "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
    ],
    graceful(-1),
  ],
  ["nothing about a template that is to be", graceful(-1), [], graceful(1)],
]);

const claims = new RuleTables<PersistentVolumeClaim>("PersistentVolumeClaim", persistentVolumeClaimStrategy);
const claim = (spec: Partial<coreV1.PersistentVolumeClaimSpec> = {}): PersistentVolumeClaim => ({
  metadata,
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
});
const bound = (size: string): PersistentVolumeClaim => ({
  ...claim({ volumeName: "v", resources: { requests: { storage: size } } }),
  status: { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"] },
});
claims.accepts([["a plain one", claim({ storageClassName: "", volumeMode: "Filesystem" })]]);
claims.rejects([
  [
    "no modes, no size",
    { metadata, spec: {} },
    ["spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"],
  ],
  [
    "an exclusive mode among others",
    claim({ accessModes: ["ReadWriteOncePod", "ReadOnlyMany"] }),
    ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
  ],
]);
claims.changes([
  ["bound claims may grow", bound("2Gi"), bound("1Gi"), []],
  [
    "they do not shrink below what they have",
    bound("512Mi"),
    bound("1Gi"),
    ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"],
  ],
]);
test("a change of a claim's spec is refused with what changed", () => {
  const errors = persistentVolumeClaimStrategy.validateUpdate?.(
    claim({ accessModes: ["ReadOnlyMany"] }),
    claim(),
    wrong({}),
  );
  const why =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
  assert.deepEqual([errors?.length, errors?.[0]?.detail?.startsWith(`${why}\n`)], [1, true]);
});
test("sources of claims that lead nowhere are dropped", () => {
  const snapshot = { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s" };
  const other = { apiGroup: "x.example", kind: "Populator", name: "p" };
  assert.deepEqual(claims.created(claim({ dataSource: snapshot })).spec?.dataSourceRef, snapshot);
  assert.deepEqual(claims.created(claim({ dataSourceRef: other })).spec?.dataSource, other);
  assert.equal(claims.created(claim({ dataSource: other })).spec?.dataSource, undefined);
  const old = claim({ dataSource: other, dataSourceRef: other });
  const now = claim({ dataSource: other });
  persistentVolumeClaimStrategy.prepareForUpdate?.(now, old, {} as never);
  assert.deepEqual(now.spec?.dataSource, other);
});

claims.prints([
  ["a bound claim", bound("2Gi"), ["x", "Bound", "v", "1Gi", "RWO", "", "<unset>", "0s", "<unset>"]],
  [
    "a new claim",
    { ...claim(), status: { phase: "Pending" } },
    ["x", "Pending", "", "", "", "", "<unset>", "0s", "<unset>"],
  ],
]);

const volumes = new RuleTables<PersistentVolume>("PersistentVolume", persistentVolumeStrategy);
const volume = (spec: Partial<coreV1.PersistentVolumeSpec> = {}): PersistentVolume => ({
  metadata,
  spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/a" }, ...spec },
});
volumes.accepts([["a host path", volume({ persistentVolumeReclaimPolicy: "Retain" })]]);
volumes.rejects([
  [
    "nothing at all",
    { metadata, spec: {} },
    [
      "spec.accessModes: Required value",
      "spec.capacity: Required value",
      'spec.capacity: Unsupported value: null: supported values: "storage"',
      "spec: Required value: must specify a volume type",
    ],
  ],
  [
    "two sources",
    volume({ nfs: { server: "s", path: "/" } }),
    ["spec.nfs: Forbidden: may not specify more than 1 volume type"],
  ],
  [
    "a local disk of no node",
    { metadata, spec: { capacity: { storage: "1" }, accessModes: ["ReadWriteOnce"], local: { path: "/a" } } },
    ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
  ],
  [
    "recycling the root",
    volume({ hostPath: { path: "/" }, persistentVolumeReclaimPolicy: "Recycle" }),
    ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
  ],
]);
const inZone = (key: string, zone: string) =>
  volume({
    nodeAffinity: {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [zone] }] }] },
    },
  });
const [betaZone, zone] = ["failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"];
volumes.changes([
  ["nodes may be said later", inZone(zone, "a"), volume({}), []],
  ["a label may get its name of today", inZone(zone, "a"), inZone(betaZone, "a"), []],
  [
    "nodes stay",
    inZone(zone, "b"),
    inZone(betaZone, "a"),
    [
      `nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":"${zone}","Operator":"In","Values":["b"]}],"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA`,
    ],
  ],
  [
    "a label does not go back",
    inZone(betaZone, "a"),
    inZone(zone, "a"),
    [
      `nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":"${betaZone}","Operator":"In","Values":["a"]}],"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA`,
    ],
  ],
]);
volumes.prints([
  [
    "a bound volume",
    { ...volume({ claimRef: { namespace: "n", name: "c" }, storageClassName: "s" }), status: { phase: "Bound" } },
    ["x", "1Gi", "RWO", "", "Bound", "n/c", "s", "<unset>", "", "0s", "<unset>"],
  ],
]);

const events = new RuleTables<coreV1.Event & KubeObject>("Event", coreEventStrategy);
const event = (change: Partial<coreV1.Event> = {}): coreV1.Event => ({
  metadata,
  involvedObject: { kind: "Pod", namespace: "n", name: "p" },
  reason: "Started",
  message: " text\n",
  type: "Normal",
  firstTimestamp: "1970-01-01T00:00:00Z",
  lastTimestamp: "1970-01-01T00:00:10Z",
  count: 3,
  source: { component: "kubelet", host: "h" },
  ...change,
});
events.accepts([["one of the old kind", event()]]);

test("events are selected alike in both groups, however they are stored", () => {
  const stored = event({ involvedObject: { kind: "Pod", name: "web" }, reportingComponent: "a" }) as KubeObject;
  const read = (fields: string, strategy: { readonly selectableFields?: unknown }) =>
    (strategy.selectableFields as Record<string, (of: KubeObject) => string>)[fields]?.(stored);
  assert.deepEqual(
    ["regarding.name", "regarding.kind", "reportingController"].map((field) => read(field, eventStrategy)),
    ["web", "Pod", "a"],
  );
  assert.deepEqual(
    ["involvedObject.name", "source", "reportingComponent"].map((field) => read(field, coreEventStrategy)),
    ["web", "kubelet", "a"],
  );
});

events.rejects([
  [
    "another namespace",
    event({ involvedObject: { kind: "Pod", namespace: "other" } }),
    ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
  ],
  [
    "one of the new kind that says little",
    event({ eventTime: "1970-01-01T00:00:00.000000Z", reportingComponent: "a" }),
    ["reportingInstance: Required value", "action: Required value"],
  ],
]);
events.prints(
  [["an event", event(), ["5s", "Normal", "Started", "pod/p", "", "kubelet, h", "text", "15s", 3, "x"]]],
  15_000,
);

nodes.changes([
  [
    "ranges of pods are checked again",
    { metadata: { name: "x" }, spec: { podCIDRs: ["bad"] } },
    { metadata: { name: "x" }, spec: {} },
    ['spec.podCIDRs[0]: Invalid value: "bad": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
]);
const declaring = (...declaredFeatures: string[]): Node => ({
  metadata: { name: "x" },
  spec: {},
  status: { declaredFeatures },
});
const atFeatures = "status.declaredFeatures";
nodes.changes(
  [
    ["features in order are declared", declaring("A", "B/c"), declaring(), []],
    [
      "features out of order are refused",
      declaring("B", "A", "A"),
      declaring(),
      [
        `${atFeatures}[1]: Invalid value: "A": list must be sorted alphabetically`,
        `${atFeatures}[2]: Duplicate value: "A"`,
      ],
    ],
    [
      "features have names",
      declaring("a"),
      declaring(),
      [
        `${atFeatures}[0]: Invalid value: "a": invalid feature name "a": must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`,
      ],
    ],
  ],
  "status",
);
test("nobody configures kubelets from afar", () => {
  const node: Node = { metadata: { name: "x" }, spec: { configSource: {} } };
  assert.deepEqual(nodes.created(node).spec, {});
  assert.deepEqual(nodes.updated(node, { metadata: { name: "x" }, spec: {} }).spec, {});
  assert.deepEqual(nodes.updated(node, node).spec, { configSource: {} });
});

const accounts = new RuleTables<ServiceAccount>("ServiceAccount", serviceAccountStrategy);
test("accounts name their secrets, no more", () => {
  const secret = { name: "s", namespace: "n", kind: "Secret" };
  assert.deepEqual(accounts.created({ metadata: {}, secrets: [secret] }).secrets, [{ name: "s" }]);
  assert.deepEqual(accounts.updated({ metadata: {} }, { metadata: {} }), { metadata: {} });
});
const restricted = { metadata: { annotations: { "kubernetes.io/enforce-mountable-secrets": "false" } } };
accounts.warns([
  [
    "the annotation, whatever it says",
    restricted,
    [
      "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets",
    ],
  ],
  ["nothing that was there", restricted, [], restricted],
]);

const modernEvents = new RuleTables<eventsV1.Event & KubeObject>("events.k8s.io Event", eventStrategy);
const told: eventsV1.Event = {
  metadata: { name: "x", namespace: "default" },
  eventTime: "2026-01-01T00:00:00.000000Z",
  regarding: {},
  reason: "r",
  action: "a",
  type: "Normal",
  note: "n",
  reportingController: "c",
  reportingInstance: "i",
};
modernEvents.changes([
  [
    "what happened stays",
    { ...told, note: "", related: {} },
    told,
    [
      'message: Invalid value: "": field is immutable',
      'related: Invalid value: {"Kind":"","Namespace":"","Name":"","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable',
    ],
  ],
]);

volumes.rejects([
  [
    "a local volume beside another",
    volume({ local: { path: "/a" } }),
    ["spec.local: Forbidden: may not specify more than 1 volume type"],
  ],
]);
volumes.accepts([["a flexible volume beside another", volume({ flexVolume: { driver: "a/b" } })]]);

const csiSecret = (name: string, namespace: string) =>
  volume({
    hostPath: undefined,
    csi: { driver: "d", volumeHandle: "h", nodeExpandSecretRef: { name, namespace } },
  } as Partial<coreV1.PersistentVolumeSpec>);
volumes.accepts([["secrets of a driver", csiSecret("a.b", "c")]]);
volumes.rejects([
  [
    "secrets of a driver without names",
    csiSecret("", ""),
    ["spec.csi.nodeExpandSecretRef.name: Required value", "spec.csi.nodeExpandSecretRef.namespace: Required value"],
  ],
  [
    "an iSCSI target of no known form",
    volume({
      hostPath: undefined,
      iscsi: { targetPortal: "p", iqn: "x", lun: 0, secretRef: {} },
    } as Partial<coreV1.PersistentVolumeSpec>),
    ['spec.iscsi.iqn: Invalid value: "x": must be valid format', "spec.iscsi.secretRef.name: Required value"],
  ],
]);
test("names of drivers' secrets have a form", () => {
  const errors = persistentVolumeStrategy.validate?.(csiSecret("A", "a.b"), undefined as never) ?? [];
  assert.deepEqual(
    errors.map(({ field }) => field),
    ["spec.csi.nodeExpandSecretRef.name", "spec.csi.nodeExpandSecretRef.namespace"],
  );
});

const fromSource = (apiGroup: string): PersistentVolumeClaim => ({
  metadata,
  spec: {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "1Gi" } },
    dataSource: { apiGroup, kind: "K", name: "n" },
  },
});
claims.changes([["a group that was let in stays", fromSource("a/b"), fromSource("a/b"), []]]);

volumes.rejects([
  [
    "half a reference to a secret, and to endpoints",
    volume({
      hostPath: undefined,
      cinder: { volumeID: "a", secretRef: { name: "s" } },
    } as Partial<coreV1.PersistentVolumeSpec>),
    ["spec.cinder.secretRef.namespace: Required value"],
  ],
  [
    "endpoints in no namespace",
    volume({
      hostPath: undefined,
      glusterfs: { endpoints: "e", path: "p", endpointsNamespace: "" },
    } as Partial<coreV1.PersistentVolumeSpec>),
    [
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ],
  ],
  [
    "a secret in no namespace",
    volume({
      hostPath: undefined,
      azureFile: { secretName: "a", shareName: "b", secretNamespace: "" },
    } as Partial<coreV1.PersistentVolumeSpec>),
    ["spec.azureFile.secretNamespace: Required value"],
  ],
  [
    "storage without a name",
    volume({ hostPath: undefined, storageos: { secretRef: {} } } as Partial<coreV1.PersistentVolumeSpec>),
    [
      "spec.storageos.volumeName: Required value",
      "spec.storageos.secretRef.name: Required value",
      "spec.storageos.secretRef.namespace: Required value",
    ],
  ],
]);
