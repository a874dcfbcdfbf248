import type { Clock, Listener, Log, Platform } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { addProcessMetrics, MetricsRegistry, selfSigned, type ZPage } from "../../component/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";
import type { KubeletConfiguration } from "../config.ts";
import { withStatuses } from "./node-parts.ts";
import type { Parts } from "./parts.ts";
import { podKey, podUid } from "../pods/names.ts";
import { cadvisorMetrics, resourceMetrics } from "../stats/exposition.ts";
import { summary } from "../stats/summary.ts";
import type { Pod } from "../types.ts";
import { Auth } from "../server/auth.ts";
import { type RouteDependencies, route, routeStream } from "../server/routes.ts";
import { kubeletStatusz } from "../server/pages.ts";
import { startKubeletServer } from "../server/server.ts";

export interface ServeOptions {
  readonly platform: Platform;
  readonly log: Log;
  readonly client: Client;
  readonly cri: ContainerRuntime;
  readonly configuration: KubeletConfiguration;
  readonly parts: Parts;
  readonly metrics?: MetricsRegistry;
  readonly zPages?: readonly ZPage[];
}

/** Starts the kubelet's HTTPS server over the parts of a running kubelet. */
export async function serveKubelet(options: ServeOptions): Promise<Listener> {
  const { platform, log, client, configuration } = options;
  const { authentication, authorization, nodeName } = configuration;
  const deps = routeDependencies(options);
  const { certificate, privateKey } = identity(options);
  return startKubeletServer({
    network: platform.network,
    log,
    auth: new Auth({
      client,
      clock: platform.clock,
      nodeName,
      anonymous: authentication.anonymous,
      webhook: authentication.webhook,
      authorization,
    }),
    address: configuration.address,
    port: configuration.port,
    certificate,
    privateKey,
    clientCa: authentication.clientCa,
    handle: (exchange) => route(deps, exchange),
    stream: (upgrade) => routeStream(deps, upgrade),
  });
}

/** The configured certificate, or one of the kubelet's own making, as upstream does. */
function identity({ platform, configuration, parts }: ServeOptions): {
  readonly certificate: string;
  readonly privateKey: string;
} {
  const { tlsCertificate, tlsPrivateKey, nodeName } = configuration;
  if (tlsCertificate !== undefined && tlsPrivateKey !== undefined)
    return { certificate: tlsCertificate, privateKey: tlsPrivateKey };
  const { node } = parts;
  const made = selfSigned(platform, {
    authority: `${nodeName}-ca`,
    server: nodeName,
    names: {
      dnsNames: [...new Set([nodeName, node.hostname])],
      ipAddresses: [...new Set([...node.hostIps, "127.0.0.1"])],
    },
  });
  return { certificate: made.certificate, privateKey: made.key };
}

function routeDependencies(options: ServeOptions): RouteDependencies {
  const { platform, cri, configuration, parts } = options;
  const { disk, clock, network } = platform;
  const { inspector, relist, stats } = parts;
  const pods = (): Pod[] => withStatuses(parts);
  const { metrics = new MetricsRegistry() } = options;
  addKubeletMetrics(metrics, parts, clock);
  metrics
    .gauges({ name: "kubelet_node_name", help: "The name of the node; always 1.", labels: ["node"] })
    .with(configuration.nodeName)
    .set(1);
  return {
    disk,
    clock,
    network,
    runtime: cri.runtime,
    configuration,
    findPod: (namespace, name) => pods().find((pod) => podKey(pod) === `${namespace}/${name}`),
    sandboxId: async (pod) => inspector.lastView(podUid(pod))?.sandboxes.find((sandbox) => sandbox.ready)?.id,
    pods,
    runningPods: async () => pods().filter((pod) => pod.status?.phase === "Running"),
    problems: () => (relist.healthy() ? [] : ["syncloop failed: reason withheld"]),
    metrics: () => metrics.render("text").body,
    cadvisorMetrics: async () => cadvisorMetrics(await stats.node(), await stats.pods()),
    resourceMetrics: async () => resourceMetrics(await stats.node(), await stats.pods()),
    probeMetrics: () => "",
    zPages: options.zPages ?? [kubeletStatusz(clock)],
    summary: (only) =>
      summary(
        {
          stats,
          disk,
          images: cri.images,
          nodeName: configuration.nodeName,
          rootDirectory: configuration.rootDirectory,
        },
        only,
      ),
  };
}

function addKubeletMetrics(registry: MetricsRegistry, { workers, inspector }: Parts, clock: Clock): void {
  addProcessMetrics(registry, clock);
  const runningPods = registry.gauge({
    name: "kubelet_running_pods",
    help: "Number of pods that have a running pod sandbox",
  });
  const containers = registry.gauges({
    name: "kubelet_running_containers",
    help: "Number of containers currently running",
    labels: ["container_state"],
  });
  registry.beforeRender(() => {
    const views = workers.pods().map((pod) => inspector.lastView(podUid(pod)));
    runningPods.set(views.filter((view) => view?.sandboxes.some((sandbox) => sandbox.ready)).length);
    for (const state of ["created", "running", "exited", "unknown"] as const) {
      containers
        .with(state)
        .set(views.flatMap((view) => view?.containers ?? []).filter((one) => one.state === state).length);
    }
  });
}
