import type { HttpServer, TlsIdentity } from "../../../apiserver/index.ts";
import { type Log, messageOf, type Platform } from "../../../base/index.ts";
import { followFiles } from "../../../component/index.ts";

export interface RenewalOptions {
  readonly log: Log;
  /** Files whose change is taken up at once. */
  readonly files: readonly string[];
  readonly read: () => Promise<TlsIdentity>;
  /** What the servers have now. */
  readonly current: TlsIdentity;
  readonly servers: readonly HttpServer[];
}

/** Has servers take renewed certificates for new connections, until the signal aborts. */
export function keepRenewed(
  platform: Platform,
  { log, files, read, current, servers }: RenewalOptions,
  signal: AbortSignal,
): Promise<void> {
  let shown = current;
  const look = async (): Promise<void> => {
    try {
      const identity = await read();
      if (identity.cert === shown.cert && identity.key === shown.key && identity.clientCa === shown.clientCa) return;
      // Throws while only one of the two files is there yet.
      for (const server of servers) server.renew(identity);
      shown = identity;
      log.info("the serving certificate was renewed");
    } catch (error) {
      log.warn("the serving certificate could not be read again", { error: messageOf(error) });
    }
  };
  return followFiles(platform, files, look, signal);
}
