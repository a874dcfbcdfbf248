import { type Clock, type Log, messageOf, type Platform } from "../../base/index.ts";
import { type Flag, type FlagValues, flag } from "../flags/index.ts";
import { HealthChecks } from "../health/health-checks.ts";
import type { MetricsRegistry } from "../metrics/index.ts";
import type { Features } from "../features/features.ts";
import { flagzPage } from "../zpages/flagz.ts";
import { serveZPage, zPagePath } from "../zpages/page.ts";
import { statuszPage } from "../zpages/statusz.ts";
import { type DiagnosticsHandler, serveHealth, serveMetrics } from "./diagnostics.ts";
import { startDiagnosticsServer } from "./diagnostics-server.ts";

/** The flags of a component that serves its health and metrics. `port` is upstream's default. */
export const servingFlags = (port: number) => ({
  "bind-address": flag.text({ usage: "The IP address on which to listen for --secure-port.", default: "0.0.0.0" }),
  "secure-port": flag.integer({ usage: "Where health and metrics are served over HTTPS; 0: nowhere.", default: port }),
  "tls-cert-file": flag.text({ usage: "Certificate for --secure-port; without it nothing is served." }),
  "tls-private-key-file": flag.text({ usage: "Key of --tls-cert-file." }),
});

export type ServingFlags = FlagValues<ReturnType<typeof servingFlags>>;

export interface ComponentServerOptions {
  /** By upstream's name: `kube-scheduler`. */
  readonly component: string;
  readonly flags: ServingFlags;
  /** Of all flags. */
  readonly definitions: Readonly<Record<string, Flag<unknown>>>;
  readonly features: Features;
  readonly registry: MetricsRegistry;
  readonly log: Log;
}

/** Health, metrics, `/statusz` and `/flagz`, over TLS if a certificate is given. */
export async function startComponentServer(
  { clock, disk, network }: Pick<Platform, "clock" | "disk" | "network">,
  options: ComponentServerOptions,
): Promise<{ close(): Promise<void> } | undefined> {
  const { flags, registry, log } = options;
  const port = flags["secure-port"];
  const [certificateFile, keyFile] = [flags["tls-cert-file"], flags["tls-private-key-file"]];
  if (port === 0 || certificateFile === "") return undefined;
  const certificate = { certificatePem: await disk.readText(certificateFile), keyPem: await disk.readText(keyFile) };
  const health = healthEndpoints.map((name) => serveHealth(new HealthChecks(name)));
  const address = { host: flags["bind-address"], port };
  try {
    return await startDiagnosticsServer({
      network,
      address,
      log,
      certificate,
      handlers: [...health, serveMetrics(registry), ...zPages(clock, options)],
    });
  } catch (error) {
    throw new Error(`failed to listen on ${address.host}:${port}: ${messageOf(error)}`, { cause: error });
  }
}

const healthEndpoints = ["healthz", "livez", "readyz"];

function zPages(clock: Clock, { component, flags, definitions, features }: ComponentServerOptions) {
  const handlers: DiagnosticsHandler[] = [];
  const paths = [...healthEndpoints.map((name) => `/${name}`), "/metrics"];
  if (features.enabled("ComponentFlagz")) {
    const page = flagzPage(component, definitions, flags);
    paths.push(zPagePath(page));
    handlers.push(serveZPage(page));
  }
  if (features.enabled("ComponentStatusz")) handlers.push(serveZPage(statuszPage({ component, clock, paths })));
  return handlers;
}
