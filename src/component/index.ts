export * from "./authentication/index.ts";
export * from "./certificates/index.ts";
export {
  type ConfigurationKind,
  decodeConfiguration,
  defaultConfiguration,
  readConfiguration,
} from "./config/configuration.ts";
export { ConfigError, type ConfigField, type ConfigOf, type ConfigShape, field } from "./config/fields.ts";
export { FeatureGateError, Features } from "./features/features.ts";
export { checkFeatureGates, featureGateFlags } from "./features/flags.ts";
export type { FeatureGate, FeatureStage } from "./features/table.ts";
export * from "./flags/index.ts";
export * from "./health/index.ts";
export { release } from "./version.ts";
export { createComponentLog, logFlags } from "./logging/component-log.ts";
export * from "./metrics/index.ts";
export {
  type LeaderElectionFlags,
  leaderElectionFlags,
  leaderElectorOf,
  leaseToleranceMs,
} from "./run/leader-election.ts";
export { clientConnectionDocument, leaderElectionDocument } from "./run/configz.ts";
export { type RestartOptions, restarting } from "./run/restarting.ts";
export { RunGroup, type RunGroupMember } from "./run/run-group.ts";
export {
  type DiagnosticsAnswer,
  type DiagnosticsHandler,
  type DiagnosticsRequest,
  serveHealth,
  serveJson,
  serveMetrics,
} from "./serving/diagnostics.ts";
export {
  type DiagnosticsServerOptions,
  type ServingCertificate,
  startDiagnosticsServer,
} from "./serving/diagnostics-server.ts";
export { flagzPage } from "./zpages/flagz.ts";
export { answerZPage, serveZPage, type ZPage, zPagePath } from "./zpages/page.ts";
export { type StatuszFacts, statuszPage } from "./zpages/statusz.ts";
export { formatTraceparent, parseTraceparent, startSpan, type TraceContext } from "./tracing/traceparent.ts";
export * from "./streaming/index.ts";
export { type DelegationFlags, delegationFlags } from "./delegation/index.ts";
export { type ComponentServer, startComponentServer } from "./serving/component-server.ts";
export { type ServingFlags, servingFlags } from "./serving/flags.ts";
export { followFiles } from "./serving/follow-files.ts";
