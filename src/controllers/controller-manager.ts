import { Features, type GaugeFamily, type MetricsRegistry } from "../component/index.ts";
import type { Clock, Log, Random, Runnable } from "../base/index.ts";
import {
  type Client,
  EventBroadcaster,
  type InformerFactory,
  SharedInformerFactory,
  type WorkQueueMetricsProvider,
} from "../client/index.ts";
import { type ControllerContext, runAll } from "../reconcile/index.ts";
import type { ControllerConfig } from "./config.ts";
import type { ControllerDescriptor } from "./descriptor.ts";
import { withoutAlias } from "./names.ts";
import { controllers } from "./registry.ts";
import { underQueueNames } from "./queue-names.ts";

export interface ControllerManagerOptions {
  /** A client for the controller of that service account in kube-system. See `impersonatingClients`. */
  readonly clientFor: (serviceAccount: string) => Client;
  /** Shared with others of the process; without it, the manager makes its own from `clientFor("")`. */
  readonly informers?: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Upstream's `--controllers`: `*`, `name`, `-name`. Default `["*"]`. */
  readonly enabled?: readonly string[];
  readonly config?: ControllerConfig;
  readonly metrics?: WorkQueueMetricsProvider;
  /** Where controllers register series of their own. */
  readonly registry?: MetricsRegistry;
  /** Told of each controller that is to run. */
  readonly onController?: (name: string) => void;
  /** Default: every controller there is. */
  readonly descriptors?: readonly ControllerDescriptor[];
}

const defaultFeatures = new Features();

function isGatedOn({ featureGates = [] }: ControllerDescriptor, { isFeatureOn }: ControllerConfig): boolean {
  return featureGates.every(isFeatureOn ?? ((gate) => defaultFeatures.enabled(gate)));
}

/** The first entry that names the controller decides, then `*`. */
export function isEnabled(descriptor: ControllerDescriptor, enabled: readonly string[]): boolean {
  for (const given of enabled) {
    const entry = withoutAlias(given);
    if (entry === descriptor.name) return true;
    if (entry === `-${descriptor.name}`) return false;
  }
  return enabled.includes("*") && descriptor.disabledByDefault !== true;
}

/** All controllers in one process. Leader election is the caller's. */
export function createControllerManager(options: ControllerManagerOptions): Runnable {
  const { clientFor, clock, random, log, enabled = ["*"], config = {}, metrics, descriptors = controllers } = options;
  const own =
    options.informers === undefined
      ? new SharedInformerFactory({ client: clientFor(""), clock, random, log })
      : undefined;
  const informers = options.informers ?? own;
  if (informers === undefined) throw new Error("there are no informers");
  const parts: Runnable[] = own === undefined ? [] : [{ name: "informers", run: (signal) => own.run(signal) }];
  const running = options.registry === undefined ? undefined : runningControllers(options.registry);
  for (const descriptor of descriptors) {
    if (!(descriptor.always || isEnabled(descriptor, enabled)) || !isGatedOn(descriptor, config)) continue;
    const client = clientFor(descriptor.serviceAccount ?? descriptor.name);
    const controllerLog = log.with({ controller: descriptor.name });
    const broadcaster = new EventBroadcaster({ client, clock, log: controllerLog });
    const context: ControllerContext = {
      client,
      informers,
      clock,
      random,
      log: controllerLog,
      metrics: metrics === undefined ? undefined : underQueueNames(metrics),
      registry: options.registry,
      recorder: (component) => broadcaster.recorder(component),
    };
    const controller = descriptor.create(context, config);
    if (controller === undefined) continue;
    parts.push(broadcaster, running === undefined ? controller : counted(descriptor.name, controller, running));
    options.onController?.(descriptor.name);
  }
  return runAll("controller-manager", parts);
}

function runningControllers(registry: MetricsRegistry): GaugeFamily<"name" | "manager"> {
  return registry.gauges({
    name: "running_managed_controllers",
    help: "1 for a controller that runs, 0 for one that has stopped.",
    stability: "BETA",
    labels: ["name", "manager"],
  });
}

function counted(name: string, controller: Runnable, running: GaugeFamily<"name" | "manager">): Runnable {
  return {
    name: controller.name,
    async run(signal) {
      const gauge = running.with(name, "kube-controller-manager");
      gauge.set(1);
      try {
        await controller.run(signal);
      } finally {
        gauge.set(0);
      }
    },
  };
}

/** Upstream's `--use-service-account-credentials` for a client that may impersonate. */
export function impersonatingClients(client: Client): (serviceAccount: string) => Client {
  return (serviceAccount) => {
    if (serviceAccount === "") return client;
    const user = `system:serviceaccount:kube-system:${serviceAccount}`;
    const groups = ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"];
    return client.with({ userAgent: controllerUserAgent(serviceAccount), impersonate: { user, groups } });
  };
}

/** Upstream's form; the part before the slash becomes the manager of the fields that a controller writes. */
export function controllerUserAgent(serviceAccount: string): string {
  return `kube-controller-manager/v1.36.0 kubernetes/system:serviceaccount:kube-system:${serviceAccount}`;
}
