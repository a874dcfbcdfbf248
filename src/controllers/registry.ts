import { deploymentController } from "./deployment/deployment-controller.ts";
import type { ControllerDescriptor } from "./descriptor.ts";
import { endpointSliceController } from "./endpoints/endpointslice-controller.ts";
import { endpointsController } from "./endpoints/endpoints-controller.ts";
import { namespaceController } from "./namespace/namespace-controller.ts";
import { replicaSetController } from "./replicaset/replicaset-controller.ts";
import { replicationControllerController } from "./replicationcontroller/replicationcontroller-controller.ts";
import { rootCaCertificatePublisherController } from "./root-ca-certificate-publisher/root-ca-certificate-publisher-controller.ts";
import { serviceAccountController } from "./serviceaccount/serviceaccount-controller.ts";
import { garbageCollectorController } from "./garbage-collector/garbage-collector-controller.ts";
import { nodeLifecycleController } from "./node-lifecycle/node-lifecycle-controller.ts";
import { taintEvictionController } from "./taint-eviction/taint-eviction-controller.ts";
import { nodeIpamController } from "./node-ipam/node-ipam-controller.ts";
import { daemonSetController } from "./daemonset/daemonset-controller.ts";
import { jobController } from "./job/job-controller.ts";
import { statefulSetController } from "./statefulset/statefulset-controller.ts";
import { podGarbageCollectorController } from "./pod-garbage-collector/pod-garbage-collector-controller.ts";
import { ttlController } from "./ttl/ttl-controller.ts";
import { cronJobController } from "./cronjob/cronjob-controller.ts";
import { ttlAfterFinishedController } from "./ttl-after-finished/ttl-after-finished-controller.ts";
import { clusterRoleAggregationController } from "./clusterrole-aggregation/clusterrole-aggregation-controller.ts";
import { persistentVolumeClaimProtectionController } from "./persistentvolumeclaim-protection/persistentvolumeclaim-protection-controller.ts";
import { persistentVolumeProtectionController } from "./persistentvolume-protection/persistentvolume-protection-controller.ts";
import { ephemeralVolumeController } from "./ephemeral-volume/ephemeral-volume-controller.ts";
import { disruptionController } from "./disruption/disruption-controller.ts";
import { certificateApprovingController } from "./certificatesigningrequest/approving-controller.ts";
import { certificateSigningController } from "./certificatesigningrequest/signing-controller.ts";
import { certificateCleanerController } from "./certificatesigningrequest/cleaner-controller.ts";
import { persistentVolumeBinderController } from "./persistentvolume-binder/persistentvolume-binder-controller.ts";
import { resourceQuotaController } from "./resourcequota/resourcequota-controller.ts";
import { horizontalPodAutoscalerController } from "./horizontal-pod-autoscaler/horizontal-pod-autoscaler-controller.ts";
import { endpointSliceMirroringController } from "./endpointslice-mirroring/endpointslice-mirroring-controller.ts";
import { tokenCleanerController } from "./bootstrap-tokens/token-cleaner-controller.ts";
import { bootstrapSignerController } from "./bootstrap-tokens/bootstrap-signer-controller.ts";
import { persistentVolumeExpanderController } from "./persistentvolume-expander/persistentvolume-expander-controller.ts";
import { validatingAdmissionPolicyStatusController } from "./validatingadmissionpolicy-status/validatingadmissionpolicy-status-controller.ts";
import { volumeAttributesClassProtectionController } from "./volumeattributesclass-protection/volumeattributesclass-protection-controller.ts";
import { serviceCidrController } from "./service-cidr/service-cidr-controller.ts";
import { resourceClaimController } from "./resourceclaim/resourceclaim-controller.ts";
import { serviceAccountTokenController } from "./serviceaccount-token/serviceaccount-token-controller.ts";
import { legacyServiceAccountTokenCleanerController } from "./legacy-serviceaccount-token-cleaner/legacy-serviceaccount-token-cleaner-controller.ts";
import { persistentVolumeAttachDetachController } from "./persistentvolume-attach-detach/persistentvolume-attach-detach-controller.ts";
import { deviceTaintEvictionController } from "./device-taint-eviction/device-taint-eviction-controller.ts";
import { selinuxWarningController } from "./selinux-warning/selinux-warning-controller.ts";
import { storageVersionMigratorController } from "./storage-version-migrator/storage-version-migrator-controller.ts";

/** Every controller, in the order in which they are made. */
export const controllers: readonly ControllerDescriptor[] = [
  namespaceController,
  serviceAccountController,
  serviceAccountTokenController,
  legacyServiceAccountTokenCleanerController,
  rootCaCertificatePublisherController,
  replicaSetController,
  replicationControllerController,
  deploymentController,
  daemonSetController,
  statefulSetController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  endpointsController,
  endpointSliceController,
  endpointSliceMirroringController,
  garbageCollectorController,
  nodeLifecycleController,
  taintEvictionController,
  deviceTaintEvictionController,
  nodeIpamController,
  ttlController,
  serviceCidrController,
  podGarbageCollectorController,
  clusterRoleAggregationController,
  persistentVolumeBinderController,
  persistentVolumeAttachDetachController,
  persistentVolumeExpanderController,
  persistentVolumeClaimProtectionController,
  persistentVolumeProtectionController,
  volumeAttributesClassProtectionController,
  selinuxWarningController,
  ephemeralVolumeController,
  resourceClaimController,
  disruptionController,
  horizontalPodAutoscalerController,
  resourceQuotaController,
  certificateApprovingController,
  certificateSigningController,
  certificateCleanerController,
  bootstrapSignerController,
  tokenCleanerController,
  validatingAdmissionPolicyStatusController,
  storageVersionMigratorController,
];
