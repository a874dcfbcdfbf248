import assert from "node:assert/strict";
import type { Entry, Store, Watch, WatchBatch, WatchEvent } from "../contract.ts";

/** One engine, opened for one test. */
export interface OpenedEngine {
  readonly store: Store;
  /** Milliseconds from some moment, as the engine sees them pass. */
  elapsed(): number;
  /** Lets time pass as the engine sees it: so much, or more on a busy machine. */
  pass(durationMs: number): Promise<void>;
  /** Closes the store and opens it again with what it kept. Absent when the engine keeps nothing. */
  readonly reopen?: () => Promise<Store>;
  /** Closes the store, if that was not done, and frees what is below it. */
  dispose(): Promise<void>;
}

/** What the suite needs to know about an engine. The store may hold other keys, and be at any revision. */
export interface Engine {
  readonly name: string;
  open(limits?: { readonly watchBacklogMax?: number }): Promise<OpenedEngine>;
  /** How much later than asked for a key may go. */
  readonly ttlSlackMs: number;
  /** Writes take effect in the order of the calls, even when they are in flight together. */
  readonly inOrder: boolean;
  /** Random transactions of the model test. */
  readonly modelSteps: number;
}

const pollMs = 50;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
let prefixes = 0;

/** A prefix that no other test of this process uses. */
export function freshPrefix(): string {
  return `/conformance/${process.pid}-${prefixes++}/`;
}

export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export function text(entry: Entry | undefined): string | undefined {
  return entry === undefined ? undefined : decoder.decode(entry.value);
}

/** Writes unconditionally and returns the revision. */
export async function put(store: Store, key: string, value: string, ttlSeconds?: number): Promise<number> {
  const result = await store.transact([], [{ type: "put", key, value: bytes(value), ttlSeconds }]);
  return result.revision;
}

export async function remove(store: Store, key: string): Promise<number> {
  const result = await store.transact([], [{ type: "delete", key }]);
  return result.revision;
}

export async function keysBelow(store: Store, prefix: string, revision?: number): Promise<readonly string[]> {
  const { entries } = await store.list(prefix, { revision });
  return entries.map(({ key }) => key.slice(prefix.length));
}

/** Lets time pass until the keys are these, for at most as long as a key may go too late. */
export async function keysBecome(
  { store, pass }: OpenedEngine,
  prefix: string,
  expected: readonly string[],
  ttlSlackMs: number,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < ttlSlackMs; waitedMs += pollMs) {
    if ((await keysBelow(store, prefix)).join() === expected.join()) return;
    await pass(pollMs);
  }
  assert.deepEqual(await keysBelow(store, prefix), expected);
}

/** `key=value` pairs below a prefix. */
export async function contents(store: Store, prefix: string, revision?: number): Promise<readonly string[]> {
  const { entries } = await store.list(prefix, { revision });
  return entries.map((entry) => `${entry.key.slice(prefix.length)}=${text(entry)}`);
}

/** Reads batches until so many events have come. */
export async function takeEvents(watch: Watch, count: number): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  const iterator = watch[Symbol.asyncIterator]();
  while (events.length < count) {
    const step = await iterator.next();
    if (step.done === true) throw new Error(`watch ended after ${events.length} of ${count} events`);
    events.push(...step.value.events);
  }
  return events;
}

/** Reads until the first batch without events. */
export async function takeProgress(watch: Watch): Promise<WatchBatch> {
  const iterator = watch[Symbol.asyncIterator]();
  for (;;) {
    const step = await iterator.next();
    if (step.done === true) throw new Error("watch ended without progress");
    if (step.value.events.length === 0) return step.value;
  }
}

/** One line per event: `+key=value` for a put, `-key` for a deletion, with the previous value and the revision. */
export function describeEvent(event: WatchEvent, prefix: string): string {
  const was = event.previous === undefined ? "" : ` was ${text(event.previous)}`;
  if (event.type === "delete") return `-${event.key.slice(prefix.length)}${was} @${event.revision}`;
  return `+${event.entry.key.slice(prefix.length)}=${text(event.entry)}${was} @${event.entry.modRevision}`;
}
