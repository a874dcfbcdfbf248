/**
 * The feature gates of v1.36 by stage and default. Names are facts of upstream's API; a gate that an earlier version
 * had and v1.36 has dropped is not here.
 */
const alpha = `
AllowUnsafeMalformedObjectDeletion APIServingWithRoutine CBORServingAndStorage CloudControllerManagerWebhook
ContainerStopSignals CPUCFSQuotaPeriod CPUManagerPolicyAlphaOptions CrossNamespaceVolumeDataSource CSIVolumeHealth
DRAListTypeAttributes DRANodeAllocatableResources DRAWorkloadResourceClaims EventedPLEG GangScheduling GenericWorkload
HPAScaleToZero ImageVolumeWithDigest InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory
InTreePluginPortworxUnregister KubeletInUserNamespace ManifestBasedAdmissionControlConfig MemoryQoS
MutablePVNodeAffinity NativeHistograms PodAndContainerStatsFromCRI PodLogsQuerySplitStreams QOSReserved
ReduceDefaultCrashLoopBackOffDecay RuntimeClassInImageCriAPI ShardedListAndWatch StorageCapacityScoring
StorageVersionAPI TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling TopologyManagerPolicyAlphaOptions
UserNamespacesHostNetworkSupport VolumeLimitScaling WindowsCPUAndMemoryAffinity WorkloadAwarePreemption
WorkloadWithJob`;

const betaOff = `
ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode CoordinatedLeaderElection
DRADeviceTaintRules LocalStorageCapacityIsolationFSQuotaMonitoring MaxUnavailableStatefulSet PodCertificateRequest
SchedulerAsyncAPICalls SELinuxMount StorageVersionMigrator`;

const betaOn = `
AllowParsingUserUIDFromCertAuth APIResponseCompression APIServerIdentity AuthorizePodWebsocketUpgradeCreatePermission
ClearingNominatedNodeNameAfterBinding ComponentStatusz ConstrainedImpersonation ContainerCheckpoint
ContainerRestartRules ContextualLogging CPUManagerPolicyBetaOptions CSIServiceAccountTokenSecrets
DeclarativeValidationBeta DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency
DisableCPUQuotaWithExclusiveCPUs DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaints DRAExtendedResource
DRAPartitionableDevices DRAResourceClaimDeviceStatus DRASchedulerFilterTimeout EnvFiles
ExternalServiceAccountTokenSigner GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority HostnameOverride
HPAConfigurableTolerance ImageVolume InPlacePodLevelResourcesVerticalScaling KubeletCrashLoopBackOffMax
KubeletEnsureSecretPulledImages KubeletFineGrainedAuthz KubeletPodResourcesDynamicResources KubeletPodResourcesGet
KubeletSeparateDiskGC KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LoggingBetaOptions
MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge
MutableCSINodeAllocatableCount MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs
NodeDeclaredFeatures NominatedNodeNameForExpectation OpenAPIEnums OpportunisticBatching PodDeletionCost
PodLevelResources PodReadyToStartContainersCondition PodTopologyLabelsAdmission PortForwardWebsockets
PreventStaticPodAPIReferences ProcMountType RelaxedServiceNameValidation ReloadKubeletServerCertificateFile
RemoteRequestHeaderUID ResourceHealthStatus RestartAllContainersOnContainerExits RotateKubeletServerCertificate
SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction
SizeBasedListCostEstimate StatefulSetSemanticRevisionComparison StorageVersionHash StrictIPCIDRValidation
StructuredAuthenticationConfigurationEgressSelector StructuredAuthenticationConfigurationJWKSMetrics
TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions TranslateStreamCloseWebsocketRequests
UnauthenticatedHTTP2DOSMitigation UnknownVersionInteroperabilityProxy WatchCacheInitializationPostStartHook WatchList
WindowsGracefulNodeShutdown`;

const stable = `
DRAPrioritizedList MutatingAdmissionPolicy SELinuxChangePolicy SELinuxMountReadWriteOncePod
TopologyManagerPolicyOptions`;

const stableLocked = `
AnonymousAuthConfigurableEndpoints APIServerTracing AuthorizeNodeWithSelectors AuthorizeWithSelectors BtreeWatchCache
ConsistentListFromCache CRDValidationRatcheting DeclarativeValidation DisableAllocatorDualWrite DRAAdminAccess
DynamicResourceAllocation ExecProbeTimeout ImageMaximumGCAge InPlacePodVerticalScaling JobManagedBy
JobPodReplacementPolicy KubeletCgroupDriverFromCRI KubeletPSI KubeletTracing LogarithmicScaleDown
MatchLabelKeysInPodAffinity MemoryManager MultiCIDRServiceAllocator NFTablesProxyMode
NodeInclusionPolicyInPodTopologySpread NodeLogQuery NodeSwap OrderedNamespaceDeletion PodLifecycleSleepAction
PodLifecycleSleepActionAllowZero PodObservedGenerationTracking PodSchedulingReadiness PreferSameTrafficDistribution
RecoverVolumeExpansionFailure RelaxedDNSSearchValidation RelaxedEnvironmentVariableValidation
ResilientWatchCacheInitialization SchedulerQueueingHints SeparateTaintEvictionController ServiceAccountTokenNodeBinding
SidecarContainers StreamingCollectionEncodingToJSON StreamingCollectionEncodingToProtobuf
StructuredAuthenticationConfiguration SupplementalGroupsPolicy SystemdWatchdog TopologyAwareHints UserNamespacesSupport
VolumeAttributesClass WinDSR WinOverlay`;

const deprecatedOff = `
AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests ChangeContainerStatusOnKubeletRestart
DeclarativeValidationTakeover KMSv1 KubeletRegistrationGetOnExistsOnly WindowsHostNetwork`;

const deprecatedOffLocked = `
AllowOverwriteTerminationGracePeriodSeconds GitRepoVolumeDriver SeparateCacheWatchRPC`;

const deprecatedOn = `
DisableNodeKubeProxyVersion KubeletPodResourcesListUseActivePods StorageNamespaceIndex`;

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
    ...entries(deprecatedOffLocked, { stage: "DEPRECATED", enabled: false, locked: true }),
    ...entries(deprecatedOn, { stage: "DEPRECATED", enabled: true, locked: false }),
  ].sort(([a], [b]) => (a < b ? -1 : 1)),
);
