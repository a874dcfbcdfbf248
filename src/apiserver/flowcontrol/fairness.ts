import type { FlowSchema, PriorityLevelConfiguration } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { FlowControl, FlowDecision } from "../handlers/pipeline.ts";
import { isLongRunning } from "../handlers/pipeline.ts";
import { textReply } from "../http/reply.ts";
import type { LiveContext } from "../request/context.ts";
import type { RequestInfo, UserInfo } from "../request/contract.ts";
import type { Query } from "../request/query.ts";
import { mandatory, suggested } from "./bootstrap.ts";
import { compareSchemas, compileSchema, namespacesOf, type SchemaMatcher } from "./classify.ts";
import { shareSeats } from "./borrowing.ts";
import type { FlowMetrics, FlowSeries, LevelReading } from "./flow-metrics.ts";
import { seatLimits } from "./limits.ts";
import { PriorityLevel } from "./priority-level.ts";
import type { QueueSet, Ticket } from "./queue-set.ts";
import { smoothed } from "./seat-demand.ts";
import { flowHash } from "./shuffle-shard.ts";
import type { Waiting } from "./waiting.ts";
import { type WorkSources, workOf } from "./width.ts";

export interface FairnessOptions {
  readonly clock: Clock;
  readonly metrics: FlowMetrics;
  /** `--max-requests-inflight` and `--max-mutating-requests-inflight` together. */
  readonly serverSeats: number;
  /** How long a request may wait. Upstream: a quarter of the request timeout. */
  readonly waitMsMax: number;
  readonly sources: WorkSources;
}

/** A flow schema and where it leads. */
export interface Flow {
  readonly name: string;
  readonly matches: SchemaMatcher;
  readonly level: PriorityLevel;
  readonly by: "ByUser" | "ByNamespace" | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly series: FlowSeries;
  /** What exempt requests get; nothing differs between them. */
  readonly exempt: FlowDecision;
}

const flowsPerUserMax = 512;
const letGo: FlowDecision = { type: "go", release: () => {} };

/** API priority and fairness: sorts requests into flows and lets each level run as many as it has seats. */
export class Fairness {
  readonly #options: FairnessOptions;
  #levels: ReadonlyMap<string, PriorityLevel> = new Map();
  #flows: readonly Flow[] = [];
  #namespaces: ReadonlySet<string> = new Set();
  #known = new WeakMap<UserInfo, Map<string, Flow>>();
  readonly #readings = new Map<string, (reading: LevelReading) => void>();

  constructor(options: FairnessOptions) {
    this.#options = options;
    this.configure([...mandatory.levels, ...suggested.levels], [...mandatory.schemas, ...suggested.schemas]);
  }

  get levels(): Iterable<PriorityLevel> {
    return this.#levels.values();
  }

  /** Takes all objects as they are now. Schemas whose level does not exist are passed over. */
  configure(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void {
    const { clock, metrics, serverSeats } = this.#options;
    const all = withMandatory(levels, mandatory.levels);
    const limits = seatLimits(
      all.map(({ metadata, spec }) => ({ name: metadata.name ?? "", spec })),
      serverSeats,
    );
    const nowMs = clock.monotonic();
    const before = this.#levels;
    this.#levels = new Map(
      all.map((object) => {
        const name = object.metadata.name ?? "";
        const limit = limits.get(name) ?? { nominal: 0, lower: 0, upper: 0 };
        this.#readings.set(name, this.#readings.get(name) ?? metrics.level(name));
        return [name, new PriorityLevel(object, limit, nowMs, before.get(name))];
      }),
    );
    this.adjust();
    const sorted = withMandatory(schemas, mandatory.schemas).sort(compareSchemas);
    this.#flows = sorted.flatMap((schema) => this.#flowOf(schema) ?? []);
    this.#namespaces = new Set(sorted.flatMap(namespacesOf));
    this.#known = new WeakMap();
  }

  /** Shares the seats out anew by what was wanted since the last time. */
  adjust(): void {
    const { clock, metrics } = this.#options;
    const nowMs = clock.monotonic();
    const levels = [...this.#levels.values()];
    const demands = levels.map((level) => level.takeDemand(nowMs));
    for (const [index, level] of levels.entries()) {
      const demand = demands[index];
      if (demand !== undefined) level.smoothed = smoothed(demand, level.smoothed);
    }
    const { seats, fairFraction } = shareSeats(
      levels.map((level, index) => ({
        exempt: level.exempt,
        limits: level.limits,
        high: demands[index]?.high ?? 0,
        smoothed: level.smoothed,
      })),
    );
    metrics.fairFraction.set(fairFraction);
    for (const [index, level] of levels.entries()) {
      const [current = level.limits.nominal, demand] = [seats[index], demands[index]];
      level.resize(current, nowMs);
      if (demand === undefined) continue;
      const target = Math.max(level.limits.lower, Math.min(level.limits.nominal, demand.high), level.smoothed);
      const { limits, smoothed: wanted } = level;
      this.#readings.get(level.name)?.({ limits, current, demand, smoothed: wanted, target });
    }
  }

  readonly decide: FlowControl = (context, query) => {
    const { info } = context;
    if (info.verb !== "watch" && isLongRunning(info)) return letGo;
    const flow = this.classify(context.user, info);
    if (flow === undefined) return refused();
    context.flow = flow;
    const { level } = flow;
    if (level.queues === undefined) {
      if (++level.executing > level.executingPeak) level.executingPeak = level.executing;
      level.dispatched++;
      flow.series.dispatched.increment();
      return flow.exempt;
    }
    return this.#enter(flow, level.queues, context, query);
  };

  /** The first schema that matches. Undefined only for users of no group at all. */
  classify(user: UserInfo, info: RequestInfo): Flow | undefined {
    const key = this.#keyOf(info);
    let flows = this.#known.get(user);
    const known = flows?.get(key);
    if (known !== undefined) return known;
    const found = this.#flows.find(({ matches }) => matches(user, info));
    if (found === undefined) return undefined;
    if (flows === undefined || flows.size >= flowsPerUserMax) {
      flows = new Map();
      this.#known.set(user, flows);
    }
    flows.set(key, found);
    return found;
  }

  /** Everything that schemas can tell apart. */
  #keyOf({ isResourceRequest, verb, apiGroup, resource, subresource, namespace, path }: RequestInfo): string {
    if (!isResourceRequest) return `${verb} ${path}`;
    const where = namespace === "" ? "" : this.#namespaces.has(namespace) ? namespace : "*";
    return `${verb} ${apiGroup} ${resource} ${subresource} ${where}`;
  }

  #enter(
    flow: Flow,
    queues: QueueSet<Waiting>,
    context: LiveContext,
    query: Query,
  ): FlowDecision | Promise<FlowDecision> {
    const { clock, sources } = this.#options;
    const { info, user } = context;
    const { level, series } = flow;
    const distinguisher = flow.by === "ByUser" ? user.name : flow.by === "ByNamespace" ? info.namespace : "";
    const { seats, afterMs } = workOf(info, query, level.requestSeatsMax, sources);
    series.width.observe(seats);
    let go = (): void => {};
    const data: Waiting = {
      schema: flow.name,
      distinguisher,
      userName: user.name,
      info,
      arrivedAtMs: context.receivedAtMs,
      go: () => go(),
    };
    const arrival = queues.arrive(data, flowHash(flow.name, distinguisher), seats, clock.monotonic());
    if (arrival.type === "refused") {
      level.rejected++;
      series.rejected(arrival.reason).increment();
      return refused(level.retryAfter.refused(clock.now()));
    }
    const { ticket } = arrival;
    if (arrival.type === "executing") return this.#started(flow, queues, ticket, afterMs);
    series.inQueue.increment();
    series.waitingSeats.increment(seats);
    series.queueLength.observe(ticket.queue?.waiting.length ?? 0);
    return new Promise((resolve) => {
      const leave = (why: "time-out" | "cancelled"): void => {
        if (!queues.withdraw(ticket, clock.monotonic())) return;
        stopWaiting();
        if (why === "time-out") level.timedOut++;
        else level.cancelled++;
        series.rejected(why).increment();
        resolve(refused(level.retryAfter.refused(clock.now())));
      };
      const onAbort = (): void => leave("cancelled");
      const timer = clock.after(this.#options.waitMsMax, () => leave("time-out"));
      const stopWaiting = (): void => {
        timer.cancel();
        context.signal.removeEventListener("abort", onAbort);
        series.inQueue.decrement();
        series.waitingSeats.decrement(seats);
      };
      context.signal.addEventListener("abort", onAbort, { once: true });
      go = () => {
        stopWaiting();
        context.exclude((ticket.startedMs ?? ticket.arrivedMs) - ticket.arrivedMs, "apf-queue-wait");
        resolve(this.#started(flow, queues, ticket, afterMs));
      };
    });
  }

  #started(flow: Flow, queues: QueueSet<Waiting>, ticket: Ticket<Waiting>, afterMs: number): FlowDecision {
    const { clock } = this.#options;
    const { series, level } = flow;
    const { arrivedMs, startedMs = arrivedMs, seats } = ticket;
    level.dispatched++;
    series.dispatched.increment();
    series.waited.observe((startedMs - arrivedMs) / 1000);
    series.executing.increment();
    series.seats.increment(seats);
    return {
      type: "go",
      release: () => {
        const nowMs = clock.monotonic();
        series.executing.decrement();
        series.executed.observe((nowMs - startedMs) / 1000);
        const free = (): void => {
          series.seats.decrement(seats);
          for (const next of queues.finish(ticket, clock.monotonic())) next.data.go();
        };
        if (afterMs === 0) free();
        else clock.after(afterMs, free);
      },
    };
  }

  #flowOf(schema: FlowSchema): Flow | undefined {
    const name = schema.metadata.name ?? "";
    const level = this.#levels.get(schema.spec.priorityLevelConfiguration.name);
    if (level === undefined) return undefined;
    const by = schema.spec.distinguisherMethod?.type;
    const headers: Record<string, string> = {};
    if (schema.metadata.uid !== undefined) headers["x-kubernetes-pf-flowschema-uid"] = schema.metadata.uid;
    if (level.uid !== "") headers["x-kubernetes-pf-prioritylevel-uid"] = level.uid;
    return {
      name,
      matches: compileSchema(schema),
      level,
      by: by === "ByUser" || by === "ByNamespace" ? by : undefined,
      headers,
      series: this.#options.metrics.flow(level.name, name),
      exempt: {
        type: "go",
        release: () => {
          level.executing--;
        },
      },
    };
  }
}

/** Upstream: `tooManyRequests`. */
export function refused(retryAfterSeconds = 1): FlowDecision {
  const response = textReply(429, "Too many requests, please try again later.\n");
  response.headers["retry-after"] = String(retryAfterSeconds);
  return { type: "refused", response };
}

/** The objects that are there, and those of the mandatory ones that are not (yet). */
function withMandatory<T extends FlowSchema | PriorityLevelConfiguration>(
  objects: readonly T[],
  needed: readonly T[],
): T[] {
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  return [...objects, ...needed.filter(({ metadata }) => !names.has(metadata.name))];
}
