/**
 * Names of fields of built-in kinds whose Go type is a pointer to a struct wherever they stand: there an empty object
 * says something else than none (`emptyDir: {}`, `namespaceSelector: {}`). Added are `podSelector`, `selector`
 * and `resources`, which are values or maps in a few places, but there are written always or never empty, and `capacity`,
 * of which whoever asks tells the places apart.
 */
export const pointerFields: ReadonlySet<string> = new Set(
  `
active additionalItems additionalProperties affinity aggregationRule allocation appArmorProfile applyConfiguration
assigned attachError awsElasticBlockStore azureDisk azureFile behavior boundObjectRef capabilities capacity cel cephfs cinder
claimRef clientIP clusterTrustBundle config configMap configMapKeyRef configMapRef configSource containerResource
controllerExpandSecretRef controllerPublishSecretRef conversion csi dataSource dataSourceRef defaultBackend
deleteOptions detachError distinguisherMethod dnsConfig downwardAPI emptyDir ephemeral exactly example exec exempt
exitCodes extendedResourceClaimStatus external externalDocs fc features fieldRef fieldSelector fileKeyRef flexVolume
flocker gcePersistentDisk gitRepo glusterfs group grpc hints hostPath http httpGet image inlineVolumeSpec ipBlock
iscsi items jsonPatch labelSelector lastKnownGood lifecycle limited linux livenessProbe local matchConstraints
matchResources metricSelector modifyVolumeStatus namespaceSelector networkData nfs nodeAffinity nodeExpandSecretRef
nodePublishSecretRef nodeStageSecretRef nodeTopology nonResourceAttributes not objectSelector onExitCodes opaque
openAPIV3Schema ordinals os paramKind paramRef parentRef persistentVolumeClaim persistentVolumeClaimRetentionPolicy
photonPersistentDisk podAffinity podAntiAffinity podCertificate podController podFailurePolicy podSelector pods
portworxVolume postStart preStop projected queuing quobyte rbd readinessProbe related request requestKind
requestPolicy requestResource required requiredDuringSchedulingIgnoredDuringExecution resourceAttributes
resourceFieldRef resources response responseKind rollingUpdate running scale scaleDown scaleIO scaleUp scheduling
schedulingGroup schema scopeSelector seLinuxOptions seccompProfile secret secretKeyRef secretRef securityContext
selector series service serviceAccount serviceAccountToken sessionAffinityConfig sleep startupProbe storageos
subresources successPolicy swap targetRef tcpSocket terminated typeChecking uncountedTerminatedPods validRange
valueFrom volumeClaimTemplate volumeStatus vsphereVolume waiting webhook windowsOptions`.split(/\s+/),
);
