export type OperationKind = "attach" | "detach";

interface Operation {
  kind: OperationKind;
  isRunning: boolean;
  /** Zero when the last one did not fail. Milliseconds. */
  delayMs: number;
  failedAt: number;
}

const firstDelayMs = 500;
const delayMaxMs = 122_000;

/** What is under way for each volume, and what has failed and has to wait before it is done again. */
export class Operations {
  readonly #all = new Map<string, Operation>();
  readonly #now: () => number;

  /** `now` is monotonic, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  isRunning(key: string): boolean {
    return this.#all.get(key)?.isRunning === true;
  }

  /** How long this kind has to wait; other kinds may go on at once. */
  waitMs(key: string, kind: OperationKind): number {
    const known = this.#all.get(key);
    if (known === undefined || known.kind !== kind || known.delayMs === 0) return 0;
    return Math.max(0, known.failedAt + known.delayMs - this.#now());
  }

  started(key: string, kind: OperationKind): void {
    const known = this.#all.get(key);
    const delayMs = known?.kind === kind ? known.delayMs : 0;
    this.#all.set(key, { kind, isRunning: true, delayMs, failedAt: 0 });
  }

  succeeded(key: string): void {
    this.#all.delete(key);
  }

  failed(key: string): void {
    const known = this.#all.get(key);
    if (known === undefined) return;
    known.isRunning = false;
    known.failedAt = this.#now();
    known.delayMs = known.delayMs === 0 ? firstDelayMs : Math.min(known.delayMs * 2, delayMaxMs);
  }
}
