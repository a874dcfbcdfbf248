import { dirname } from "node:path";
import type { Log, Platform } from "../../base/index.ts";
import { createMemoryStore, openSqliteStore, type Store } from "../../storage/index.ts";
import type { ClusterConfig } from "../cluster/config.ts";
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
      throw new Error("--datastore etcd is not available yet; use sqlite");
  }
}
