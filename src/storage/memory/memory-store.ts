import type { Store } from "../contract.ts";
import type { Journal, JournalListener } from "../mvcc/journal.ts";
import { FIRST_REVISION } from "../mvcc/versioned-map.ts";
import { LocalStore } from "../mvcc/local-store.ts";
import { type LocalStoreOptions, resolveLocalOptions } from "../options.ts";

export type MemoryStoreOptions = LocalStoreOptions;

/**
 * A store that lives and dies with the process. A transaction is carried out within the call, so one run is like any
 * other.
 */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  const resolved = resolveLocalOptions(options, { compactionIntervalMs: 0 });
  const store: LocalStore = new LocalStore(resolved, FIRST_REVISION, (listener) =>
    forgetfulJournal(listener, () => store.memoryBytes),
  );
  return store;
}

function forgetfulJournal(listener: JournalListener, memoryBytes: () => number): Journal {
  return {
    append: (transaction) => listener.durable(transaction.batch.revision),
    size: () => Promise.resolve(memoryBytes()),
    close: () => Promise.resolve(),
  };
}
