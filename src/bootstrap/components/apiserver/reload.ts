import type { StandardServer } from "../../../apiserver/index.ts";
import { type Log, messageOf, type Platform, type Scope } from "../../../base/index.ts";
import { followFiles, type MetricsRegistry } from "../../../component/index.ts";

type Subject = "authentication" | "authorization";

export interface ReloadOptions {
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** Read the file and take it up. Reject when it is not as it must be. */
  readonly take: Readonly<Record<Subject, () => Promise<void>>>;
}

/**
 * Takes up changes of the files of `--authentication-config` and `--authorization-config`, as far as they are given and
 * as long as the scope lasts; one with mistakes changes nothing.
 */
export function reloadConfigurations(
  scope: Scope,
  platform: Platform,
  flags: Readonly<Record<`${Subject}-config`, string>>,
  options: ReloadOptions,
): void {
  for (const subject of ["authentication", "authorization"] as const) {
    const file = flags[`${subject}-config`];
    if (file !== "") scope.start(subject, (signal) => reloadConfiguration(platform, subject, file, options, signal));
  }
}

async function reloadConfiguration(
  platform: Platform,
  subject: Subject,
  file: string,
  { log, metrics, take }: ReloadOptions,
  signal: AbortSignal,
): Promise<void> {
  const name = (rest: string): string => `apiserver_${subject}_config_controller_automatic_${rest}`;
  const reloads = metrics.counters({
    name: name("reloads_total"),
    help: `Times that the file of ${subject} was read again, by the outcome.`,
    labels: ["status"],
  });
  const last = metrics.gauges({
    name: name("reload_last_timestamp_seconds"),
    help: `When the file of ${subject} was last read again, by the outcome.`,
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
      await take[subject]();
      count("success");
      log.info(`the configuration of ${subject} was reloaded`, { file });
    } catch (error) {
      count("failure");
      log.error(`the configuration of ${subject} could not be reloaded`, { file, error: messageOf(error) });
    }
  };
  await followFiles(platform, [file], look, signal);
}

/** Files of authorities for client certificates; "" for none. */
export interface AuthorityFiles {
  readonly clientCa: string;
  readonly requestHeaderCa: string;
}

/** Takes up changed authorities; what cannot be read changes nothing. Upstream: dynamic CA content. */
export async function reloadAuthorities(
  platform: Platform,
  { clientCa, requestHeaderCa }: AuthorityFiles,
  { log, standard }: { readonly log: Log; readonly standard: Pick<StandardServer, "trust"> },
  signal: AbortSignal,
): Promise<void> {
  const read = async (): Promise<Parameters<StandardServer["trust"]>[0]> => ({
    ...(clientCa === "" ? {} : { clientCa: await platform.disk.readText(clientCa) }),
    ...(requestHeaderCa === "" ? {} : { requestHeaderCa: await platform.disk.readText(requestHeaderCa) }),
  });
  let shown = JSON.stringify(await read());
  const look = async (): Promise<void> => {
    try {
      const authorities = await read();
      if (JSON.stringify(authorities) === shown) return;
      await standard.trust(authorities);
      shown = JSON.stringify(authorities);
      log.info("the authorities of client certificates were reloaded");
    } catch (error) {
      log.error("the authorities of client certificates could not be reloaded", { error: messageOf(error) });
    }
  };
  await followFiles(
    platform,
    [clientCa, requestHeaderCa].filter((file) => file !== ""),
    look,
    signal,
  );
}
