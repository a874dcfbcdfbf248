import type { Clock } from "../base/index.ts";

interface Expectation {
  toAdd: number;
  toDelete: number;
  readonly at: number;
}

/** After so long an unmet expectation is given up: the watch may have missed something. */
const expectationTimeoutMs = 5 * 60_000;

/**
 * What a controller has asked for and not yet seen in its informer, by the key of the object it works for. Until it has
 * seen it, its picture is too old to decide from.
 */
export class ControllerExpectations {
  readonly #byKey = new Map<string, Expectation>();
  readonly #clock: Pick<Clock, "monotonic">;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  satisfied(key: string): boolean {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return true;
    if (expected.toAdd <= 0 && expected.toDelete <= 0) return true;
    return this.#clock.monotonic() - expected.at > expectationTimeoutMs;
  }

  expectCreations(key: string, count: number): void {
    this.expect(key, count, 0);
  }

  expectDeletions(key: string, count: number): void {
    this.expect(key, 0, count);
  }

  expect(key: string, toAdd: number, toDelete: number): void {
    this.#byKey.set(key, { toAdd, toDelete, at: this.#clock.monotonic() });
  }

  /** Expects more on top of what is expected already. */
  raise(key: string, toAdd: number, toDelete: number): void {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return this.expect(key, toAdd, toDelete);
    expected.toAdd += toAdd;
    expected.toDelete += toDelete;
  }

  creationObserved(key: string): void {
    this.#lower(key, 1, 0);
  }

  deletionObserved(key: string): void {
    this.#lower(key, 0, 1);
  }

  /** A creation that failed, or was never tried, will not be seen. */
  lowerCreations(key: string, count: number): void {
    this.#lower(key, count, 0);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  #lower(key: string, added: number, deleted: number): void {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return;
    expected.toAdd -= added;
    expected.toDelete -= deleted;
  }
}

/** Expectations that also know which objects are to go, so that seeing one go twice counts once. */
export class UidTrackingExpectations extends ControllerExpectations {
  readonly #uids = new Map<string, Set<string>>();

  expectDeletionsOf(key: string, uids: readonly string[]): void {
    this.#uids.set(key, new Set(uids));
    this.expectDeletions(key, uids.length);
  }

  deletionOfObserved(key: string, uid: string): void {
    if (this.#uids.get(key)?.delete(uid) === true) this.deletionObserved(key);
  }

  override forget(key: string): void {
    this.#uids.delete(key);
    super.forget(key);
  }
}
