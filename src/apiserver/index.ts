export { type AdmissionSettings, readAdmissionSettings } from "./admission/configuration.ts";
export * from "./admission/contract.ts";
export { defaultPlugins, pluginNames, type PluginSelection, selectionProblems } from "./admission/select.ts";
export {
  type AuditBackend,
  auditErrors,
  type AuditEvent,
  AuditPolicy,
  type AuditSink,
  BatchBackend,
  BlockingBackend,
  LogSink,
  truncatingSink,
  WebhookSink,
} from "./audit/index.ts";
export * from "./authn/index.ts";
export type { FlowControlOptions } from "./flowcontrol/index.ts";
export * from "./authz/index.ts";
export type {
  ApiHandler,
  ApiRequest,
  ApiResponse,
  Peer,
  ResponseBody,
  StreamSink,
  TakenOver,
} from "./http/exchange.ts";
export { handshakeErrors } from "./metrics/tls-metrics.ts";
export { withCors } from "./http/cors.ts";
export { type HttpServer, type HttpServerOptions, listenHttp, type TlsIdentity } from "./http/server.ts";
export { type ComponentProbe, httpsProbe, type ProbeResult } from "./health/component-probes.ts";
export type { HealthCheck } from "./health/health.ts";
export type { PathHandler, VirtualResource } from "./handlers/router.ts";
export type { SubresourceHandler } from "./handlers/subresource-handlers.ts";
export { createLocalClient, LocalClient, type LocalIdentity } from "./local/local-client.ts";
export * from "./registry/contract.ts";
export type { Converter, StrategyTable } from "./registry/descriptors.ts";
export { strategiesFor } from "./registry/strategies.ts";
export * from "./request/contract.ts";
export type { KubeletCredentials } from "./streaming/kubelet-connection.ts";
export { ApiServer, type ApiServerOptions, createApiServer, type StartupStep } from "./server.ts";
export { apiVersionInfo } from "./discovery/version.ts";
export { createStandardServer, type StandardServer, type StandardServerOptions } from "./assembly/standard-server.ts";
export type { AuthorizationMode } from "./assembly/authorization.ts";
export { type ServiceNetworkOptions, serviceNetworkDefaults } from "./assembly/service-allocation.ts";
