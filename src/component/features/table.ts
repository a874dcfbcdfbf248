/**
 * The feature gates of v1.36 by stage and default. Names are facts of upstream's API; a gate that an earlier version
 * had and v1.36 has dropped is not here.
 */
const alpha = `
AllowUnsafeMalformedObjectDeletion APIServingWithRoutine CBORServingAndStorage CloudControllerManagerWebhook
ContainerStopSignals CPUCFSQuotaPeriod CPUManagerPolicyAlphaOptions CrossNamespaceVolumeDataSource CSIVolumeHealth
DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaintRules DRAExtendedResource DRAPartitionableDevices
EventedPLEG GangScheduling GenericWorkload HPAScaleToZero ImageVolumeWithDigest
InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScalingExclusiveCPUs
InPlacePodVerticalScalingExclusiveMemory InTreePluginPortworxUnregister KubeletInUserNamespace MemoryQoS
MutablePVNodeAffinity MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs
NativeHistograms NodeDeclaredFeatures PodAndContainerStatsFromCRI PodLogsQuerySplitStreams QOSReserved
ReduceDefaultCrashLoopBackOffDecay RelaxedServiceNameValidation ResourceHealthStatus
RestartAllContainersOnContainerExits RuntimeClassInImageCriAPI StorageCapacityScoring StrictIPCIDRValidation
TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling TopologyManagerPolicyAlphaOptions
UserNamespacesHostNetworkSupport VolumeLimitScaling WindowsCPUAndMemoryAffinity WindowsGracefulNodeShutdown
WorkloadAwarePreemption WorkloadWithJob`;

const betaOff = `
ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode CoordinatedLeaderElection
LocalStorageCapacityIsolationFSQuotaMonitoring NodeLogQuery PodCertificateRequest SELinuxMount SchedulerAsyncAPICalls
StorageVersionMigrator`;

const betaOn = `
AllowParsingUserUIDFromCertAuth APIResponseCompression APIServerIdentity ComponentStatusz ContainerCheckpoint
ContainerRestartRules ContextualLogging CPUManagerPolicyBetaOptions DeploymentReplicaSetTerminatingReplicas
DisableCPUQuotaWithExclusiveCPUs DRAAdminAccess DRADeviceTaints DRAPrioritizedList DRAResourceClaimDeviceStatus
DRASchedulerFilterTimeout EnvFiles ExternalServiceAccountTokenSigner GracefulNodeShutdown
GracefulNodeShutdownBasedOnPodPriority HPAConfigurableTolerance HostnameOverride ImageVolume
KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletFineGrainedAuthz KubeletPSI
KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletSeparateDiskGC
KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LoggingBetaOptions
MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge MaxUnavailableStatefulSet
MutableCSINodeAllocatableCount NominatedNodeNameForExpectation OpportunisticBatching PodDeletionCost
PodLevelResources PodReadyToStartContainersCondition PodTopologyLabelsAdmission PortForwardWebsockets
PreventStaticPodAPIReferences ProcMountType ReloadKubeletServerCertificateFile RotateKubeletServerCertificate
SELinuxChangePolicy SELinuxMountReadWriteOncePod SchedulerAsyncPreemption SchedulerPopFromBackoffQ
ServiceAccountNodeAudienceRestriction StatefulSetSemanticRevisionComparison TopologyManagerPolicyBetaOptions
TranslateStreamCloseWebsocketRequests UserNamespacesSupport WatchList`;

const stable = "TopologyManagerPolicyOptions";

const stableLocked = `
DisableAllocatorDualWrite DynamicResourceAllocation ExecProbeTimeout ImageMaximumGCAge InPlacePodVerticalScaling
JobManagedBy JobPodReplacementPolicy KubeletCgroupDriverFromCRI KubeletTracing LogarithmicScaleDown
MatchLabelKeysInPodAffinity MemoryManager MultiCIDRServiceAllocator NFTablesProxyMode
NodeInclusionPolicyInPodTopologySpread NodeSwap OrderedNamespaceDeletion PodLifecycleSleepAction
PodLifecycleSleepActionAllowZero PodObservedGenerationTracking PodSchedulingReadiness PreferSameTrafficDistribution
RecoverVolumeExpansionFailure RelaxedDNSSearchValidation RelaxedEnvironmentVariableValidation SchedulerQueueingHints
SeparateTaintEvictionController ServiceAccountTokenNodeBinding SidecarContainers StreamingCollectionEncodingToJSON
StreamingCollectionEncodingToProtobuf SupplementalGroupsPolicy SystemdWatchdog TopologyAwareHints
VolumeAttributesClass WinDSR WinOverlay`;

const deprecatedOff = `
AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests AllowOverwriteTerminationGracePeriodSeconds
GitRepoVolumeDriver KubeletRegistrationGetOnExistsOnly`;

const deprecatedOn = "DisableNodeKubeProxyVersion KubeletPodResourcesListUseActivePods StorageNamespaceIndex";

export type FeatureStage = "ALPHA" | "BETA" | "" | "DEPRECATED";

export interface FeatureGate {
  /** As upstream's metrics and help name it; the empty string for GA. */
  readonly stage: FeatureStage;
  readonly enabled: boolean;
  readonly locked: boolean;
}

function entries(names: string, gate: FeatureGate): (readonly [string, FeatureGate])[] {
  return names
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => [name, gate] as const);
}

export const featureGates: ReadonlyMap<string, FeatureGate> = new Map(
  [
    ...entries(alpha, { stage: "ALPHA", enabled: false, locked: false }),
    ...entries(betaOff, { stage: "BETA", enabled: false, locked: false }),
    ...entries(betaOn, { stage: "BETA", enabled: true, locked: false }),
    ...entries(stable, { stage: "", enabled: true, locked: false }),
    ...entries(stableLocked, { stage: "", enabled: true, locked: true }),
    ...entries(deprecatedOff, { stage: "DEPRECATED", enabled: false, locked: false }),
    ...entries(deprecatedOn, { stage: "DEPRECATED", enabled: true, locked: false }),
  ].sort(([a], [b]) => (a < b ? -1 : 1)),
);
