import type { Clock, Random } from "../../base/index.ts";
import type { Authorizer } from "../authz/contract.ts";
import type { AdmissionSettings } from "./configuration.ts";
import type { AdmissionPlugin } from "./contract.ts";
import type { ClusterObjects } from "./objects.ts";
import { alwaysPullImages } from "./plugins/always-pull-images.ts";
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from "./plugins/certificates.ts";
import { defaultIngressClass } from "./plugins/default-ingress-class.ts";
import { defaultStorageClass } from "./plugins/default-storage-class.ts";
import { defaultTolerationSeconds } from "./plugins/default-toleration-seconds.ts";
import { eventRateLimit } from "./plugins/event-rate-limit.ts";
import { limitRanger } from "./plugins/limit-ranger.ts";
import { namespaceLifecycle } from "./plugins/namespace-lifecycle.ts";
import { nodeRestriction } from "./plugins/node-restriction.ts";
import { imagePolicyWebhook } from "./plugins/image-policy-webhook.ts";
import { namespaceAutoProvision } from "./plugins/namespace-auto-provision.ts";
import { nodeDeclaredFeatureValidator, podResizeValidator } from "./plugins/nodes-of-pods.ts";
import {
  alwaysAdmit,
  alwaysDeny,
  denyServiceExternalIps,
  extendedResourceToleration,
  limitPodHardAntiAffinityTopology,
  namespaceExists,
} from "./plugins/off-by-default.ts";
import { persistentVolumeClaimResize } from "./plugins/persistent-volume-claim-resize.ts";
import { ownerReferencesPermissionEnforcement } from "./plugins/owner-references.ts";
import { podNodeSelector } from "./plugins/pod-node-selector.ts";
import { podTolerationRestriction } from "./plugins/pod-toleration-restriction.ts";
import { podTopologyLabels } from "./plugins/pod-topology-labels.ts";
import { podSecurity } from "./plugins/pod-security.ts";
import { priority } from "./plugins/priority.ts";
import { resourceQuota } from "./plugins/resource-quota.ts";
import { runtimeClass } from "./plugins/runtime-class.ts";
import { serviceAccount } from "./plugins/service-account.ts";
import { storageObjectInUseProtection } from "./plugins/storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./plugins/taint-nodes-by-condition.ts";

export interface AdmissionInputs {
  readonly objects: ClusterObjects;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  /** From `--admission-control-config-file`. */
  readonly settings?: AdmissionSettings;
  /** Webhooks and policies: they run after all built-in plug-ins but quota. */
  readonly dynamic?: readonly AdmissionPlugin[];
}

/** What plug-ins read; filled before the first request. */
export const admissionReads: readonly (readonly [group: string, resource: string])[] = [
  ["", "namespaces"],
  ["", "services"],
  ["", "serviceaccounts"],
  ["", "limitranges"],
  ["", "resourcequotas"],
  ["", "pods"],
  ["", "nodes"],
  ["resource.k8s.io", "deviceclasses"],
  ["resource.k8s.io", "resourceclaims"],
  ["scheduling.k8s.io", "priorityclasses"],
  ["storage.k8s.io", "storageclasses"],
  ["networking.k8s.io", "ingressclasses"],
  ["node.k8s.io", "runtimeclasses"],
  ["admissionregistration.k8s.io", "mutatingwebhookconfigurations"],
  ["admissionregistration.k8s.io", "validatingwebhookconfigurations"],
  ["admissionregistration.k8s.io", "mutatingadmissionpolicies"],
  ["admissionregistration.k8s.io", "mutatingadmissionpolicybindings"],
  ["admissionregistration.k8s.io", "validatingadmissionpolicies"],
  ["admissionregistration.k8s.io", "validatingadmissionpolicybindings"],
];

/** What a gate that is off here keeps from doing anything: there is no such resource. */
const idle = (name: string): AdmissionPlugin => ({ name, handles: () => false });

/** The plug-ins in upstream's order, those too that are off by default: see `select.ts`. */
export function admissionPlugins(inputs: AdmissionInputs): readonly AdmissionPlugin[] {
  const { objects, authorizer, clock, dynamic = [], settings = {} } = inputs;
  return [
    alwaysAdmit,
    namespaceAutoProvision(objects),
    namespaceLifecycle(objects),
    namespaceExists(objects),
    limitPodHardAntiAffinityTopology,
    limitRanger(objects),
    serviceAccount(inputs),
    nodeRestriction(objects),
    taintNodesByCondition,
    alwaysPullImages,
    imagePolicyWebhook(settings.imagePolicy, clock),
    podSecurity(objects, settings.podSecurity),
    podNodeSelector(objects, settings.nodeSelectors),
    priority(objects),
    defaultTolerationSeconds(settings.tolerationSeconds),
    podTolerationRestriction(objects, settings.tolerations),
    eventRateLimit(settings.eventLimits ?? [], clock),
    extendedResourceToleration,
    defaultStorageClass(objects),
    storageObjectInUseProtection,
    idle("PodGroupProtection"),
    ownerReferencesPermissionEnforcement(objects, authorizer),
    persistentVolumeClaimResize(objects),
    runtimeClass(objects),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    clusterTrustBundleAttest(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(objects),
    denyServiceExternalIps,
    podTopologyLabels(objects),
    idle("PodGroupWorkloadExists"),
    nodeDeclaredFeatureValidator(objects),
    idle("JobValidation"),
    podResizeValidator(objects),
    ...dynamic,
    resourceQuota(objects, clock, settings.limitedResources),
    alwaysDeny,
  ];
}
