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
export { copyOf, deepFreeze, type Mutable } from "./freeze.ts";
export { type ClosableClient, HttpClient, type HttpClientOptions } from "./http/http-client.ts";
export { NodeTransport, type NodeTransportOptions } from "./http/node-transport.ts";
export { statusErrorOf } from "./http/status.ts";
export type { HttpHeaders, HttpRequest, HttpResponse, HttpTransport, TlsMaterial } from "./http/transport.ts";
export { type InformerFactoryOptions, type InformerRequest, SharedInformerFactory } from "./informer/factory.ts";
export { isExpired, Reflector, type ReflectorOptions, type ReflectorSink } from "./informer/reflector.ts";
export { SharedInformer, type SharedInformerOptions } from "./informer/shared-informer.ts";
export { type IndexFunction, type IndexFunctions, Store } from "./informer/store.ts";
export { keyOf, type NamespacedName, splitKey } from "./keys.ts";
export { type ResourceAddress, resourcePath, withQuery } from "./paths.ts";
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
export { noWorkQueueMetrics, type WorkQueueMetrics, type WorkQueueMetricsProvider } from "./workqueue/metrics.ts";
export {
  BucketRateLimiter,
  defaultControllerRateLimiter,
  ItemExponentialRateLimiter,
  MaxOfRateLimiter,
  type RateLimiter,
} from "./workqueue/rate-limiter.ts";
export { WorkQueue, type WorkQueueOptions } from "./workqueue/work-queue.ts";
