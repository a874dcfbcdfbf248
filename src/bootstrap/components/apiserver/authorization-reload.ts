import type { AuthorizationMode, StandardServer } from "../../../apiserver/index.ts";
import { type Log, messageOf } from "../../../base/index.ts";
import type { MetricsRegistry } from "../../../component/index.ts";
import { followFiles } from "./follow-files.ts";
import type { Outgoing } from "./webhook-client.ts";

export interface ReloadOptions {
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** `--authorization-config`. */
  readonly file: string;
  /** Reads it. Rejects when it is not as it must be. */
  readonly modes: () => Promise<readonly AuthorizationMode[]>;
  readonly standard: Pick<StandardServer, "authorizeBy">;
}

/** Takes up changes of the file of authorizers; one with mistakes changes nothing. */
export async function reloadAuthorization(
  { platform }: Outgoing,
  { log, metrics, file, modes, standard }: ReloadOptions,
  signal: AbortSignal,
): Promise<void> {
  const name = (rest: string): string => `apiserver_authorization_config_controller_automatic_${rest}`;
  const reloads = metrics.counters({
    name: name("reloads_total"),
    help: "Times that the file of authorizers was read again, by the outcome.",
    labels: ["status"],
  });
  const last = metrics.gauges({
    name: name("reload_last_timestamp_seconds"),
    help: "When the file of authorizers was last read again, by the outcome.",
    labels: ["status"],
  });
  const count = (status: "success" | "failure"): void => {
    reloads.with(status).increment();
    last.with(status).set(platform.clock.now() / 1000);
  };
  let shown = await platform.disk.readText(file);
  const look = async (): Promise<void> => {
    try {
      const text = await platform.disk.readText(file);
      if (text === shown) return;
      shown = text;
      standard.authorizeBy(await modes());
      count("success");
      log.info("the configuration of authorization was reloaded", { file });
    } catch (error) {
      count("failure");
      log.error("the configuration of authorization could not be reloaded", { file, error: messageOf(error) });
    }
  };
  await followFiles(platform, [file], look, signal);
}
