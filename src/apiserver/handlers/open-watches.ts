/** What can be told to end early. */
export interface Finishable {
  finish(): void;
}

/** What a watch is about. Empty: all namespaces, all names. */
export interface WatchScope {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Where a watch says that it is open. */
export type WatchRegister = Pick<OpenWatches, "add" | "delete">;

/** The watches being served, so that they can be ended when the server is, and how many there are of what. */
export class OpenWatches {
  readonly #watches = new Set<Finishable>();
  /** By resource, then by namespace and name. */
  readonly #counts = new Map<string, Map<string, number>>();
  #finished = false;

  get size(): number {
    return this.#watches.size;
  }

  add(watch: Finishable): void {
    this.#watches.add(watch);
    if (this.#finished) queueMicrotask(() => watch.finish());
  }

  delete(watch: Finishable): void {
    this.#watches.delete(watch);
  }

  /** For one watch that counts as interested in its scope. */
  counting({ group, resource, namespace, name }: WatchScope): WatchRegister {
    const key = `${group}/${resource}`;
    const scope = name === "" ? namespace : `${namespace}/${name}`;
    return {
      add: (watch) => {
        this.add(watch);
        this.#count(key, scope, 1);
      },
      delete: (watch) => {
        this.delete(watch);
        this.#count(key, scope, -1);
      },
    };
  }

  /** Watches that a change of this object concerns; without a name, of any object there. */
  interested({ group, resource, namespace, name }: WatchScope): number {
    const counts = this.#counts.get(`${group}/${resource}`);
    if (counts === undefined) return 0;
    const everywhere = counts.get("") ?? 0;
    const here = namespace === "" ? 0 : (counts.get(namespace) ?? 0);
    return everywhere + here + (name === "" ? 0 : (counts.get(`${namespace}/${name}`) ?? 0));
  }

  /** Ends all of them, and those that still come. */
  finish(): void {
    this.#finished = true;
    for (const watch of [...this.#watches]) watch.finish();
  }

  #count(key: string, scope: string, by: 1 | -1): void {
    const counts = this.#counts.get(key) ?? new Map<string, number>();
    const count = (counts.get(scope) ?? 0) + by;
    if (count > 0) counts.set(scope, count);
    else counts.delete(scope);
    if (counts.size > 0) this.#counts.set(key, counts);
    else this.#counts.delete(key);
  }
}
