import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CronJob,
  type CustomResourceDefinition,
  type DaemonSet,
  type Deployment,
  type Job,
  loadScheme,
  type Node,
  type Pod,
  type Secret,
  type Service,
  type StatefulSet,
} from "./index.ts";

const scheme = loadScheme();

/** The object as it is after strict decoding and defaulting. */
function defaulted<T>(group: string, version: string, kind: string, object: object): T {
  const codec = scheme.codec<T>({ group, version, kind });
  const decoded = codec.decode(JSON.stringify(object), { unknownFields: "report" });
  assert.deepEqual(decoded.problems, []);
  codec.applyDefaults(decoded.object);
  const once = codec.encode(decoded.object);
  codec.applyDefaults(decoded.object);
  assert.equal(codec.encode(decoded.object), once, "defaulting twice is defaulting once");
  return decoded.object;
}

test("a pod's address stands in both of its fields, and the old one wins", () => {
  const statusOf = (status: object) =>
    defaulted<Pod>("", "v1", "Pod", { metadata: { name: "a" }, spec: { containers: [] }, status }).status;
  const both = { podIP: "1.2.3.4", podIPs: [{ ip: "1.2.3.4" }] };
  assert.deepEqual(statusOf({ podIP: "1.2.3.4" }), both);
  assert.deepEqual(statusOf({ podIPs: both.podIPs }), both);
  assert.deepEqual(statusOf({ podIP: "1.2.3.4", podIPs: [{ ip: "5.6.7.8" }, { ip: "fd00::1" }] }), both);
  const dual = { podIP: "1.2.3.4", podIPs: [{ ip: "1.2.3.4" }, { ip: "fd00::1" }] };
  assert.deepEqual(statusOf(dual), dual);
  assert.deepEqual(statusOf({ phase: "Running" }), { phase: "Running" });
});

test("a pod gets upstream's defaults", () => {
  const probe = { httpGet: { port: 80 } };
  const resources = { limits: { cpu: "100m", memory: "100u" } };
  const containers = [{ name: "a", image: "nginx", ports: [{ containerPort: 80 }], livenessProbe: probe, resources }];
  const spec = { containers, hostNetwork: true, volumes: [{ name: "v" }, { name: "s", secret: { secretName: "x" } }] };
  const pod = defaulted<Pod>("", "v1", "Pod", { metadata: { name: "a" }, spec });
  assert.deepEqual(pod.spec, {
    volumes: [
      { name: "v", emptyDir: {} },
      { name: "s", secret: { secretName: "x", defaultMode: 420 } },
    ],
    containers: [
      {
        name: "a",
        image: "nginx",
        ports: [{ hostPort: 80, containerPort: 80, protocol: "TCP" }],
        resources: { limits: { cpu: "100m", memory: "1m" }, requests: { cpu: "100m", memory: "1m" } },
        livenessProbe: {
          httpGet: { path: "/", port: 80, scheme: "HTTP" },
          ...{ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
        },
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        imagePullPolicy: "Always",
      },
    ],
    hostNetwork: true,
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
  });
});

test("the tag decides whether an image is pulled always", () => {
  const policyOf = (image: string): unknown => {
    const spec = { containers: [{ name: "a", image }] };
    return defaulted<Pod>("", "v1", "Pod", { metadata: {}, spec }).spec.containers[0]?.imagePullPolicy;
  };
  const digest = `sha256:${"0".repeat(64)}`;
  assert.equal(policyOf("registry:5000/a/b"), "Always");
  assert.equal(policyOf("a:latest"), "Always");
  assert.equal(policyOf("registry:5000/a/b:1.2"), "IfNotPresent");
  assert.equal(policyOf(`a@${digest}`), "IfNotPresent");
  assert.equal(policyOf(`a:latest@${digest}`), "Always");
  assert.equal(policyOf("Not A Name"), "IfNotPresent");
});

test("pod-level limits bring pod-level requests, from the containers where these say", () => {
  const container = { name: "a", resources: { requests: { cpu: "200m" } } };
  const init = { name: "i", resources: { requests: { cpu: "300m" } } };
  const spec = { containers: [container], initContainers: [init], resources: { limits: { cpu: "1", memory: "1Gi" } } };
  const pod = defaulted<Pod>("", "v1", "Pod", { metadata: {}, spec });
  assert.deepEqual(pod.spec.resources?.requests, { cpu: "300m", memory: "1Gi" });
});

test("the kinds of apps and batch get upstream's defaults, job templates none of a job's", () => {
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "a:1" }] } };
  const deployment = defaulted<Deployment>("apps", "v1", "Deployment", { spec: { template, selector: {} } });
  assert.deepEqual(deployment.spec.strategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
  });
  assert.equal(deployment.spec.progressDeadlineSeconds, 600);
  assert.equal(deployment.spec.template.spec.enableServiceLinks, undefined);
  const job = defaulted<Job>("batch", "v1", "Job", { spec: { template } });
  assert.deepEqual(job.metadata.labels, { a: "b" });
  assert.deepEqual([job.spec.completions, job.spec.parallelism, job.spec.backoffLimit], [1, 1, 6]);
  const cronJob = defaulted<CronJob>("batch", "v1", "CronJob", { spec: { jobTemplate: { spec: { template } } } });
  assert.equal(cronJob.spec.jobTemplate.spec.backoffLimit, undefined);
  assert.equal(cronJob.spec.failedJobsHistoryLimit, 1);
});

test("a service's ports and policies follow from its type", () => {
  const spec = { type: "NodePort", ports: [{ port: 80 }, { port: 81, targetPort: "http" }] };
  const service = defaulted<Service>("", "v1", "Service", { spec });
  assert.deepEqual(service.spec.ports, [
    { protocol: "TCP", port: 80, targetPort: 80 },
    { protocol: "TCP", port: 81, targetPort: "http" },
  ]);
  assert.equal(service.spec.externalTrafficPolicy, "Cluster");
  assert.equal(service.spec.internalTrafficPolicy, "Cluster");
  assert.equal(service.spec.sessionAffinity, "None");
  const outside = defaulted<Service>("", "v1", "Service", {
    spec: { externalIPs: ["192.0.2.1"], ports: [{ port: 80 }] },
  });
  assert.deepEqual([outside.spec.type, outside.spec.externalTrafficPolicy], ["ClusterIP", "Cluster"]);
});

test("defaulting fills every kind from nothing without failing, and stays put", () => {
  for (const { kind } of scheme.resources()) defaulted(kind.group, kind.version, kind.kind, {});
});

test("claim templates of a StatefulSet name their kind", () => {
  const template = { metadata: { name: "v" }, spec: {} };
  const selector = { matchLabels: { a: "b" } };
  const spec = { selector, serviceName: "s", template: { spec: { containers: [] } }, volumeClaimTemplates: [template] };
  const set = defaulted<StatefulSet>("apps", "v1", "StatefulSet", { metadata: { name: "a" }, spec });
  const [claim] = set.spec?.volumeClaimTemplates ?? [];
  assert.deepEqual([claim?.apiVersion, claim?.kind], ["v1", "PersistentVolumeClaim"]);
  assert.deepEqual(set.spec?.updateStrategy, { type: "RollingUpdate", rollingUpdate: { partition: 0 } });
});

test("stringData goes into data", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const data = { a: base64("1"), b: base64("2") };
  const secret = defaulted<Secret>("", "v1", "Secret", { metadata: { name: "a" }, data, stringData: { a: "3" } });
  assert.deepEqual([secret.data, secret.stringData], [{ a: base64("3"), b: base64("2") }, undefined]);
});

test("podCIDR is the first of podCIDRs, and wins over others", () => {
  const of = (spec: object) => {
    const { spec: { podCIDR, podCIDRs } = {} } = defaulted<Node>("", "v1", "Node", { metadata: { name: "a" }, spec });
    return [podCIDR, podCIDRs];
  };
  assert.deepEqual(of({ podCIDR: "10.0.0.0/24" }), ["10.0.0.0/24", ["10.0.0.0/24"]]);
  assert.deepEqual(of({ podCIDRs: ["10.1.0.0/24", "fd00::/64"] }), ["10.1.0.0/24", ["10.1.0.0/24", "fd00::/64"]]);
  assert.deepEqual(of({ podCIDR: "10.0.0.0/24", podCIDRs: ["10.1.0.0/24"] }), ["10.0.0.0/24", ["10.0.0.0/24"]]);
});

test("a daemon set always has the number of its template", () => {
  const of = (annotations: object) =>
    defaulted<DaemonSet>("apps", "v1", "DaemonSet", {
      metadata: { name: "a", annotations },
      spec: { selector: {}, template: { spec: { containers: [] } } },
    }).metadata.annotations;
  assert.deepEqual(of({ a: "b" }), { a: "b", "deprecated.daemonset.template.generation": "0" });
  assert.deepEqual(of({ "deprecated.daemonset.template.generation": "3" }), {
    "deprecated.daemonset.template.generation": "3",
  });
});

test("the old name of the service account says the same as the new one, in templates too", () => {
  const of = (account: object) => {
    const spec = { selector: {}, template: { spec: { containers: [], ...account } } };
    const { template } = defaulted<Deployment>("apps", "v1", "Deployment", { metadata: { name: "a" }, spec }).spec;
    return [template.spec?.serviceAccountName, template.spec?.serviceAccount];
  };
  assert.deepEqual(of({}), [undefined, undefined]);
  assert.deepEqual(of({ serviceAccountName: "a" }), ["a", "a"]);
  assert.deepEqual(of({ serviceAccount: "a" }), ["a", "a"]);
  assert.deepEqual(of({ serviceAccountName: "a", serviceAccount: "b" }), ["a", "a"]);
  assert.deepEqual(of({ serviceAccount: "" }), [undefined, undefined]);
});

test("a conversion webhook without configuration and versions is none", () => {
  const of = (webhook: object) =>
    defaulted<CustomResourceDefinition>("apiextensions.k8s.io", "v1", "CustomResourceDefinition", {
      metadata: { name: "a" },
      spec: { group: "g", names: {}, scope: "Cluster", versions: [], conversion: { strategy: "None", webhook } },
    }).spec.conversion;
  assert.deepEqual(of({ conversionReviewVersions: [] }), { strategy: "None" });
  assert.deepEqual(of({ conversionReviewVersions: ["v1"] })?.webhook, { conversionReviewVersions: ["v1"] });
});

test("an empty list gets a default where upstream asks for its length, and none where it asks whether it is there", () => {
  const modes = (spec: object) =>
    defaulted<{ spec: { volumeLifecycleModes?: string[] } }>("storage.k8s.io", "v1", "CSIDriver", {
      metadata: {},
      spec,
    }).spec.volumeLifecycleModes;
  assert.deepEqual([modes({}), modes({ volumeLifecycleModes: [] })], [["Persistent"], ["Persistent"]]);
  const policies = (scaleDown: object) =>
    defaulted<{ spec: { behavior: { scaleDown: { policies?: unknown[] } } } }>(
      ...(["autoscaling", "v2", "HorizontalPodAutoscaler"] as const),
      { metadata: {}, spec: { behavior: { scaleDown } } },
    ).spec.behavior.scaleDown.policies?.length;
  assert.deepEqual([policies({}), policies({ policies: [] })], [1, 0]);
});

test("a pod that is given less than no time to end gets a second, its template is left alone", () => {
  const spec = { containers: [], terminationGracePeriodSeconds: -5 };
  const pod = defaulted<Pod>("", "v1", "Pod", { metadata: { name: "a" }, spec });
  assert.equal(pod.spec?.terminationGracePeriodSeconds, 1);
  const { template } = defaulted<Deployment>("apps", "v1", "Deployment", {
    metadata: { name: "a" },
    spec: { selector: {}, template: { spec } },
  }).spec;
  assert.equal(template.spec?.terminationGracePeriodSeconds, -5);
});
