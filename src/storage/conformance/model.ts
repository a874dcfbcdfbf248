import assert from "node:assert/strict";
import { SeededRandom } from "../../base/index.ts";
import type { Operation, Precondition, Store } from "../contract.ts";
import { compareKeys } from "../keys.ts";
import { bytes, describeEvent, freshPrefix, takeEvents } from "./engine.ts";
import type { ConformanceTest } from "./index.ts";

const NAMES = ["a", "b", "b/1", "b/2", "c", "d/\u{1f600}", "d/\uffee", "e"];

interface State {
  readonly value: string;
  readonly modRevision: number;
  readonly createRevision: number;
}
type Snapshot = ReadonlyMap<string, State>;

/** The simplest store there is: a whole copy for each revision. */
class Model {
  readonly prefix: string;
  readonly #first: number;
  readonly snapshots: Snapshot[] = [new Map()];
  readonly events: string[] = [];

  constructor(prefix: string, revision: number) {
    this.prefix = prefix;
    this.#first = revision;
  }

  get revision(): number {
    return this.#first + this.snapshots.length - 1;
  }

  at(revision: number): Snapshot {
    return this.snapshots[revision - this.#first] as Snapshot;
  }

  transact(preconditions: readonly Precondition[], operations: readonly Operation[]): string {
    const now = this.at(this.revision);
    for (const { key, modRevision } of preconditions) {
      if ((now.get(key)?.modRevision ?? 0) !== modRevision) return `conflict ${key} ${now.get(key)?.value}`;
    }
    const next = new Map(now);
    const revision = this.revision + 1;
    const events: string[] = [];
    for (const operation of operations) {
      const { key } = operation;
      const previous = now.get(key);
      const was = previous === undefined ? "" : ` was ${previous.value}`;
      const name = key.slice(this.prefix.length);
      if (operation.type === "put") {
        const value = Buffer.from(operation.value).toString();
        next.set(key, { value, modRevision: revision, createRevision: previous?.createRevision ?? revision });
        events.push(`+${name}=${value}${was} @${revision}`);
      } else if (next.delete(key)) {
        events.push(`-${name}${was} @${revision}`);
      }
    }
    if (events.length === 0) return `committed ${this.revision}`;
    this.snapshots.push(next);
    // The order of events within one revision is not part of the contract.
    this.events.push(...events.sort());
    return `committed ${revision}`;
  }
}

class Walk {
  readonly #random: SeededRandom;
  readonly #store: Store;
  readonly #model: Model;
  #compacted = 0;

  constructor(seed: number, store: Store, model: Model) {
    this.#random = new SeededRandom(seed);
    this.#store = store;
    this.#model = model;
  }

  async step(): Promise<void> {
    const choice = this.#random.next();
    if (choice < 0.65) await this.#transact();
    else if (choice < 0.97) await this.#list();
    else await this.#compact();
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #key(): string {
    return this.#model.prefix + NAMES[this.#below(NAMES.length)];
  }

  async #transact(): Promise<void> {
    const keys = [...new Set(Array.from({ length: 1 + this.#below(3) }, () => this.#key()))];
    const now = this.#model.at(this.#model.revision);
    const preconditions = Array.from({ length: this.#below(3) }, () => {
      const key = this.#key();
      const right = this.#random.next() < 0.85;
      return { key, modRevision: right ? (now.get(key)?.modRevision ?? 0) : this.#below(this.#model.revision + 1) };
    });
    const operations = keys.map((key): Operation => {
      if (this.#random.next() < 0.35) return { type: "delete", key };
      return { type: "put", key, value: bytes(`v${this.#below(1_000_000)}`) };
    });
    const expected = this.#model.transact(preconditions, operations);
    const result = await this.#store.transact(preconditions, operations);
    const current = result.committed || result.current === undefined ? undefined : Buffer.from(result.current.value);
    assert.equal(result.committed ? `committed ${result.revision}` : `conflict ${result.key} ${current}`, expected);
  }

  async #list(): Promise<void> {
    const oldest = Math.max(this.#compacted, this.#model.revision - this.#model.snapshots.length + 1);
    const past = this.#random.next() < 0.5;
    const revision = past ? oldest + this.#below(this.#model.revision - oldest + 1) : this.#model.revision;
    const prefix = this.#model.prefix + ["", "b", "b/", "d/"][this.#below(4)];
    const startAfter = this.#random.next() < 0.3 ? this.#key() : undefined;
    const limit = this.#below(4);
    const all = [...this.#model.at(revision)]
      .filter(([key]) => key.startsWith(prefix) && (startAfter === undefined || compareKeys(key, startAfter) > 0))
      .sort(([left], [right]) => compareKeys(left, right));
    const page = limit > 0 ? all.slice(0, limit) : all;
    const got = await this.#store.list(prefix, { limit, startAfter, revision: past ? revision : undefined });
    const shown = got.entries.map(({ key, value, modRevision, createRevision }) => {
      return [key, { value: Buffer.from(value).toString(), modRevision, createRevision }];
    });
    assert.deepEqual(shown, page);
    assert.deepEqual([got.revision, got.more], [revision, page.length < all.length]);
    if (got.remaining !== undefined) assert.equal(got.remaining, all.length - page.length);
  }

  async #compact(): Promise<void> {
    const oldest = Math.max(this.#compacted, this.#model.revision - this.#model.snapshots.length + 1);
    this.#compacted = Math.max(oldest, this.#model.revision - this.#below(40));
    await this.#store.compact(this.#compacted);
  }
}

export const modelTests: readonly ConformanceTest[] = [1, 2, 3].map((seed) => ({
  name: `random transactions, lists and compactions agree with a naive model (seed ${seed})`,
  async run({ store }, { modelSteps }) {
    const prefix = freshPrefix();
    const start = await store.currentRevision();
    const model = new Model(prefix, start);
    const walk = new Walk(seed, store, model);
    const watch = store.watch(prefix, start);
    for (let step = 0; step < modelSteps; step++) await walk.step();
    const events = await takeEvents(watch, model.events.length);
    watch.close();
    assert.deepEqual(sortedByRevision(events.map((event) => describeEvent(event, prefix))), model.events);
  },
}));

/** Sorts lines within each revision and leaves the order of revisions alone. */
function sortedByRevision(lines: readonly string[]): readonly string[] {
  const groups: string[][] = [];
  let last = "";
  for (const line of lines) {
    const revision = line.slice(line.lastIndexOf("@"));
    if (revision !== last) groups.push([]);
    last = revision;
    groups.at(-1)?.push(line);
  }
  return groups.flatMap((group) => group.sort());
}
