import {
  type Command,
  createLog,
  createScope,
  type Log,
  type Platform,
  type Runnable,
  type Scope,
  standardErrorSink,
} from "../../base/index.ts";
import {
  type AuthorizationMode,
  createStandardServer,
  handshakeErrors,
  type HttpServer,
  listenHttp,
  serviceNetworkDefaults,
  type StandardServer,
  type StandardServerOptions,
} from "../../apiserver/index.ts";
import { SeriesBroadcaster, SharedInformerFactory } from "../../client/index.ts";
import { Features, flagzPage, MetricsRegistry, restClientMetrics, workQueueMetrics } from "../../component/index.ts";
import { createControllerManager, impersonatingClients } from "../../controllers/index.ts";
import { runAll } from "../../reconcile/index.ts";
import { Scheduler, type SchedulerMetrics, schedulerMetrics } from "../../scheduler/index.ts";
import type { Store } from "../../storage/index.ts";
import { type ClusterConfig, readClusterConfig } from "../cluster/config.ts";
import { pkiFiles } from "../pki/files.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { type Audit, auditOf } from "../components/apiserver/audit.ts";
import { type TokenAuthentication, tokenAuthentication } from "../components/apiserver/authentication.ts";
import { authorizationSource } from "../components/apiserver/authorization.ts";
import { reloadAuthorities, reloadConfigurations } from "../components/apiserver/reload.ts";
import { keepRenewed } from "../components/apiserver/renewal.ts";
import { type UpFlags, upFlags, upFlagsOf } from "../components/apiserver/up-flags.ts";
import type { Outgoing } from "../components/apiserver/webhook-client.ts";
import { ComponentHealth } from "./component-health.ts";
import { clusterDnsController } from "./cluster-dns.ts";
import { podRoutes } from "./pod-routes.ts";
import { nodeBridgeOf } from "./hosts.ts";
import { openStore } from "./open-store.ts";

const shutdownGraceMs = 5_000;

/** `k8ts control-plane --directory DIR`: API server, controllers and scheduler of a cluster in one process. */
export const controlPlane: Command = async (args, { platform, signal }) => {
  const directory = args[args.indexOf("--directory") + 1] ?? "";
  const config = await readClusterConfig(platform.disk, directory);
  if (config === undefined) throw new Error(`${directory} holds no cluster`);
  const log = createLog({ clock: platform.clock, sink: standardErrorSink });
  const store = await openStore(platform, log, config);
  try {
    await runControlPlane(platform, log, config, store, signal);
  } finally {
    await store.close();
  }
  return 0;
};

async function runControlPlane(
  platform: Platform,
  log: Log,
  config: ClusterConfig,
  store: Store,
  signal: AbortSignal,
): Promise<void> {
  const flags = upFlagsOf(config.apiserverFlags ?? []);
  const metrics = new MetricsRegistry();
  const features = Features.parse(flags["feature-gates"]);
  features.report(metrics);
  const outgoing = { platform, observer: restClientMetrics(metrics) };
  // What files say is read before anything is opened: mistakes in them leave nothing behind.
  const tokens = await tokenAuthentication(outgoing, flags, []);
  const modes = authorizationSource(outgoing, flags, metrics);
  const access = await accessOf(flags, tokens, modes);
  const audit = await auditOf(outgoing, log, flags, metrics);
  const auditing = createScope();
  for (const backend of audit?.backends ?? []) auditing.start(backend.name, (own) => backend.run(own));
  const serving = createScope();
  const health = new ComponentHealth();
  try {
    const standard = await createServer(outgoing, log, config, store, { metrics, features, audit, access, health });
    const servers = await listen(platform, log, config, standard, { serving, metrics });
    const take = {
      authentication: () => tokens.reload(),
      authorization: async () => standard.authorizeBy(await modes()),
    };
    reloadConfigurations(serving, platform, flags, { log, metrics, take });
    try {
      const parts = [
        standard.server,
        health.watch(controllerManager(platform, log, config, standard, { metrics, features })),
        health.watch(scheduler(platform, log, standard, schedulerMetrics(metrics))),
      ];
      await runAll("control-plane", parts).run(signal);
    } finally {
      await serving.close();
      await Promise.all(servers.map((server) => server.close(shutdownGraceMs)));
    }
  } finally {
    await serving.close();
    await auditing.close();
  }
}

interface ServerParts {
  readonly metrics: MetricsRegistry;
  readonly features: Features;
  readonly audit: Audit | undefined;
  readonly health: ComponentHealth;
  readonly access: Pick<StandardServerOptions, "authenticators" | "anonymous" | "authorizationModes">;
}

/** Who is who and may do what, as far as flags say so. */
async function accessOf(
  flags: UpFlags,
  { authenticators, anonymous }: TokenAuthentication,
  modes: () => Promise<readonly AuthorizationMode[]>,
): Promise<ServerParts["access"]> {
  const given = flags["authorization-mode"].length > 0 || flags["authorization-config"] !== "";
  return {
    authenticators,
    ...(anonymous === undefined ? {} : { anonymous }),
    ...(given ? { authorizationModes: await modes() } : {}),
  };
}

async function createServer(
  { platform, observer }: Outgoing,
  log: Log,
  config: ClusterConfig,
  store: Store,
  { metrics, features, audit, access, health }: ServerParts,
): Promise<StandardServer> {
  const files = pkiFiles(clusterPaths(config.directory).pki);
  const read = (path: string) => platform.disk.readText(path);
  const [clientCa, frontProxyCa, signingKey, kubeletCertificate, kubeletKey, proxyCertificate, proxyKey] =
    await Promise.all([
      read(files.ca.certificate),
      read(files.frontProxyCa.certificate),
      read(files.serviceAccountKey),
      read(files.apiserverKubeletClient.certificate),
      read(files.apiserverKubeletClient.key),
      read(files.frontProxyClient.certificate),
      read(files.frontProxyClient.key),
    ]);
  return createStandardServer({
    ...platform,
    log,
    store,
    clientCa,
    requestHeader: {
      ca: frontProxyCa,
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["x-remote-user"],
      groupHeaders: ["x-remote-group"],
      extraHeaderPrefixes: ["x-remote-extra-"],
    },
    aggregation: {
      network: platform.network,
      client: { certificate: proxyCertificate, key: proxyKey },
      // Only a node has a proxy that makes something of a Service's own address.
      byEndpoints: !config.nodes.some(({ place }) => place === "host"),
    },
    serviceAccounts: {
      signingKey,
      verificationKeys: [],
      issuers: [`https://kubernetes.default.svc.${config.clusterDomain}`],
      audiences: [],
    },
    advertise: {
      address: config.advertiseAddress,
      port: config.port,
      shared: config.datastore.type === "etcd" && config.datastore.own === undefined,
    },
    serviceNetwork: { ...serviceNetworkDefaults, serviceCidrs: [config.serviceCidr] },
    ...access,
    clientObserver: observer,
    flagz: flagzPage("apiserver", upFlags, upFlagsOf(config.apiserverFlags ?? [])),
    isFeatureOn: (gate) => features.enabled(gate),
    ...(audit === undefined ? {} : { audit }),
    more: {
      metrics,
      advertiseAddress: `${config.advertiseAddress}:${config.port}`,
      components: {
        scheduler: health.probe("scheduler"),
        "controller-manager": health.probe("controller-manager"),
      },
      kubelets: {
        network: platform.network,
        credentials: { certificate: kubeletCertificate, key: kubeletKey, ca: clientCa },
      },
    },
  });
}

async function listen(
  platform: Platform,
  log: Log,
  config: ClusterConfig,
  standard: StandardServer,
  { serving, metrics }: { readonly serving: Scope; readonly metrics: MetricsRegistry },
): Promise<readonly HttpServer[]> {
  const { apiserver, ca, frontProxyCa } = pkiFiles(clusterPaths(config.directory).pki);
  const files = [apiserver.key, apiserver.certificate, ca.certificate];
  const read = async () => {
    const [key = "", cert = "", clientCa = ""] = await Promise.all(files.map((path) => platform.disk.readText(path)));
    return { key, cert, clientCa };
  };
  const hosts = [...new Set(["127.0.0.1", config.advertiseAddress])];
  const tls = await read();
  const options = { port: config.port, tls, handler: standard.server.handler };
  const onHandshakeError = handshakeErrors(metrics);
  const servers = await Promise.all(hosts.map((host) => listenHttp({ host, ...options, onHandshakeError })));
  serving.start("certificates", (signal) => keepRenewed(platform, { log, files, read, current: tls, servers }, signal));
  const authorities = { clientCa: ca.certificate, requestHeaderCa: frontProxyCa.certificate };
  serving.start("authorities", (signal) => reloadAuthorities(platform, authorities, { log, standard }, signal));
  return servers;
}

function controllerManager(
  platform: Platform,
  log: Log,
  config: ClusterConfig,
  standard: StandardServer,
  { metrics: registry, features }: Pick<ServerParts, "metrics" | "features">,
): Runnable {
  const { clock, random } = platform;
  const client = standard.client("system:kube-controller-manager", ["system:masters"], "kube-controller-manager");
  const informers = new SharedInformerFactory({ client, clock, random, log });
  const files = pkiFiles(clusterPaths(config.directory).pki);
  return {
    name: "controller-manager",
    async run(signal) {
      await ready(platform, standard, signal);
      const [rootCa, signingKey, serviceAccountKey] = await Promise.all([
        platform.disk.readText(files.ca.certificate),
        platform.disk.readText(files.ca.key),
        platform.disk.readText(files.serviceAccountKey),
      ]);
      const manager = createControllerManager({
        clientFor: impersonatingClients(client),
        informers,
        clock,
        random,
        log,
        metrics: workQueueMetrics(registry),
        registry,
        config: {
          isFeatureOn: (gate) => features.enabled(gate),
          rootCa,
          serviceAccountKey,
          signing: { certificate: rootCa, key: signingKey },
          clusterCidrs: [config.clusterCidr],
          serviceCidrs: [config.serviceCidr],
          nodeCidrMaskSizeIpv4: config.nodeCidrMaskSize,
        },
      });
      const dns = clusterDnsController(platform, log, config, client, informers);
      const bridge = nodeBridgeOf(platform, config);
      const routes =
        bridge === undefined
          ? []
          : [podRoutes(clock, informers, log, undefined, (peers) => bridge.setPeers(config.clusterCidr, peers))];
      await runAll("controllers", [
        { name: "informers", run: (inner) => informers.run(inner) },
        manager,
        dns,
        ...routes,
      ]).run(signal);
    },
  };
}

function scheduler(platform: Platform, log: Log, standard: StandardServer, metrics: SchedulerMetrics): Runnable {
  const { clock, random } = platform;
  const client = standard.client("system:kube-scheduler", [], "kube-scheduler");
  return {
    name: "scheduler",
    async run(signal) {
      await ready(platform, standard, signal);
      const informers = new SharedInformerFactory({ client, clock, random, log });
      const broadcaster = new SeriesBroadcaster({ client, clock, log, reportingInstance: "default-scheduler" });
      const events = broadcaster.recorder("default-scheduler");
      const parts = [
        broadcaster,
        new Scheduler({ client, informers, events, clock, random, log, metrics }),
        { name: "informers", run: (inner: AbortSignal) => informers.run(inner) },
      ];
      await runAll("scheduler", parts).run(signal);
    },
  };
}

const readyPollMs = 2;

/** Components of the same process start when the server has its default objects. */
async function ready({ clock }: Platform, { server }: StandardServer, signal: AbortSignal): Promise<void> {
  while (!server.ready) await clock.sleep(readyPollMs, signal);
}
