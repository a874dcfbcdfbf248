import { type Log, messageOf, type Platform } from "../../base/index.ts";
import { type FlagValues, flag } from "../flags/index.ts";
import { HealthChecks } from "../health/health-checks.ts";
import type { MetricsRegistry } from "../metrics/index.ts";
import { serveHealth, serveMetrics } from "./diagnostics.ts";
import { startDiagnosticsServer } from "./diagnostics-server.ts";

/** The flags of a component that serves its health and metrics. `port` is upstream's default. */
export const servingFlags = (port: number) => ({
  "bind-address": flag.text({ usage: "The IP address on which to listen for --secure-port.", default: "0.0.0.0" }),
  "secure-port": flag.integer({ usage: "Where health and metrics are served over HTTPS; 0: nowhere.", default: port }),
  "tls-cert-file": flag.text({ usage: "Certificate for --secure-port; without it nothing is served." }),
  "tls-private-key-file": flag.text({ usage: "Key of --tls-cert-file." }),
});

export type ServingFlags = FlagValues<ReturnType<typeof servingFlags>>;

/** Health and metrics, over TLS if a certificate is given. */
export async function startComponentServer(
  { disk, network }: Pick<Platform, "disk" | "network">,
  flags: ServingFlags,
  registry: MetricsRegistry,
  log: Log,
): Promise<{ close(): Promise<void> } | undefined> {
  const port = flags["secure-port"];
  const [certificateFile, keyFile] = [flags["tls-cert-file"], flags["tls-private-key-file"]];
  if (port === 0 || certificateFile === "") return undefined;
  const certificate = { certificatePem: await disk.readText(certificateFile), keyPem: await disk.readText(keyFile) };
  const health = ["healthz", "livez", "readyz"].map((name) => serveHealth(new HealthChecks(name)));
  const address = { host: flags["bind-address"], port };
  try {
    return await startDiagnosticsServer({
      network,
      address,
      log,
      certificate,
      handlers: [...health, serveMetrics(registry)],
    });
  } catch (error) {
    throw new Error(`failed to listen on ${address.host}:${port}: ${messageOf(error)}`, { cause: error });
  }
}
