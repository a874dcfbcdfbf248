import type { Store } from "../contract.ts";
import { type EtcdStoreOptions, resolveEtcdOptions } from "./options.ts";

/** Rejects with `StoreUnavailableError` when no endpoint answers. */
export async function connectEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const resolved = resolveEtcdOptions(options);
  // Whoever does not use etcd is spared gRPC: 20 MB of memory, and its time to load.
  const { EtcdStore } = await import("./etcd-store.ts");
  const store = new EtcdStore(resolved);
  try {
    await store.currentRevision();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
