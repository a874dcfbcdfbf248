import type { Clock, Log, Random } from "../base/index.ts";
import type { MetricsRegistry } from "../component/index.ts";
import type { Client, EventRecorder, InformerFactory, WorkQueueMetricsProvider } from "../client/index.ts";

/** What a controller is given. Informers are shared by all controllers of the process. */
export interface ControllerContext {
  /** With the controller's own identity. */
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Events are written with the controller's identity; `component` is their source. */
  recorder(component: string): EventRecorder;
  readonly metrics?: WorkQueueMetricsProvider | undefined;
  /** For series of the controller's own. */
  readonly registry?: MetricsRegistry | undefined;
}
