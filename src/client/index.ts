export * from "./contract.ts";
export * from "./informer-contract.ts";
export { BackoffManager, type BackoffManagerOptions } from "./backoff.ts";
export { ControllerExpectations, UidTrackingExpectations } from "./expectations.ts";
export {
  FakeClient,
  type FakeAction,
  type FakeClientOptions,
  type FakeReactor,
  fakeFailure,
} from "./fake/fake-client.ts";
export { copyOf, deepFreeze } from "./freeze.ts";
export { type ClientObserver, type ClosableClient, HttpClient, type HttpClientOptions } from "./http/http-client.ts";
export { NodeTransport, type NodeTransportOptions } from "./http/node-transport.ts";
export { statusErrorOf } from "./http/status.ts";
export type { HttpHeaders, HttpRequest, HttpResponse, HttpTransport, TlsMaterial } from "./http/transport.ts";
export { type InformerFactoryOptions, type InformerRequest, SharedInformerFactory } from "./informer/factory.ts";
export { isExpired, Reflector, type ReflectorOptions, type ReflectorSink } from "./informer/reflector.ts";
export { SharedInformer, type SharedInformerOptions } from "./informer/shared-informer.ts";
export { type IndexFunction, type IndexFunctions, Store } from "./informer/store.ts";
export { keyOf, type NamespacedName, splitKey } from "./keys.ts";
export {
  deleteBody,
  getQuery,
  listQuery,
  type QueryValues,
  type ResourceAddress,
  resourcePath,
  watchQuery,
  withQuery,
  writeQuery,
} from "./paths.ts";
export { TokenBucket, type TokenBucketOptions } from "./rate-limit.ts";
export {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
  orNotFound,
  retryOnConflict,
  type RetryOptions,
} from "./retry.ts";
export {
  noWorkQueueMetrics,
  type UnfinishedWork,
  type WorkQueueMetrics,
  type WorkQueueMetricsProvider,
} from "./workqueue/metrics.ts";
export {
  BucketRateLimiter,
  defaultControllerRateLimiter,
  ItemExponentialRateLimiter,
  MaxOfRateLimiter,
  type RateLimiter,
} from "./workqueue/rate-limiter.ts";
export { WorkQueue, type WorkQueueOptions } from "./workqueue/work-queue.ts";
export { type Connection, connectionFrom } from "./config/connection.ts";
export { createHttpClient, credentialsOf, type HttpClientConfig } from "./config/create-http-client.ts";
export { type Credentials, tlsMaterialOf } from "./config/credentials.ts";
export { createServiceAccountClient, type ServiceAccountClientOptions } from "./config/service-account-client.ts";
export { inClusterConfig, NotInClusterError } from "./config/in-cluster.ts";
export {
  type ExecConfig,
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigContext,
  type KubeconfigOverrides,
  type KubeconfigUser,
  mergeKubeconfigs,
  type ResolvedKubeconfig,
  resolveKubeconfig,
} from "./config/kubeconfig.ts";
export { loadKubeconfig, parseKubeconfig } from "./config/load.ts";
export {
  type EventRecorder,
  type EventType,
  EventBroadcaster,
  type EventBroadcasterOptions,
  referenceTo,
} from "./events/recorder.ts";
export {
  SeriesBroadcaster,
  type SeriesBroadcasterOptions,
  type SeriesEvent,
  type SeriesRecorder,
} from "./events/series-recorder.ts";
export { LeaderElector, type LeaderElectorOptions, LeadershipLostError } from "./leader-election/leader-elector.ts";
export {
  type ElectionConfig,
  type ElectionState,
  type ElectionStep,
  electionStep,
  initialElectionState,
} from "./leader-election/step.ts";
export { LruMap } from "./lru.ts";
export {
  informerOf,
  type KindName,
  kinds,
  type ObjectOf,
  type ResourceKind,
  resourceOf,
  type TypedClient,
  typed,
} from "./typed.ts";
export {
  type DiscoveredResource,
  type Discovery,
  discover,
  discoverGroupVersion,
  preferredResources,
} from "./discovery.ts";
