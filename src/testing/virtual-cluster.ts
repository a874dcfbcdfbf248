import { CapturingLog, type Runnable, SeededRandom, VirtualClock } from "../base/index.ts";
import {
  type Client,
  type InformerFactory,
  SeriesBroadcaster,
  SharedInformerFactory,
  type TypedClient,
  typed,
} from "../client/index.ts";
import type { ControllerConfig } from "../controllers/index.ts";
import { type StandardControlPlaneOptions, startStandardControlPlane } from "./control-plane.ts";

export interface VirtualClusterOptions {
  /** Default: as `VirtualClock` has it. Milliseconds since 1970. */
  readonly startMs?: number;
  readonly serviceAccounts?: StandardControlPlaneOptions["serviceAccounts"];
  /** Of the controllers. */
  readonly config?: ControllerConfig;
  /** As `--controllers` has them. Default: all that are on by default. */
  readonly enabled?: readonly string[];
  /** Default true. Without it, whatever the test schedules itself runs nowhere else. */
  readonly scheduler?: boolean;
}

export interface VirtualCluster {
  readonly clock: VirtualClock;
  /** A cluster administrator. */
  readonly client: Client;
  readonly api: TypedClient;
  /** For what the test runs itself. */
  readonly informers: InformerFactory;
  readonly log: CapturingLog;
  /** Runs something of the test's own until the test is over. */
  start(part: Runnable): void;
}

/**
 * The API server of a cluster with RBAC, its controllers and its scheduler in this process, on virtual time, for as long
 * as `work` takes. Time passes when the test says so; every run is the same.
 */
export async function withVirtualCluster(
  work: (cluster: VirtualCluster) => Promise<void>,
  options: VirtualClusterOptions = {},
): Promise<void> {
  // Not before: most tests need neither.
  const { createControllerManager, impersonatingClients } = await import("../controllers/index.ts");
  const { Scheduler } = await import("../scheduler/index.ts");
  const { config, enabled, scheduler = true, serviceAccounts } = options;
  const clock = new VirtualClock(options.startMs);
  const [log, random] = [new CapturingLog(), new SeededRandom("cluster")];
  const plane = await clock.resolve(
    startStandardControlPlane({ clock, random, ...(serviceAccounts === undefined ? {} : { serviceAccounts }) }),
  );
  const { client } = plane;
  const stopping = new AbortController();
  const informers = new SharedInformerFactory({ client, clock, random, log });
  const events = new SeriesBroadcaster({ client, clock, log, reportingInstance: "default-scheduler" });
  const recorder = events.recorder("default-scheduler");
  const manager = createControllerManager({
    clientFor: impersonatingClients(client),
    ...{ clock, random, log },
    ...(config === undefined ? {} : { config }),
    ...(enabled === undefined ? {} : { enabled }),
  });
  const parts = [
    manager,
    ...(scheduler ? [new Scheduler({ client, informers, events: recorder, clock, random, log })] : []),
    informers,
    events,
  ];
  const running = parts.map((part) => part.run(stopping.signal));
  const start = (part: Runnable): void => void running.push(part.run(stopping.signal));
  try {
    await clock.advance(1_000);
    await work({ clock, client, api: typed(client), informers, log, start });
  } finally {
    stopping.abort();
    await clock.resolve(Promise.all(running));
    await clock.resolve(plane.stop());
  }
}
