import type { Clock } from "../../base/index.ts";
import type { Counter, Histogram, MetricsRegistry } from "../../component/index.ts";
import type { Entry, ListOptions, ListResult, Operation, Precondition, Store } from "../../storage/index.ts";
import type { TransactionResult, Watch } from "../../storage/index.ts";

type StoreOperation = "get" | "list" | "create" | "update" | "delete";

interface Series {
  readonly duration: Histogram;
  readonly total: Counter;
  readonly errors: Counter;
}

/** Upstream's buckets for `etcd_request_duration_seconds`. */
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const resourcesMax = 1_000;

/** A store that tells how long its calls take, by upstream's names whatever the engine. */
export class ObservedStore implements Store {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #families;
  readonly #series = new Map<string, Partial<Record<StoreOperation, Series>>>();
  #sizeBytes = 0;

  constructor(store: Store, clock: Clock, registry: MetricsRegistry) {
    this.#store = store;
    this.#clock = clock;
    const labels = ["operation", "group", "resource"] as const;
    this.#families = {
      duration: registry.histograms({
        name: "etcd_request_duration_seconds",
        help: "How long the store takes, by operation and resource.",
        labels,
        buckets,
      }),
      total: registry.counters({ name: "etcd_requests_total", help: "Calls of the store.", labels }),
      errors: registry.counters({ name: "etcd_request_errors_total", help: "Calls that the store failed.", labels }),
    };
    const size = registry.gauges({
      name: "apiserver_storage_size_bytes",
      help: "Bytes that the store takes.",
      stability: "STABLE",
      labels: ["storage_cluster_id"],
    });
    registry.beforeRender(() => {
      // Asking takes a while; what is shown is what the last look found.
      size.with("etcd-0").set(this.#sizeBytes);
      store.size().then(
        (bytes) => {
          this.#sizeBytes = bytes;
        },
        () => {},
      );
    });
  }

  currentRevision(): Promise<number> {
    return this.#store.currentRevision();
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#observe("get", key, this.#store.get(key));
  }

  list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.#observe("list", prefix, this.#store.list(prefix, options));
  }

  transact(preconditions: readonly Precondition[], operations: readonly Operation[]): Promise<TransactionResult> {
    const first = operations[0];
    const key = first?.key ?? preconditions[0]?.key ?? "";
    return this.#observe(kindOf(preconditions, first), key, this.#store.transact(preconditions, operations));
  }

  watch(prefix: string, afterRevision: number, options?: { readonly progressMs?: number }): Watch {
    return this.#store.watch(prefix, afterRevision, options);
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  size(): Promise<number> {
    return this.#store.size();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #observe<T>(operation: StoreOperation, key: string, work: Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonic();
    const series = this.#seriesOf(operation, key);
    series.total.increment();
    try {
      return await work;
    } catch (error) {
      series.errors.increment();
      throw error;
    } finally {
      series.duration.observe((this.#clock.monotonic() - startedMs) / 1000);
    }
  }

  #seriesOf(operation: StoreOperation, key: string): Series {
    const first = segmentAfter(key, 10);
    const known = this.#series.get(first);
    const found = known?.[operation];
    if (found !== undefined) return found;
    // Resources of a group with a dot lie one level deeper, as upstream stores custom ones.
    const grouped = first.includes(".");
    const labels = [operation, grouped ? first : "", grouped ? segmentAfter(key, 11 + first.length) : first] as const;
    const { duration, total, errors } = this.#families;
    const series = { duration: duration.with(...labels), total: total.with(...labels), errors: errors.with(...labels) };
    if (known !== undefined) known[operation] = series;
    else if (this.#series.size < resourcesMax && !grouped) this.#series.set(first, { [operation]: series });
    return series;
  }
}

function kindOf(preconditions: readonly Precondition[], first: Operation | undefined): StoreOperation {
  if (first?.type === "delete") return "delete";
  return preconditions[0]?.modRevision === 0 ? "create" : "update";
}

/** The part of `/registry/pods/…` that starts at the index. */
function segmentAfter(key: string, start: number): string {
  const end = key.indexOf("/", start);
  return end < 0 ? key.slice(start) : key.slice(start, end);
}
