import type { Clock, Log } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import type { FlowControl } from "../handlers/pipeline.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { ApiServer, StartupStep } from "../server.ts";
import { FairnessConfiguration } from "./configuration.ts";
import { fairnessDumps } from "./dump.ts";
import { Fairness } from "./fairness.ts";
import { flowMetrics } from "./flow-metrics.ts";
import { maxInFlight } from "./max-in-flight.ts";
import { ObjectSizes } from "./stored-objects.ts";

export interface FlowControlOptions {
  /** `--enable-priority-and-fairness`. Default true. */
  readonly fair?: boolean;
  /** `--max-requests-inflight`. Default 400. */
  readonly reading?: number;
  /** `--max-mutating-requests-inflight`. Default 200. */
  readonly mutating?: number;
}

interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  readonly requestTimeoutMs: number;
  readonly clientOf: (server: ApiServer) => Client;
}

export interface InstalledFlowControl {
  readonly flowControl: FlowControl;
  readonly paths: readonly PathHandler[];
  readonly startup: readonly StartupStep[];
}

/** Flow control as the options ask for it, and what it adds to the server. */
export function installFlowControl(options: FlowControlOptions, around: Surroundings): InstalledFlowControl {
  const { fair = true, reading = 400, mutating = 200 } = options;
  const { clock, log } = around;
  let server: ApiServer | undefined;
  const attach = { name: "priority-and-fairness-filter", run: async (started: ApiServer) => void (server = started) };
  if (!fair) {
    const inFlight = () => server?.inFlight ?? nothing;
    return { flowControl: maxInFlight({ reading, mutating }, inFlight), paths: [], startup: [attach] };
  }
  const sizes = new ObjectSizes(clock);
  const fairness = new Fairness({
    clock,
    metrics: flowMetrics(around.metrics),
    serverSeats: reading + mutating,
    waitMsMax: around.requestTimeoutMs / 4,
    sources: {
      stored: ({ apiGroup, apiVersion, resource }) => {
        const cache = server?.catalog.table.get(apiGroup, apiVersion, resource)?.registry.cache;
        return cache === undefined ? nothingStored : sizes.of(cache);
      },
      watchers: ({ apiGroup: group, resource, namespace, name }) =>
        server?.openWatches.interested({ group, resource, namespace, name }) ?? 0,
    },
  });
  const configuration = new FairnessConfiguration({ fairness, clock, log });
  const produce: StartupStep = {
    name: "priority-and-fairness-config-producer",
    covers: ["priority-and-fairness-config-consumer"],
    run: (started, signal) => configuration.start(started, around.clientOf(started), signal),
  };
  return { flowControl: fairness.decide, paths: [fairnessDumps(fairness)], startup: [attach, produce] };
}

const nothingStored = { count: 0, averageBytes: 0 };
const nothing = { reading: 0, mutating: 0 };
