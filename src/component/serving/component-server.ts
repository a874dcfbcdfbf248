import { type Clock, createScope, type Log, messageOf, type Platform } from "../../base/index.ts";
import type { ClientObserver } from "../../client/index.ts";
import type { DelegationFlags } from "../delegation/index.ts";
import type { Features } from "../features/features.ts";
import type { Flag } from "../flags/index.ts";
import { type HealthChecks, healthMetrics } from "../health/index.ts";
import { MetricsRegistry } from "../metrics/index.ts";
import { flagzPage } from "../zpages/flagz.ts";
import { serveZPage, zPagePath } from "../zpages/page.ts";
import { statuszPage } from "../zpages/statusz.ts";
import { type DiagnosticsHandler, serveHealth, serveJson, serveMetrics } from "./diagnostics.ts";
import { type DiagnosticsServer, startDiagnosticsServer } from "./diagnostics-server.ts";
import { checkServingFlags, type ServingFlags } from "./flags.ts";
import { followFiles } from "./follow-files.ts";
import type { CertificateFiles } from "../certificates/index.ts";
import { readCertificate, servingCertificate } from "./serving-certificate.ts";

export interface ComponentServerOptions {
  /** By upstream's name: `kube-scheduler`. */
  readonly component: string;
  readonly flags: ServingFlags & DelegationFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of all flags. */
  readonly definitions: Readonly<Record<string, Flag<unknown>>>;
  readonly features: Features;
  readonly registry: MetricsRegistry;
  /** For requests to the API server that judges callers. */
  readonly observer: (host: string) => ClientObserver;
  /** `/healthz` and the like. */
  readonly health: readonly HealthChecks[];
  /** Further paths with metrics. */
  readonly otherMetrics?: Readonly<Record<string, MetricsRegistry>>;
  /** `/configz`: what the component runs with. */
  readonly configuration: () => unknown;
  readonly log: Log;
}

export interface ComponentServer {
  close(): Promise<void>;
}

/**
 * Health, metrics, `/configz`, `/statusz` and `/flagz` over TLS, for those whom the API server lets. Rejects with a
 * `FlagError` for what flags cannot mean.
 */
export async function startComponentServer(
  platform: Platform,
  options: ComponentServerOptions,
): Promise<ComponentServer | undefined> {
  const { component, flags, log } = options;
  const tls = checkServingFlags(flags);
  const address = { host: flags["bind-address"] || "::", port: flags["secure-port"] };
  if (address.port === 0) return undefined;
  const scope = createScope();
  try {
    const { certificate, files } = await servingCertificate(platform, component, flags);
    // Components that share a process with their API server never need it.
    const { delegatedAccess } = await import("../delegation/delegated-access.ts");
    const access = scope.own(await delegatedAccess(platform, options), (opened) => opened.close());
    const handlers = [access.guard, ...handlersOf(platform.clock, options)];
    const listen = { sharesPort: flags["permit-port-sharing"] };
    const { network } = platform;
    const server = await startDiagnosticsServer({ network, address, log, certificate, tls, handlers, listen }).catch(
      (error: unknown) => {
        const problem = `failed to listen on ${address.host}:${address.port}: ${messageOf(error)}`;
        throw new Error(problem, { cause: error });
      },
    );
    scope.own(server, (opened) => opened.close());
    if (files !== undefined) scope.start("certificate", (signal) => renewing(platform, { server, files, log }, signal));
    return { close: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

interface Renewing {
  readonly server: DiagnosticsServer;
  readonly files: CertificateFiles;
  readonly log: Log;
}

function renewing(platform: Platform, { server, files, log }: Renewing, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<void> => {
    try {
      server.renew(await readCertificate(platform.disk, files));
    } catch (error) {
      log.warn("the serving certificate could not be read again", { error: messageOf(error) });
    }
  };
  return followFiles(platform, [files.certificate, files.key], look, signal);
}

function handlersOf(clock: Clock, options: ComponentServerOptions): readonly DiagnosticsHandler[] {
  const { component, flags, definitions, features, registry, health, configuration, otherMetrics = {} } = options;
  const slis = new MetricsRegistry();
  const observer = healthMetrics(slis);
  for (const checks of health) checks.observedBy(observer);
  const handlers = [
    ...health.map(serveHealth),
    serveMetrics(registry),
    serveMetrics(slis, "/metrics/slis"),
    ...Object.entries(otherMetrics).map(([path, metrics]) => serveMetrics(metrics, path)),
    serveJson("/configz", configuration),
  ];
  const paths = [...health.map(({ endpoint }) => `/${endpoint}`), "/configz", "/metrics"];
  if (features.enabled("ComponentFlagz")) {
    const page = flagzPage(component, definitions, flags);
    paths.push(zPagePath(page));
    handlers.push(serveZPage(page));
  }
  if (features.enabled("ComponentStatusz")) handlers.push(serveZPage(statuszPage({ component, clock, paths })));
  return handlers;
}
