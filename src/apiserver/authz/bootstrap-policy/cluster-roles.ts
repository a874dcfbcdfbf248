import { eventsRule } from "./rules.ts";

export interface BootstrapRole {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Filled from all roles with this label, by the aggregation controller. */
  readonly aggregates?: string;
  /** See `rule` for the notation. */
  readonly rules: readonly string[];
}

const aggregateTo = (target: "admin" | "edit" | "view"): Readonly<Record<string, string>> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${target}`]: "true",
});

const aggregated = (name: "admin" | "edit" | "view", labels?: Readonly<Record<string, string>>): BootstrapRole => ({
  name,
  aggregates: `rbac.authorization.k8s.io/aggregate-to-${name}`,
  ...(labels === undefined ? {} : { labels }),
  rules: [],
});

const approver = (signer: string): string => `approve | certificates | signers | kubernetes.io/${signer}`;

/** The user-facing roles and those of the system's own components. Upstream: "Default roles and role bindings". */
export const clusterRoles: readonly BootstrapRole[] = [
  { name: "cluster-admin", rules: ["* | * | *", "* | *"] },
  aggregated("admin"),
  aggregated("edit", aggregateTo("admin")),
  aggregated("view", aggregateTo("edit")),
  {
    name: "system:aggregate-to-admin",
    labels: aggregateTo("admin"),
    rules: ["create | authorization | localsubjectaccessreviews", "write read | rbac | rolebindings roles"],
  },
  {
    name: "system:aggregate-to-edit",
    labels: aggregateTo("edit"),
    rules: [
      "read | core | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
      "impersonate | core | serviceaccounts",
      "write | core | pods pods/attach pods/exec pods/portforward pods/proxy",
      "create | core | pods/eviction",
      "write | core | configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
      "create | core | serviceaccounts/token",
      "write | core events | events",
      "write | apps | daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
      "write | autoscaling | horizontalpodautoscalers",
      "write | batch | cronjobs jobs",
      "write | extensions | daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
      "write | policy | poddisruptionbudgets",
      "write | networking | ingresses networkpolicies",
      "write read | coordination | leases",
      "write | resource | resourceclaims resourceclaimtemplates",
      "GenericWorkload: write | scheduling | podgroups workloads",
    ],
  },
  {
    name: "system:aggregate-to-view",
    labels: aggregateTo("view"),
    rules: [
      "read | core | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
      "read | core | bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
      "read | core | namespaces",
      "read | core events | events",
      "read | discovery | endpointslices",
      "read | apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
      "read | autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status",
      "read | batch | cronjobs cronjobs/status jobs jobs/status",
      "read | extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
      "read | policy | poddisruptionbudgets poddisruptionbudgets/status",
      "read | networking | ingresses ingresses/status networkpolicies",
      "read | resource | resourceclaims resourceclaims/status resourceclaimtemplates",
      "GenericWorkload: read | scheduling | podgroups podgroups/status workloads",
    ],
  },
  {
    name: "system:auth-delegator",
    rules: ["create | authentication | tokenreviews", "create | authorization | subjectaccessreviews"],
  },
  {
    name: "system:basic-user",
    rules: [
      "create | authorization | selfsubjectaccessreviews selfsubjectrulesreviews",
      "create | authentication | selfsubjectreviews",
    ],
  },
  {
    name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    rules: ["create | certificates | certificatesigningrequests/nodeclient"],
  },
  {
    name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    rules: ["create | certificates | certificatesigningrequests/selfnodeclient"],
  },
  { name: "system:certificates.k8s.io:kube-apiserver-client-approver", rules: [approver("kube-apiserver-client")] },
  {
    name: "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    rules: [approver("kube-apiserver-client-kubelet")],
  },
  { name: "system:certificates.k8s.io:kubelet-serving-approver", rules: [approver("kubelet-serving")] },
  { name: "system:certificates.k8s.io:legacy-unknown-approver", rules: [approver("legacy-unknown")] },
  { name: "system:cluster-trust-bundle-discovery", rules: ["read | certificates | clustertrustbundles"] },
  {
    name: "system:discovery",
    rules: ["get | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"],
  },
  {
    name: "system:heapster",
    rules: ["read | core | events namespaces nodes pods", "read | extensions | deployments"],
  },
  { name: "system:kube-aggregator", rules: ["read | core | endpoints services"] },
  {
    name: "system:kube-controller-manager",
    rules: [
      eventsRule,
      "create | coordination | leases",
      "get update | coordination | leases | kube-controller-manager",
      "create | core | secrets serviceaccounts",
      "delete | core | secrets",
      "get | core | configmaps namespaces secrets serviceaccounts",
      "update | core | secrets serviceaccounts",
      "create | authentication | tokenreviews",
      "create | authorization | subjectaccessreviews",
      "list watch | * | *",
      "create | core | serviceaccounts/token",
    ],
  },
  { name: "system:kube-dns", rules: ["list watch | core | endpoints services"] },
  {
    name: "system:kube-scheduler",
    rules: [
      eventsRule,
      "create | coordination | leases",
      "get list update watch | coordination | leases | kube-scheduler",
      "read write | coordination | leasecandidates",
      "read | core | nodes",
      "delete read | core | pods",
      "create | core | bindings pods/binding",
      "patch update | core | pods/status",
      "read | core | replicationcontrollers services",
      "read | apps extensions | replicasets",
      "read | apps | statefulsets",
      "read | policy | poddisruptionbudgets",
      "read | core | persistentvolumeclaims persistentvolumes",
      "create | authentication | tokenreviews",
      "create | authorization | subjectaccessreviews",
      "read | storage | csinodes",
      "read | storage | volumeattachments",
      "read | core | namespaces",
      "read | storage | csidrivers",
      "read | storage | csistoragecapacities",
      "read | resource | deviceclasses",
      "read patch update | resource | resourceclaims",
      "read patch update | resource | resourceclaims/status",
      "update | core | pods/finalizers",
      "read | resource | resourceslices",
      "DRAExtendedResource: create delete | resource | resourceclaims",
      "DRADeviceTaintRules: read | resource | devicetaintrules",
      "DRAResourceClaimGranularStatusAuthorization: patch update | resource | resourceclaims/binding",
      "GenericWorkload: read | scheduling | podgroups",
      "GenericWorkload: patch update | scheduling | podgroups/status",
    ],
  },
  {
    name: "system:kubelet-api-admin",
    rules: [
      "read | core | nodes",
      "proxy | core | nodes",
      "* | core | nodes/log nodes/metrics nodes/proxy nodes/stats",
      "KubeletFineGrainedAuthz: * | core | nodes/configz nodes/healthz nodes/pods",
    ],
  },
  {
    name: "system:monitoring",
    rules: [
      "get | /flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz",
      "get | core | nodes/metrics",
    ],
  },
  {
    name: "system:node",
    rules: [
      "create | authentication | tokenreviews",
      "create | authorization | localsubjectaccessreviews subjectaccessreviews",
      "read | core | services",
      "create read | core | nodes",
      "patch update | core | nodes/status",
      "patch update | core | nodes",
      "create patch update | core events | events",
      "read | core | pods",
      "create delete | core | pods",
      "patch update | core | pods/status",
      "create | core | pods/eviction",
      "read | core | configmaps secrets",
      "get | core | persistentvolumeclaims persistentvolumes",
      "get | core | endpoints",
      "create read | certificates | certificatesigningrequests",
      "create delete get patch update | coordination | leases",
      "get | storage | volumeattachments",
      "create | core | serviceaccounts/token",
      "get patch update | core | persistentvolumeclaims/status",
      "read | storage | csidrivers",
      "create delete get patch update | storage | csinodes",
      "read | node | runtimeclasses",
      "get | resource | resourceclaims",
      "deletecollection | resource | resourceslices",
      "ClusterTrustBundle: read | certificates | clustertrustbundles",
      "KubeletServiceAccountTokenForCredentialProviders: get | core | serviceaccounts",
      "PodCertificateRequest: create read | certificates | podcertificaterequests",
    ],
  },
  { name: "system:node-bootstrapper", rules: ["create read | certificates | certificatesigningrequests"] },
  {
    name: "system:node-problem-detector",
    rules: ["get | core | nodes", "patch | core | nodes/status", eventsRule],
  },
  {
    name: "system:node-proxier",
    rules: [
      "list watch | core | endpoints services",
      "read | core | nodes",
      eventsRule,
      "list watch | networking | servicecidrs",
      "list watch | discovery | endpointslices",
    ],
  },
  {
    name: "system:persistent-volume-provisioner",
    rules: [
      "create delete read | core | persistentvolumes",
      "read update | core | persistentvolumeclaims",
      "read | storage | storageclasses",
      "watch | core | events",
      eventsRule,
    ],
  },
  { name: "system:public-info-viewer", rules: ["get | /healthz /livez /readyz /version /version/"] },
  {
    name: "system:service-account-issuer-discovery",
    rules: [
      "get | /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
    ],
  },
  {
    name: "system:volume-scheduler",
    rules: [
      "read patch update | core | persistentvolumes",
      "read | storage | storageclasses",
      "read patch update | core | persistentvolumeclaims",
    ],
  },
];
