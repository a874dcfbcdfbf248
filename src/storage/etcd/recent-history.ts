import { must } from "../../base/index.ts";
import { CompactedError, type Revision, type WatchBatch } from "../contract.ts";
import { Deque } from "../mvcc/deque.ts";
import type { History } from "../mvcc/local-watch.ts";

const BATCH_OVERHEAD_BYTES = 256;

/** The last batches that came by, as far as they fit. */
export class RecentHistory implements History {
  readonly #bytesMax: number;
  readonly #batches = new Deque<WatchBatch>();
  #bytes = 0;
  #start: Revision;
  #revision: Revision;

  constructor(revision: Revision, bytesMax: number) {
    this.#start = revision;
    this.#revision = revision;
    this.#bytesMax = bytesMax;
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** Everything after this revision is here. */
  get start(): Revision {
    return this.#start;
  }

  push(batch: WatchBatch): void {
    this.#revision = batch.revision;
    this.#batches.push(batch);
    this.#bytes += sizeOf(batch);
    while (this.#bytes > this.#bytesMax) {
      const oldest = must(this.#batches.shift(), "bytes are those of batches");
      this.#bytes -= sizeOf(oldest);
      this.#start = oldest.revision;
    }
  }

  replay(afterRevision: Revision, visit: (batch: WatchBatch) => boolean): void {
    if (afterRevision < this.#start) throw new CompactedError(this.#start);
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches.at(middle)?.revision ?? Infinity) <= afterRevision) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.#batches.length; index++) {
      if (!visit(must(this.#batches.at(index), "index is in range"))) return;
    }
  }
}

function sizeOf(batch: WatchBatch): number {
  let bytes = BATCH_OVERHEAD_BYTES;
  for (const event of batch.events) {
    bytes += event.previous?.value.length ?? 0;
    if (event.type === "put") bytes += event.entry.value.length;
  }
  return bytes;
}
