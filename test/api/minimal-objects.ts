export interface MinimalObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: object };
  readonly [field: string]: unknown;
}

export const namespace = "sweep";
export const customGroup = "example.com";

const named = (apiVersion: string, kind: string, name: string, rest: object = {}): MinimalObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
});
const inside = (apiVersion: string, kind: string, name: string, rest: object = {}): MinimalObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  ...rest,
});

const podSpec = { containers: [{ name: "c", image: "x:1", ports: [{ containerPort: 80 }] }] };
const template = { metadata: { labels: { app: "x" } }, spec: podSpec };
const selector = { matchLabels: { app: "x" } };
const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const matchRules = [{ apiGroups: ["none.x"], apiVersions: ["*"], operations: ["CREATE"], resources: ["*"] }];
const webhook = {
  name: "a.b.c",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: { service: { name: "a", namespace } },
  failurePolicy: "Ignore",
  rules: matchRules,
};
const deviceRequests = { devices: { requests: [{ name: "r", exactly: { deviceClassName: "x" } }] } };
const schema = {
  openAPIV3Schema: {
    type: "object",
    properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
  },
};

function core(): MinimalObject[] {
  return [
    inside("v1", "ServiceAccount", "default"),
    inside("v1", "ConfigMap", "x", { data: { a: "1" }, binaryData: { b: "AAE=" } }),
    inside("v1", "Secret", "x", { stringData: { a: "1" } }),
    inside("v1", "Pod", "x", { spec: podSpec }),
    inside("v1", "PodTemplate", "x", { template }),
    inside("v1", "ReplicationController", "x", { spec: { selector: { app: "x" }, template } }),
    inside("v1", "Service", "x", { spec: { type: "NodePort", selector: { app: "x" }, ports: [{ port: 80 }] } }),
    inside("v1", "Endpoints", "y", { subsets: [{ addresses: [{ ip: "1.2.3.4" }], ports: [{ port: 80 }] }] }),
    inside("v1", "Event", "x", { involvedObject: { kind: "Pod", name: "x", namespace }, reason: "R", type: "Normal" }),
    inside("v1", "LimitRange", "x", { spec: { limits: [{ type: "Pod", max: { cpu: "64" } }] } }),
    inside("v1", "ResourceQuota", "x", { spec: { hard: { "count/widgets.example.com": "9" } } }),
    inside("v1", "PersistentVolumeClaim", "x", { spec: claimSpec }),
    named("v1", "PersistentVolume", "x", {
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp/x" } },
    }),
    named("v1", "Namespace", "sweep-other"),
    named("v1", "Node", "x", { spec: { podCIDR: "10.9.0.0/24", taints: [{ key: "a", effect: "NoSchedule" }] } }),
  ];
}

function workloads(): MinimalObject[] {
  return [
    inside("apps/v1", "Deployment", "x", { spec: { selector, template } }),
    inside("apps/v1", "ReplicaSet", "x", { spec: { selector, template } }),
    inside("apps/v1", "DaemonSet", "x", { spec: { selector, template } }),
    inside("apps/v1", "StatefulSet", "x", {
      spec: {
        serviceName: "x",
        selector,
        template,
        volumeClaimTemplates: [{ metadata: { name: "v" }, spec: claimSpec }],
      },
    }),
    inside("apps/v1", "ControllerRevision", "x", { revision: 1, data: { a: 1 } }),
    inside("batch/v1", "Job", "x", { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } }),
    inside("batch/v1", "CronJob", "x", {
      spec: {
        schedule: "0 0 1 1 *",
        jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } },
      },
    }),
    inside("autoscaling/v2", "HorizontalPodAutoscaler", "x", {
      spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "x" } },
    }),
    inside("policy/v1", "PodDisruptionBudget", "x", { spec: { minAvailable: "50%", selector } }),
    inside("coordination.k8s.io/v1", "Lease", "x", { spec: { holderIdentity: "me", leaseDurationSeconds: 9 } }),
    inside("events.k8s.io/v1", "Event", "y", {
      eventTime: "2026-01-01T00:00:00.123456Z",
      regarding: { kind: "Pod", name: "x", namespace },
      ...{ reason: "R", note: "N", type: "Normal", action: "A" },
      ...{ reportingController: "x/y", reportingInstance: "z" },
    }),
  ];
}

function network(): MinimalObject[] {
  const port = { name: "x", port: { number: 80 } };
  return [
    inside("networking.k8s.io/v1", "Ingress", "x", { spec: { defaultBackend: { service: port } } }),
    inside("networking.k8s.io/v1", "NetworkPolicy", "x", { spec: { podSelector: selector, ingress: [{}] } }),
    named("networking.k8s.io/v1", "IngressClass", "x", { spec: { controller: "a.b/c" } }),
    named("networking.k8s.io/v1", "ServiceCIDR", "x", { spec: { cidrs: ["10.120.0.0/24"] } }),
    named("networking.k8s.io/v1", "IPAddress", "10.120.0.9", {
      spec: { parentRef: { resource: "services", name: "x", namespace } },
    }),
    inside("discovery.k8s.io/v1", "EndpointSlice", "x", {
      addressType: "IPv4",
      ports: [{ name: "", port: 80 }],
      endpoints: [{ addresses: ["1.2.3.4"], conditions: { ready: true } }],
    }),
  ];
}

function storage(): MinimalObject[] {
  const group = "storage.k8s.io/v1";
  return [
    named(group, "StorageClass", "x", { provisioner: "a.b", parameters: { a: "1" } }),
    named(group, "CSIDriver", "csi.x", { spec: { attachRequired: false } }),
    named(group, "CSINode", "x", { spec: { drivers: [{ name: "csi.x", nodeID: "n" }] } }),
    named(group, "VolumeAttachment", "x", {
      spec: { attacher: "csi.x", nodeName: "x", source: { persistentVolumeName: "x" } },
    }),
    named(group, "VolumeAttributesClass", "x", { driverName: "csi.x", parameters: { a: "1" } }),
    inside(group, "CSIStorageCapacity", "x", { storageClassName: "x", capacity: "1Gi" }),
  ];
}

function access(certificateRequest: string): MinimalObject[] {
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "User", name: "u", apiGroup: rbac }];
  const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];
  return [
    inside(`${rbac}/v1`, "Role", "x", { rules }),
    inside(`${rbac}/v1`, "RoleBinding", "x", { subjects, roleRef: { apiGroup: rbac, kind: "Role", name: "x" } }),
    named(`${rbac}/v1`, "ClusterRole", "sweep", { rules }),
    named(`${rbac}/v1`, "ClusterRoleBinding", "sweep", {
      subjects,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "sweep" },
    }),
    named("certificates.k8s.io/v1", "CertificateSigningRequest", "x", {
      spec: { request: certificateRequest, signerName: "example.com/x", usages: ["client auth"] },
    }),
    named("scheduling.k8s.io/v1", "PriorityClass", "x", { value: 10, description: "d" }),
    named("node.k8s.io/v1", "RuntimeClass", "x", { handler: "runc" }),
    named("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "x", {
      spec: {
        priorityLevelConfiguration: { name: "exempt" },
        rules: [
          {
            subjects: [{ kind: "User", user: { name: "u" } }],
            nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }],
          },
        ],
      },
    }),
    named("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "x", {
      spec: { type: "Limited", limited: { limitResponse: { type: "Reject" } } },
    }),
  ];
}

function extension(): MinimalObject[] {
  const group = "admissionregistration.k8s.io/v1";
  const matchConstraints = { resourceRules: matchRules };
  const applyConfiguration = { expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}' };
  const versions = [{ name: "v1", served: true, storage: true, schema, subresources: { status: {} } }];
  return [
    named(group, "ValidatingWebhookConfiguration", "x", { webhooks: [webhook] }),
    named(group, "MutatingWebhookConfiguration", "x", { webhooks: [webhook] }),
    named(group, "ValidatingAdmissionPolicy", "x", {
      spec: { matchConstraints, validations: [{ expression: "object.metadata.name != 'y'" }] },
    }),
    named(group, "ValidatingAdmissionPolicyBinding", "x", { spec: { policyName: "x", validationActions: ["Deny"] } }),
    named(group, "MutatingAdmissionPolicy", "x", {
      spec: {
        matchConstraints,
        reinvocationPolicy: "Never",
        mutations: [{ patchType: "ApplyConfiguration", applyConfiguration }],
      },
    }),
    named(group, "MutatingAdmissionPolicyBinding", "x", { spec: { policyName: "x" } }),
    named("apiextensions.k8s.io/v1", "CustomResourceDefinition", `widgets.${customGroup}`, {
      spec: { group: customGroup, scope: "Namespaced", names: { plural: "widgets", kind: "Widget" }, versions },
    }),
    named("apiregistration.k8s.io/v1", "APIService", "v1.none.example.org", {
      spec: { group: "none.example.org", version: "v1", groupPriorityMinimum: 100, versionPriority: 100 },
    }),
  ];
}

function devices(): MinimalObject[] {
  const group = "resource.k8s.io/v1";
  return [
    named(group, "DeviceClass", "x", { spec: { selectors: [{ cel: { expression: "device.driver == 'a'" } }] } }),
    inside(group, "ResourceClaim", "x", { spec: deviceRequests }),
    inside(group, "ResourceClaimTemplate", "x", { spec: { spec: deviceRequests } }),
    named(group, "ResourceSlice", "x", {
      spec: {
        ...{ driver: "a.b", nodeName: "x", devices: [{ name: "d" }] },
        pool: { name: "p", generation: 1, resourceSliceCount: 1 },
      },
    }),
  ];
}

/** One object, with little more than it must have, of every kind that a server serves by default. */
export function minimalObjects(certificateRequest: string): readonly MinimalObject[] {
  return [
    ...core(),
    ...workloads(),
    ...network(),
    ...storage(),
    ...access(certificateRequest),
    ...extension(),
    ...devices(),
  ];
}

export const customObject = inside(`${customGroup}/v1`, "Widget", "x", { spec: { size: 1 } });
