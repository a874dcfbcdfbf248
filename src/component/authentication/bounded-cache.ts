/** Remembers the newest `limit` values, each until its own deadline. */
export class BoundedCache<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, { readonly value: V; readonly expiresMs: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresMs > nowMs) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: V, expiresMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expiresMs });
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
