import type {
  APIService,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  DeviceClass,
  EndpointSlice,
  Endpoints,
  Event,
  HorizontalPodAutoscaler,
  IPAddress,
  Ingress,
  IngressClass,
  Job,
  Lease,
  LimitRange,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  PriorityClass,
  ReplicaSet,
  ReplicationController,
  ResourceClaimTemplate,
  resourceV1,
  ResourceQuota,
  ResourceSlice,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  ServiceCIDR,
  StatefulSet,
  StorageClass,
  ValidatingAdmissionPolicy,
  VolumeAttachment,
  VolumeAttributesClass,
} from "../api/index.ts";
import type { GroupVersionResource, KubeObject } from "../apimachinery/index.ts";
import type { Client, ResourceClient } from "./contract.ts";
import type { Informer, InformerFactory } from "./informer-contract.ts";
import type { InformerRequest } from "./informer/factory.ts";

/** A built-in resource and the type of its objects. `T` is there for the compiler only. */
export interface ResourceKind<T extends KubeObject> extends GroupVersionResource {
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Never set. */
  readonly type?: T;
}

function define<T extends KubeObject>(
  group: string,
  version: string,
  resource: string,
  kind: string,
  scope: "namespaced" | "cluster",
): ResourceKind<T> {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return Object.freeze({ group, version, resource, kind, apiVersion, namespaced: scope === "namespaced" });
}

/** The built-in resources that components work with, by their plural names. */
export const kinds = {
  pods: define<Pod>("", "v1", "pods", "Pod", "namespaced"),
  nodes: define<Node>("", "v1", "nodes", "Node", "cluster"),
  services: define<Service>("", "v1", "services", "Service", "namespaced"),
  endpoints: define<Endpoints>("", "v1", "endpoints", "Endpoints", "namespaced"),
  namespaces: define<Namespace>("", "v1", "namespaces", "Namespace", "cluster"),
  serviceaccounts: define<ServiceAccount>("", "v1", "serviceaccounts", "ServiceAccount", "namespaced"),
  configmaps: define<ConfigMap>("", "v1", "configmaps", "ConfigMap", "namespaced"),
  secrets: define<Secret>("", "v1", "secrets", "Secret", "namespaced"),
  events: define<Event>("", "v1", "events", "Event", "namespaced"),
  replicationcontrollers: define<ReplicationController>(
    "",
    "v1",
    "replicationcontrollers",
    "ReplicationController",
    "namespaced",
  ),
  persistentvolumes: define<PersistentVolume>("", "v1", "persistentvolumes", "PersistentVolume", "cluster"),
  persistentvolumeclaims: define<PersistentVolumeClaim>(
    "",
    "v1",
    "persistentvolumeclaims",
    "PersistentVolumeClaim",
    "namespaced",
  ),
  resourcequotas: define<ResourceQuota>("", "v1", "resourcequotas", "ResourceQuota", "namespaced"),
  limitranges: define<LimitRange>("", "v1", "limitranges", "LimitRange", "namespaced"),
  podtemplates: define<PodTemplate>("", "v1", "podtemplates", "PodTemplate", "namespaced"),
  deployments: define<Deployment>("apps", "v1", "deployments", "Deployment", "namespaced"),
  replicasets: define<ReplicaSet>("apps", "v1", "replicasets", "ReplicaSet", "namespaced"),
  statefulsets: define<StatefulSet>("apps", "v1", "statefulsets", "StatefulSet", "namespaced"),
  daemonsets: define<DaemonSet>("apps", "v1", "daemonsets", "DaemonSet", "namespaced"),
  controllerrevisions: define<ControllerRevision>(
    "apps",
    "v1",
    "controllerrevisions",
    "ControllerRevision",
    "namespaced",
  ),
  jobs: define<Job>("batch", "v1", "jobs", "Job", "namespaced"),
  cronjobs: define<CronJob>("batch", "v1", "cronjobs", "CronJob", "namespaced"),
  horizontalpodautoscalers: define<HorizontalPodAutoscaler>(
    "autoscaling",
    "v2",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    "namespaced",
  ),
  endpointslices: define<EndpointSlice>("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "namespaced"),
  leases: define<Lease>("coordination.k8s.io", "v1", "leases", "Lease", "namespaced"),
  poddisruptionbudgets: define<PodDisruptionBudget>(
    "policy",
    "v1",
    "poddisruptionbudgets",
    "PodDisruptionBudget",
    "namespaced",
  ),
  certificatesigningrequests: define<CertificateSigningRequest>(
    "certificates.k8s.io",
    "v1",
    "certificatesigningrequests",
    "CertificateSigningRequest",
    "cluster",
  ),
  clusterroles: define<ClusterRole>("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "cluster"),
  clusterrolebindings: define<ClusterRoleBinding>(
    "rbac.authorization.k8s.io",
    "v1",
    "clusterrolebindings",
    "ClusterRoleBinding",
    "cluster",
  ),
  roles: define<Role>("rbac.authorization.k8s.io", "v1", "roles", "Role", "namespaced"),
  rolebindings: define<RoleBinding>("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "namespaced"),
  storageclasses: define<StorageClass>("storage.k8s.io", "v1", "storageclasses", "StorageClass", "cluster"),
  volumeattachments: define<VolumeAttachment>(
    "storage.k8s.io",
    "v1",
    "volumeattachments",
    "VolumeAttachment",
    "cluster",
  ),
  csidrivers: define<CSIDriver>("storage.k8s.io", "v1", "csidrivers", "CSIDriver", "cluster"),
  csinodes: define<CSINode>("storage.k8s.io", "v1", "csinodes", "CSINode", "cluster"),
  csistoragecapacities: define<CSIStorageCapacity>(
    "storage.k8s.io",
    "v1",
    "csistoragecapacities",
    "CSIStorageCapacity",
    "namespaced",
  ),
  volumeattributesclasses: define<VolumeAttributesClass>(
    "storage.k8s.io",
    "v1",
    "volumeattributesclasses",
    "VolumeAttributesClass",
    "cluster",
  ),
  ingresses: define<Ingress>("networking.k8s.io", "v1", "ingresses", "Ingress", "namespaced"),
  ingressclasses: define<IngressClass>("networking.k8s.io", "v1", "ingressclasses", "IngressClass", "cluster"),
  networkpolicies: define<NetworkPolicy>("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "namespaced"),
  servicecidrs: define<ServiceCIDR>("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", "cluster"),
  ipaddresses: define<IPAddress>("networking.k8s.io", "v1", "ipaddresses", "IPAddress", "cluster"),
  priorityclasses: define<PriorityClass>("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", "cluster"),
  resourceclaims: define<resourceV1.ResourceClaim>(
    "resource.k8s.io",
    "v1",
    "resourceclaims",
    "ResourceClaim",
    "namespaced",
  ),
  resourceclaimtemplates: define<ResourceClaimTemplate>(
    "resource.k8s.io",
    "v1",
    "resourceclaimtemplates",
    "ResourceClaimTemplate",
    "namespaced",
  ),
  resourceslices: define<ResourceSlice>("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", "cluster"),
  deviceclasses: define<DeviceClass>("resource.k8s.io", "v1", "deviceclasses", "DeviceClass", "cluster"),
  validatingadmissionpolicies: define<ValidatingAdmissionPolicy>(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    "cluster",
  ),
  runtimeclasses: define<RuntimeClass>("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", "cluster"),
  customresourcedefinitions: define<CustomResourceDefinition>(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    "cluster",
  ),
  apiservices: define<APIService>("apiregistration.k8s.io", "v1", "apiservices", "APIService", "cluster"),
} as const;

export type KindName = keyof typeof kinds;
export type ObjectOf<N extends KindName> = (typeof kinds)[N] extends ResourceKind<infer T> ? T : never;
export type TypedClient = { readonly [N in KindName]: ResourceClient<ObjectOf<N>> };

/** Access by name with types: `typed(client).pods.namespace("default").list()`. */
export function typed(client: Client): TypedClient {
  return new Proxy({} as TypedClient, {
    get: (_target, name) => {
      const kind = kinds[name as KindName];
      return kind === undefined ? undefined : client.resource(kind);
    },
  });
}

export function resourceOf<T extends KubeObject>(client: Client, kind: ResourceKind<T>): ResourceClient<T> {
  return client.resource<T>(kind);
}

export function informerOf<T extends KubeObject>(
  factory: InformerFactory,
  kind: ResourceKind<T>,
  options?: InformerRequest<T>,
): Informer<T> {
  return factory.informer<T>(kind, options);
}
