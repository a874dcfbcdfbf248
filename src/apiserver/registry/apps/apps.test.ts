import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  appsV1,
  ControllerRevision,
  DaemonSet,
  Deployment,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { controllerRevisionStrategy } from "./controller-revision.ts";
import { daemonSetStrategy } from "./daemon-set.ts";
import { deploymentStrategy } from "./deployment.ts";
import { replicaSetStrategy } from "./replica-set.ts";
import { statefulSetStrategy } from "./stateful-set.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", namespace: "n", generation: 1, creationTimestamp: "1970-01-01T00:00:00Z" };
const selector = { matchLabels: { a: "b" } };
const template: PodTemplateSpec = {
  metadata: { labels: { a: "b" } },
  spec: {
    containers: [{ name: "c", image: "i", terminationMessagePolicy: "File", imagePullPolicy: "Always" }],
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    terminationGracePeriodSeconds: 30,
  },
};
const once: PodTemplateSpec = { ...template, spec: { ...template.spec, containers: [], restartPolicy: "Never" } };
once.spec = { ...template.spec, restartPolicy: "Never" } as NonNullable<PodTemplateSpec["spec"]>;
const mismatch = 'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`';
const onlyAlways = 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"';

const deployments = new RuleTables<Deployment>("Deployment", deploymentStrategy);
const deployment = (change: Partial<appsV1.DeploymentSpec> = {}): Deployment => ({
  metadata,
  spec: {
    replicas: 1,
    selector,
    template,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    ...change,
  },
});
deployments.accepts([
  ["a full one", deployment()],
  ["one that recreates", deployment({ strategy: { type: "Recreate" } })],
]);
deployments.rejects([
  [
    "fewer than none",
    deployment({ replicas: -1 }),
    ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "a selector of everything",
    deployment({ selector: {} }),
    ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ],
  [
    "a selector of empty parts, which are not shown",
    deployment({ selector: { matchLabels: {}, matchExpressions: [] } }),
    ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ],
  ["a selector of others", deployment({ selector: { matchLabels: { a: "c" } } }), [mismatch]],
  ["pods that end", deployment({ template: once }), [onlyAlways]],
  [
    "parameters of another strategy",
    deployment({ strategy: { type: "Recreate", rollingUpdate: {} } }),
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  [
    "an unknown strategy",
    deployment({ strategy: { type: wrong("Slow") } }),
    [
      'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
  ],
  [
    "an unknown strategy with numbers",
    deployment({ strategy: { type: wrong("Slow"), rollingUpdate: { maxUnavailable: 1, maxSurge: "25%" } } }),
    [
      'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":{"MaxUnavailable":1,"MaxSurge":"25%"}}: supported values: "Recreate", "RollingUpdate"',
    ],
  ],
  [
    "a rollout that cannot move",
    deployment({ strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  [
    "more than all",
    deployment({ strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: "101%" } } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    "a deadline before readiness",
    deployment({ progressDeadlineSeconds: 10, minReadySeconds: 10 }),
    ["spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"],
  ],
]);
const moved = { ...template, metadata: { labels: { a: "b", c: "d" } } };
deployments.changes([
  ["the template may change", deployment({ template: moved }), deployment(), []],
  [
    "the selector stays",
    deployment({ template: moved, selector: { matchLabels: { c: "d" } } }),
    deployment(),
    ['spec.selector: Invalid value: {"matchLabels":{"c":"d"}}: field is immutable'],
  ],
]);
deployments.changes(
  [
    [
      "counts agree with each other",
      { ...deployment(), status: { replicas: 1, readyReplicas: 2, availableReplicas: -1, terminatingReplicas: -1 } },
      deployment(),
      [
        "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0",
        "status.terminatingReplicas: Invalid value: -1: must be greater than or equal to 0",
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
      ],
    ],
    [
      "collisions are not forgotten",
      { ...deployment(), status: {} },
      { ...deployment(), status: { collisionCount: 1 } },
      ["status.collisionCount: Invalid value: 0: cannot be decremented"],
    ],
  ],
  "status",
);
deployments.prints([
  [
    "a deployment",
    { ...deployment({ replicas: 3 }), status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 } },
    ["x", "2/3", 3, 1, "0s", "c", "i", "a=b"],
  ],
]);
test("a deployment counts changes of spec and annotations, and drops a creator's status", () => {
  const created = deployments.created({ ...deployment(), status: { replicas: 5 } });
  assert.deepEqual([created.metadata.generation, created.status], [1, undefined]);
  const annotated = { ...deployment(), metadata: { ...metadata, annotations: { a: "b" } } };
  assert.equal(deployments.updated(annotated, deployment()).metadata.generation, 2);
  assert.equal(deployments.updated(deployment(), deployment()).metadata.generation, 1);
});

const replicaSets = new RuleTables<ReplicaSet>("ReplicaSet", replicaSetStrategy);
const replicaSet = (change: Partial<appsV1.ReplicaSetSpec> = {}): ReplicaSet => ({
  metadata,
  spec: { replicas: 1, selector, template, ...change },
});
replicaSets.accepts([["a full one", replicaSet()]]);
replicaSets.rejects([
  ["a selector of others", replicaSet({ selector: { matchLabels: { a: "c" } } }), [mismatch]],
  [
    "readiness below zero",
    replicaSet({ minReadySeconds: -1 }),
    ["spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"],
  ],
]);
replicaSets.prints([
  ["a set", { ...replicaSet(), status: { replicas: 1, readyReplicas: 1 } }, ["x", 1, 1, 1, "0s", "c", "i", "a=b"]],
]);

const daemonSets = new RuleTables<DaemonSet>("DaemonSet", daemonSetStrategy);
const rolling: appsV1.DaemonSetUpdateStrategy = {
  type: "RollingUpdate",
  rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
};
const daemonSet = (change: Partial<appsV1.DaemonSetSpec> = {}): DaemonSet => ({
  metadata,
  spec: { selector, template, updateStrategy: rolling, revisionHistoryLimit: 10, ...change },
});
daemonSets.accepts([["a full one", daemonSet()]]);
daemonSets.rejects([
  ["a selector of others", daemonSet({ selector: { matchLabels: { a: "c" } } }), [mismatch]],
  [
    "both at once",
    daemonSet({ updateStrategy: { ...rolling, rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } }),
    ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
  ],
  [
    "neither of both",
    daemonSet({ updateStrategy: { ...rolling, rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } }),
    ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
  ],
  [
    "numbers that are none",
    daemonSet({ updateStrategy: { ...rolling, rollingUpdate: { maxUnavailable: "-5%", maxSurge: 0 } } }),
    [
      "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"-5%\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
    ],
  ],
  [
    "a rollout without parameters",
    daemonSet({ updateStrategy: { type: "RollingUpdate" } }),
    ["spec.updateStrategy.rollingUpdate: Required value"],
  ],
]);
daemonSets.changes([
  [
    "the selector stays",
    daemonSet({ selector: { matchLabels: { c: "d" } } }),
    daemonSet(),
    ['spec.selector: Invalid value: {"matchLabels":{"c":"d"}}: field is immutable', mismatch],
  ],
]);
test("a daemon set numbers its templates", () => {
  const annotation = "deprecated.daemonset.template.generation";
  const created = daemonSets.created(daemonSet());
  assert.equal(created.metadata.annotations?.[annotation], "1");
  const updated = daemonSets.updated(daemonSet({ template: moved }), created);
  assert.deepEqual([updated.metadata.annotations?.[annotation], updated.metadata.generation], ["2", 2]);
});

const statefulSets = new RuleTables<StatefulSet>("StatefulSet", statefulSetStrategy);
const statefulSet = (change: Partial<appsV1.StatefulSetSpec> = {}): StatefulSet => ({
  metadata,
  spec: {
    replicas: 1,
    selector,
    template,
    serviceName: "s",
    podManagementPolicy: "OrderedReady",
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    ...change,
  },
});
const containing = (containers = template.spec?.containers ?? []): NonNullable<PodTemplateSpec["spec"]> => ({
  ...template.spec,
  containers,
});
const [full = { name: "c" }] = containing().containers;
const mounting = { ...full, volumeMounts: [{ name: "v", mountPath: "/v" }] };
const nameless: PodTemplateSpec = { ...template, spec: containing([{ ...full, image: "" }]) };
const noImage = "spec.template.spec.containers[0].image: Required value";
const claim: NonNullable<appsV1.StatefulSetSpec["volumeClaimTemplates"]>[number] = {
  metadata: { name: "v" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
statefulSets.accepts([["a full one", statefulSet()]]);
statefulSets.rejects([
  [
    "an unknown order",
    statefulSet({ podManagementPolicy: wrong("Random") }),
    ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
  ],
  [
    "an unknown policy for claims",
    statefulSet({ persistentVolumeClaimRetentionPolicy: { whenDeleted: wrong("Keep"), whenScaled: "Retain" } }),
    [
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
    ],
  ],
  ["a selector of others", statefulSet({ selector: { matchLabels: { a: "c" } } }), [mismatch]],
  [
    "a service that has no name of one",
    statefulSet({ serviceName: "a.b" }),
    ['spec.serviceName: Invalid value: "a.b": must not contain dots'],
  ],
  [
    "claims that ask for nothing",
    statefulSet({ volumeClaimTemplates: [{ metadata: { name: "v" }, spec: {} }] }),
    [
      "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
      "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
    ],
  ],
  ["containers without an image", statefulSet({ template: nameless }), [noImage]],
  [
    "a volume after those of claims",
    statefulSet({
      volumeClaimTemplates: [claim],
      template: { ...template, spec: { ...containing([mounting]), volumes: [{ name: "w" }, { name: "v" }] } },
    }),
    ["spec.template.spec.volumes[1]: Required value: must specify a volume type"],
  ],
]);
statefulSets.accepts([
  [
    "a container that mounts a claim",
    statefulSet({ volumeClaimTemplates: [claim], template: { ...template, spec: containing([mounting]) } }),
  ],
  ["names that the set gives", statefulSet({ template: { ...template, spec: { ...containing(), hostname: "A_b" } } })],
]);
const claims = (kind: object) =>
  statefulSet({ volumeClaimTemplates: [{ ...kind, metadata: { name: "v" }, spec: {} }] });
statefulSets.changes([
  [
    "claims stored without their kind are the same with it",
    claims({ apiVersion: "v1", kind: "PersistentVolumeClaim" }),
    claims({}),
    [],
  ],
  ["it may grow", statefulSet({ replicas: 5 }), statefulSet(), []],
  ["a template that was good stays good", statefulSet({ template: nameless }), statefulSet(), [noImage]],
  [
    "a template that was broken may stay so",
    statefulSet({ template: nameless }),
    statefulSet({ template: nameless }),
    [],
  ],
  [
    "the service stays",
    statefulSet({ serviceName: "t" }),
    statefulSet(),
    [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
  ],
]);
statefulSets.prints([
  [
    "a set",
    { ...statefulSet({ replicas: 2 }), status: { replicas: 2, readyReplicas: 1 } },
    ["x", "1/2", "0s", "c", "i"],
  ],
]);

const revisions = new RuleTables<ControllerRevision>("ControllerRevision", controllerRevisionStrategy);
revisions.rejects([
  [
    "no data",
    { metadata, revision: -1 },
    ["revision: Invalid value: -1: must be greater than or equal to 0", "data: Required value: data is mandatory"],
  ],
  [
    "data without fields",
    { metadata, revision: 1, data: wrong("a") },
    ["data: Required value: data must be a valid JSON object"],
  ],
]);
revisions.changes([
  [
    "the data stays",
    { metadata, revision: 1, data: wrong({ a: 2 }) },
    { metadata, revision: 1, data: wrong({ a: 1 }) },
    ['data: Invalid value: {"a":2}: field is immutable'],
  ],
]);
const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "u", controller: true };
revisions.prints([
  [
    "a revision",
    { metadata: { ...metadata, ownerReferences: [owner] }, revision: 2 },
    ["x", "daemonset.apps/d", 2, "0s"],
  ],
]);
