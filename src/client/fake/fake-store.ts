import type { KubeObject } from "../../apimachinery/index.ts";
import { deepFreeze } from "../freeze.ts";

export interface StoredEvent {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

type Listener = (event: StoredEvent) => void;

/** The objects of one resource with their history. */
export class FakeTable {
  readonly objects = new Map<string, KubeObject>();
  readonly history: StoredEvent[] = [];
  readonly listeners = new Set<Listener>();
  /** Ends the watches that are open. */
  readonly enders = new Set<() => void>();
}

/** All resources under one revision counter. Objects are frozen as they go in. */
export class FakeStore {
  readonly #tables = new Map<string, FakeTable>();
  #revision = 1;
  /** Positions at or before this one are answered with 410. */
  compactedBefore = 0;

  get revision(): number {
    return this.#revision;
  }

  table(name: string): FakeTable {
    const existing = this.#tables.get(name);
    if (existing !== undefined) return existing;
    const made = new FakeTable();
    this.#tables.set(name, made);
    return made;
  }

  write(tableName: string, key: string, object: KubeObject): KubeObject {
    const table = this.table(tableName);
    const previous = table.objects.get(key);
    const stored = this.#stamp(object);
    table.objects.set(key, stored);
    this.#publish(table, {
      revision: this.#revision,
      type: previous === undefined ? "ADDED" : "MODIFIED",
      object: stored,
      previous,
    });
    return stored;
  }

  remove(tableName: string, key: string): KubeObject | undefined {
    const table = this.table(tableName);
    const previous = table.objects.get(key);
    if (previous === undefined) return undefined;
    table.objects.delete(key);
    const last = this.#stamp(structuredClone(previous));
    this.#publish(table, { revision: this.#revision, type: "DELETED", object: last, previous });
    return last;
  }

  /** As a server does that restarts. */
  endWatches(tableName: string): void {
    for (const end of this.table(tableName).enders) end();
  }

  #stamp(object: KubeObject): KubeObject {
    this.#revision += 1;
    object.metadata.resourceVersion = String(this.#revision);
    return deepFreeze(object);
  }

  #publish(table: FakeTable, event: StoredEvent): void {
    table.history.push(event);
    for (const listener of table.listeners) listener(event);
  }
}
