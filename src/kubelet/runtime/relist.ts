import { type Clock, isAbort, type Log, messageOf } from "../../base/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { isCriError, type RuntimeService } from "../../cri/index.ts";
import { labels } from "./labels.ts";
import type { Inspector, ListedPod } from "./inspector.ts";

export interface RelistOptions {
  readonly inspector: Inspector;
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly log: Log;
  readonly periodMs: number;
  readonly metrics?: MetricsRegistry | undefined;
  readonly changes: ((signal: AbortSignal) => AsyncIterable<unknown>) | undefined;
  /** Something of the pod changed in the runtime since it was last looked at. */
  readonly onChange: (uid: string) => void;
  /** After each pass, with all that the runtime holds. */
  readonly onListed: (listed: ReadonlyMap<string, ListedPod>) => void;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `kubelet_pleg_*`. */
function relistSeries(registry: MetricsRegistry) {
  const of = (name: string, help: string) => ({ name: `kubelet_pleg_${name}`, help });
  return {
    duration: registry.histogram({ ...of("relist_duration_seconds", "How long the runtime takes to list."), buckets }),
    interval: registry.histogram({ ...of("relist_interval_seconds", "Time between two lists."), buckets }),
    lastSeen: registry.gauge(of("last_seen_seconds", "When the runtime was listed last, since the Unix epoch.")),
  };
}

/** With events, lists are only the safety net. */
const slowFactor = 10;
const eventsRetryMs = 5_000;
/** The runtime tells of a process's end a little before its lists show it. */
const hintDelaysMs = [15, 150];

/** Tells of changes in the runtime: from its events where it has them, and from comparing lists in any case. */
export class Relist {
  readonly #options: RelistOptions;
  /** What of a pod has been told last. */
  readonly #told = new Map<string, string>();
  readonly #series: ReturnType<typeof relistSeries> | undefined;
  #lastMs: number | undefined;
  #eventing = false;
  #hinted = false;
  #hintedAgain = false;

  constructor(options: RelistOptions) {
    this.#options = options;
    this.#series = options.metrics === undefined ? undefined : relistSeries(options.metrics);
  }

  /** Whether the last pass is recent enough for the node to count as healthy (upstream: three minutes). */
  healthy(): boolean {
    return this.#lastMs !== undefined && this.#options.clock.monotonic() - this.#lastMs < 180_000;
  }

  get lastListedMs(): number | undefined {
    return this.#lastMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#lists(signal), this.#events(signal), this.#hints(signal)]);
  }

  async #lists(signal: AbortSignal): Promise<void> {
    const { clock, log, periodMs } = this.#options;
    while (!signal.aborted) {
      try {
        await this.pass(signal);
      } catch (error) {
        if (isAbort(error, signal) || signal.aborted) return;
        log.warn("Listing the runtime failed", { error: messageOf(error) });
      }
      try {
        await clock.sleep(this.#eventing ? periodMs * slowFactor : periodMs, signal);
      } catch {
        return;
      }
    }
  }

  async pass(signal?: AbortSignal): Promise<void> {
    const { inspector, clock, onChange, onListed } = this.#options;
    const beganMs = clock.monotonic();
    if (this.#lastMs !== undefined) this.#series?.interval.observe((beganMs - this.#lastMs) / 1000);
    const listed = await inspector.list(signal);
    this.#lastMs = clock.monotonic();
    this.#series?.duration.observe((this.#lastMs - beganMs) / 1000);
    this.#series?.lastSeen.set(Math.floor(clock.now() / 1000));
    for (const [uid, pod] of listed) {
      if (inspector.lastFingerprint(uid) === pod.fingerprint || this.#told.get(uid) === pod.fingerprint) continue;
      this.#told.set(uid, pod.fingerprint);
      onChange(uid);
    }
    for (const uid of this.#told.keys()) if (!listed.has(uid)) this.#told.delete(uid);
    onListed(listed);
  }

  async #events(signal: AbortSignal): Promise<void> {
    const { runtime, clock, log, onChange } = this.#options;
    while (!signal.aborted) {
      try {
        const events = runtime.getContainerEvents(signal);
        for await (const event of events) {
          this.#eventing = true;
          const uid = event.podSandboxStatus?.labels[labels.podUid];
          if (uid !== undefined) onChange(uid);
        }
      } catch (error) {
        if (isCriError(error, "Unimplemented")) return;
        if (signal.aborted) return;
        log.debug("Runtime events ended", { error: messageOf(error) });
      }
      this.#eventing = false;
      await clock.sleep(eventsRetryMs, signal).catch(() => {});
    }
  }

  /** Where the runtime only hints that something changed, it is listed at once. */
  async #hints(signal: AbortSignal): Promise<void> {
    const { changes, clock, log } = this.#options;
    if (changes === undefined) return;
    while (!signal.aborted) {
      try {
        this.#eventing = true;
        for await (const _ of changes(signal)) this.#hint(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isCriError(error, "Unimplemented")) {
          this.#eventing = false;
          return;
        }
        log.debug("Runtime hints ended", { error: messageOf(error) });
      }
      this.#eventing = false;
      await clock.sleep(eventsRetryMs, signal).catch(() => {});
    }
  }

  /** One pass soon and one a little later, however many hints come. */
  #hint(signal: AbortSignal): void {
    if (this.#hinted) {
      this.#hintedAgain = true;
      return;
    }
    this.#hinted = true;
    const work = async (): Promise<void> => {
      do {
        this.#hintedAgain = false;
        for (const delayMs of hintDelaysMs) {
          await this.#options.clock.sleep(delayMs, signal);
          await this.pass(signal);
          if (this.#hintedAgain) break;
        }
      } while (this.#hintedAgain && !signal.aborted);
    };
    work()
      .catch((error: unknown) =>
        signal.aborted ? undefined : this.#options.log.warn("Listing the runtime failed", { error: messageOf(error) }),
      )
      .finally(() => {
        this.#hinted = false;
      });
  }
}
