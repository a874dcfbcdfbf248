import { dirname } from "node:path";
import type { Log, Platform } from "../../base/index.ts";
import {
  connectEtcdStore,
  createMemoryStore,
  openSqliteStore,
  type Store,
  StoreUnavailableError,
} from "../../storage/index.ts";
import type { ClusterConfig, EtcdDatastore } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";

/** The store that the cluster was made with. */
export async function openStore(platform: Platform, log: Log, config: ClusterConfig): Promise<Store> {
  const { clock, disk } = platform;
  switch (config.datastore.type) {
    case "memory":
      return createMemoryStore({ clock });
    case "sqlite": {
      const path = clusterPaths(config.directory).database;
      await disk.makeDirectory(dirname(path), { mode: 0o700 });
      log.info("opening the store", { path });
      return openSqliteStore({ clock, path, lockWaitMs: 20_000 });
    }
    case "etcd":
      return connectEtcd(platform, log, config.datastore);
  }
}

/** A server that is being started may take a while to elect itself. */
async function connectEtcd({ clock, disk }: Platform, log: Log, datastore: EtcdDatastore): Promise<Store> {
  const { endpoints, tls } = datastore;
  const read = async (path: string | undefined) => (path === undefined ? undefined : disk.read(path));
  const [certificateAuthority, certificate, key] = await Promise.all([tls?.ca, tls?.certificate, tls?.key].map(read));
  const client = certificate === undefined || key === undefined ? {} : { certificate, key };
  const deadlineMs = clock.monotonic() + connectMsMax;
  log.info("connecting with etcd", { endpoints: endpoints.join(",") });
  for (;;) {
    try {
      return await connectEtcdStore({
        clock,
        endpoints,
        ...(certificateAuthority === undefined ? {} : { tls: { certificateAuthority, ...client } }),
      });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || clock.monotonic() > deadlineMs) throw error;
      await clock.sleep(retryMs);
    }
  }
}

const connectMsMax = 30_000;
const retryMs = 50;
