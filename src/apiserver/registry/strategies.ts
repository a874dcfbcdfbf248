import type { CronJob, Pod, PodSpec, PodTemplate } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { Features } from "../../component/index.ts";
import { volumeAttributesClassStrategy } from "./storage/attributes-class.ts";
import { csiStorageCapacityStrategy } from "./storage/capacity.ts";
import { gatedSliceFields, resourceSliceStrategy } from "./resource/resource-slice.ts";
import { resourceClaimStrategy, resourceClaimTemplateStrategy } from "./resource/resource-claim.ts";
import { deviceClassStrategy } from "./resource/device-class.ts";
import { mutatingPolicyBindingStrategy, mutatingPolicyStrategy } from "./admissionregistration/mutating-policies.ts";
import { priorityLevelStrategy } from "./flowcontrol/priority-level-configuration.ts";
import { flowSchemaStrategy } from "./flowcontrol/flow-schema.ts";
import { apiServiceStrategy } from "./apiregistration/api-service.ts";
import { runtimeClassStrategy } from "./node/runtime-class.ts";
import { priorityClassStrategy } from "./scheduling/priority-class.ts";
import { podDisruptionBudgetStrategy } from "./policy/pod-disruption-budget.ts";
import { autoscalerStrategy, autoscalerV1Strategy } from "./autoscaling/horizontal-pod-autoscaler.ts";
import { validatingPolicyBindingStrategy, validatingPolicyStrategy } from "./admissionregistration/policies.ts";
import { mutatingWebhookStrategy, validatingWebhookStrategy } from "./admissionregistration/webhooks.ts";
import { controllerRevisionStrategy } from "./apps/controller-revision.ts";
import { daemonSetStrategy } from "./apps/daemon-set.ts";
import { deploymentStrategy } from "./apps/deployment.ts";
import { replicaSetStrategy } from "./apps/replica-set.ts";
import { gatedSetFields, statefulSetStrategy } from "./apps/stateful-set.ts";
import { cronJobStrategy } from "./batch/cron-job.ts";
import { jobStrategy } from "./batch/job.ts";
import { certificateSigningRequestStrategy } from "./certificates/certificate-signing-request.ts";
import {
  type GatedField,
  gatedPodFields,
  gatedPodStatusFields,
  type GateState,
  withGatedFields,
} from "./common/gated-fields.ts";
import type { Strategy } from "./contract.ts";
import { gatedLeaseFields, leaseStrategy } from "./coordination/lease.ts";
import { componentStatusStrategy } from "./core/component-status.ts";
import { configMapStrategy } from "./core/config-map.ts";
import { endpointsStrategy } from "./core/endpoints.ts";
import { coreEventStrategy, eventStrategy } from "./core/event.ts";
import { limitRangeStrategy } from "./core/limit-range.ts";
import { namespaceStrategy } from "./core/namespace.ts";
import { nodeStrategy } from "./core/node.ts";
import { persistentVolumeStrategy } from "./core/persistent-volume.ts";
import { gatedClaimFields, persistentVolumeClaimStrategy } from "./core/persistent-volume-claim.ts";
import { podTemplateStrategy } from "./core/pod-template.ts";
import { podStrategy } from "./core/pods/strategy.ts";
import { replicationControllerStrategy } from "./core/replication-controller.ts";
import { resourceQuotaStrategy } from "./core/resource-quota.ts";
import { secretStrategy } from "./core/secret.ts";
import { serviceStrategy } from "./core/service.ts";
import { serviceAccountStrategy } from "./core/service-account.ts";
import { definitionStrategy } from "../customresources/definition/strategy.ts";
import type { StrategyTable } from "./descriptors.ts";
import { metadataRulesOf } from "./metadata-rules.ts";
import { endpointSliceStrategy } from "./discovery/endpoint-slice.ts";
import { ipAddressStrategy, serviceCidrStrategy } from "./networking/addresses.ts";
import { ingressStrategy } from "./networking/ingress.ts";
import { ingressClassStrategy } from "./networking/ingress-class.ts";
import { networkPolicyStrategy } from "./networking/network-policy.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "./rbac/strategies.ts";
import { csiDriverStrategy, csiNodeStrategy, gatedDriverFields } from "./storage/drivers.ts";
import { storageClassStrategy } from "./storage/storage-class.ts";
import { volumeAttachmentStrategy } from "./storage/volume-attachment.ts";

const rbac = "rbac.authorization.k8s.io";

interface Templated {
  readonly spec?: { readonly template?: { readonly spec?: PodSpec } };
}

const templateFields = gatedPodFields<Templated>(({ spec }) => spec?.template?.spec);

/** What feature gates hide of which resource. */
const gatedFields: ReadonlyMap<string, readonly GatedField<never>[]> = new Map<string, readonly GatedField<never>[]>([
  ["/pods", [...gatedPodFields<Pod>(({ spec }) => spec), ...gatedPodStatusFields]],
  ["/podtemplates", gatedPodFields<PodTemplate>(({ template }) => template?.spec)],
  ["/replicationcontrollers", templateFields],
  ["apps/daemonsets", templateFields],
  ["apps/deployments", templateFields],
  ["apps/replicasets", templateFields],
  ["apps/statefulsets", [...templateFields, ...gatedSetFields]],
  ["batch/jobs", templateFields],
  ["batch/cronjobs", gatedPodFields<CronJob>(({ spec }) => spec?.jobTemplate.spec?.template?.spec)],
  ["/persistentvolumeclaims", gatedClaimFields],
  ["coordination.k8s.io/v1/leases", gatedLeaseFields],
  ["resource.k8s.io/resourceslices", gatedSliceFields],
  ["storage.k8s.io/v1/csidrivers", gatedDriverFields],
]);

const strategies: Readonly<Record<string, Strategy>> = {
  "/componentstatuses": componentStatusStrategy,
  "/configmaps": configMapStrategy,
  "/endpoints": endpointsStrategy,
  "/events": coreEventStrategy,
  "/limitranges": limitRangeStrategy,
  "/namespaces": namespaceStrategy,
  "/nodes": nodeStrategy,
  "/persistentvolumeclaims": persistentVolumeClaimStrategy,
  "/persistentvolumes": persistentVolumeStrategy,
  "/pods": podStrategy,
  "/podtemplates": podTemplateStrategy,
  "/replicationcontrollers": replicationControllerStrategy,
  "/resourcequotas": resourceQuotaStrategy,
  "/secrets": secretStrategy,
  "/serviceaccounts": serviceAccountStrategy,
  "/services": serviceStrategy,
  "admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": mutatingWebhookStrategy,
  "admissionregistration.k8s.io/v1/validatingadmissionpolicies": validatingPolicyStrategy,
  "admissionregistration.k8s.io/v1/validatingadmissionpolicybindings": validatingPolicyBindingStrategy,
  "admissionregistration.k8s.io/v1/validatingwebhookconfigurations": validatingWebhookStrategy,
  "apiextensions.k8s.io/customresourcedefinitions": definitionStrategy,
  "apps/controllerrevisions": controllerRevisionStrategy,
  "apps/daemonsets": daemonSetStrategy,
  "apps/deployments": deploymentStrategy,
  "apps/replicasets": replicaSetStrategy,
  "apps/statefulsets": statefulSetStrategy,
  "batch/cronjobs": cronJobStrategy,
  "batch/jobs": jobStrategy,
  "certificates.k8s.io/v1/certificatesigningrequests": certificateSigningRequestStrategy,
  "coordination.k8s.io/v1/leases": leaseStrategy,
  "discovery.k8s.io/v1/endpointslices": endpointSliceStrategy,
  "events.k8s.io/events": eventStrategy,
  "autoscaling/v1/horizontalpodautoscalers": autoscalerV1Strategy,
  "autoscaling/v2/horizontalpodautoscalers": autoscalerStrategy,
  "apiregistration.k8s.io/apiservices": apiServiceStrategy,
  "node.k8s.io/runtimeclasses": runtimeClassStrategy,
  "policy/poddisruptionbudgets": podDisruptionBudgetStrategy,
  "scheduling.k8s.io/priorityclasses": priorityClassStrategy,
  "networking.k8s.io/v1/ingressclasses": ingressClassStrategy,
  "networking.k8s.io/v1/ingresses": ingressStrategy,
  "networking.k8s.io/v1/ipaddresses": ipAddressStrategy,
  "networking.k8s.io/v1/networkpolicies": networkPolicyStrategy,
  "networking.k8s.io/v1/servicecidrs": serviceCidrStrategy,
  "flowcontrol.apiserver.k8s.io/flowschemas": flowSchemaStrategy,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": priorityLevelStrategy,
  "admissionregistration.k8s.io/mutatingadmissionpolicies": mutatingPolicyStrategy,
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": mutatingPolicyBindingStrategy,
  "resource.k8s.io/deviceclasses": deviceClassStrategy,
  "resource.k8s.io/resourceclaims": resourceClaimStrategy,
  "resource.k8s.io/resourceclaimtemplates": resourceClaimTemplateStrategy,
  "resource.k8s.io/resourceslices": resourceSliceStrategy,
  "storage.k8s.io/v1/csistoragecapacities": csiStorageCapacityStrategy,
  "storage.k8s.io/v1/volumeattributesclasses": volumeAttributesClassStrategy,
  [`${rbac}/roles`]: roles,
  [`${rbac}/rolebindings`]: roleBindings,
  [`${rbac}/clusterroles`]: clusterRoles,
  [`${rbac}/clusterrolebindings`]: clusterRoleBindings,
  "storage.k8s.io/v1/csidrivers": csiDriverStrategy,
  "storage.k8s.io/v1/csinodes": csiNodeStrategy,
  "storage.k8s.io/v1/storageclasses": storageClassStrategy,
  "storage.k8s.io/v1/volumeattachments": volumeAttachmentStrategy,
} as Readonly<Record<string, Strategy>>;

/**
 * Which strategy serves which resource: `group/resource`, or `group/version/resource` where versions differ. `isOn`
 * says of feature gates whether they are on.
 */
export function strategiesFor(isOn: GateState): StrategyTable {
  return new Map<string, Strategy>(
    Object.entries(strategies).map(([resource, strategy]) => {
      const gated = (gatedFields.get(resource) ?? []) as readonly GatedField<KubeObject>[];
      const shown = withGatedFields(strategy, gated, isOn);
      return [resource, { ...shown, metadata: metadataRulesOf(resource) }];
    }),
  );
}

const byDefault = new Features();

export const builtInStrategies: StrategyTable = strategiesFor((gate) => byDefault.enabled(gate));
