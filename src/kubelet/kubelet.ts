import {
  type Address,
  createScope,
  type Listener,
  type Log,
  messageOf,
  type Platform,
  type Runnable,
  type Scope,
} from "../base/index.ts";
import { type Client, EventBroadcaster, type SharedInformer, SharedInformer as Informer } from "../client/index.ts";
import type { ContainerRuntime } from "../cri/index.ts";
import { CgroupManager } from "./cgroups/manager.ts";
import { type KubeletConfiguration, resolveConfiguration } from "./config.ts";
import type { EventSink } from "./events.ts";
import { Housekeeper } from "./housekeeper.ts";
import { ImageManager } from "./images/manager.ts";
import { machineAddresses } from "./node/addresses.ts";
import type { NodeFacts } from "./node/facts.ts";
import { LeaseKeeper } from "./node/lease.ts";
import { type Machine, readMachine } from "./node/machine.ts";
import { NodeReporter } from "./node/reporter.ts";
import { nodeResources, type Resources } from "./node/resources.ts";
import { ReferencedObjects } from "./objects/referenced-objects.ts";
import { referencesOf } from "./objects/references.ts";
import { Paths } from "./paths.ts";
import { podNamespace, podUid } from "./pods/names.ts";
import { PodSyncer } from "./pods/syncer.ts";
import { PodWorkers } from "./pods/workers.ts";
import { ProbeManager } from "./probes/manager.ts";
import { Collector } from "./runtime/collector.ts";
import { Inspector } from "./runtime/inspector.ts";
import { Killer } from "./runtime/killer.ts";
import { PodRuntime } from "./runtime/pod-runtime.ts";
import { Relist } from "./runtime/relist.ts";
import { runtimeHandlerOf } from "./runtime/runtime-class.ts";
import { serveKubelet } from "./server/assemble.ts";
import { apiPods } from "./sources/api-pods.ts";
import { StatusManager } from "./status/manager.ts";
import type { ConfigMap, Pod, Secret, Service } from "./types.ts";
import { VolumeManager } from "./volumes/manager.ts";

export interface KubeletOptions {
  readonly platform: Platform;
  readonly log: Log;
  readonly client: Client;
  readonly cri: ContainerRuntime;
  readonly configuration: Partial<KubeletConfiguration> & { readonly nodeName: string };
  /** Node's name for it, `x64` or `arm64`. Default: this process's. */
  readonly architecture?: string;
}

export interface Kubelet extends Runnable {
  readonly configuration: KubeletConfiguration;
  /** Pods on this node, as their workers know them. */
  pods(): readonly Pod[];
  /** Whether the node has reported itself ready. */
  readonly ready: boolean;
  /** Where the HTTPS server listens, once it does. */
  readonly address: Address | undefined;
}

/** Wires a kubelet together. Nothing happens before `run`; when `run` returns, nothing of it runs, but all containers do. */
export function createKubelet(options: KubeletOptions): Kubelet {
  return new NodeAgent(options);
}

class NodeAgent implements Kubelet {
  readonly name = "kubelet";
  readonly configuration: KubeletConfiguration;
  readonly #options: KubeletOptions;
  #parts: Parts | undefined;
  #listener: Listener | undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.configuration = resolveConfiguration(options.configuration);
  }

  pods(): readonly Pod[] {
    return this.#parts?.workers.pods() ?? [];
  }

  get ready(): boolean {
    return this.#parts?.reporter.ready === true;
  }

  get address(): Address | undefined {
    return this.#listener?.address;
  }

  async #serve(scope: Scope, parts: Parts): Promise<void> {
    const { platform, log, client, cri } = this.#options;
    const { configuration } = this;
    const listener = await serveKubelet({ platform, log, client, cri, configuration, parts });
    this.#listener = scope.own(listener, (one) => one.close());
  }

  async run(signal: AbortSignal): Promise<void> {
    const parts = await assemble(this.#options, this.configuration);
    this.#parts = parts;
    const scope = createScope(signal);
    try {
      await prepareDirectories(this.#options.platform, parts.paths);
      await parts.cgroups.prepareNode();
      scope.own(parts.workers, (workers) => workers.close());
      scope.own(parts.probes, (probes) => probes.close());
      scope.own(parts.configMaps, (objects) => objects.close());
      scope.own(parts.secrets, (objects) => objects.close());
      scope.start("events", (inner) => parts.broadcaster.run(inner));
      scope.start("services", (inner) => parts.services.run(inner));
      scope.start("pods", (inner) => parts.pods.run(inner));
      scope.start("status", (inner) => parts.statuses.run(inner));
      scope.start("node status", (inner) => parts.reporter.run(inner));
      scope.start("lease", (inner) => parts.lease.run(inner));
      scope.start("runtime", (inner) => parts.relist.run(inner));
      scope.start("housekeeping", (inner) => parts.housekeeper.run(inner));
      if (this.configuration.enableServer) await this.#serve(scope, parts);
      await Promise.race([
        new Promise<void>((resolve) => scope.signal.addEventListener("abort", () => resolve(), { once: true })),
        scope.failed,
      ]);
    } finally {
      await scope.close();
    }
  }
}

export interface Parts {
  readonly paths: Paths;
  readonly node: NodeFacts;
  readonly inspector: Inspector;
  readonly workers: PodWorkers;
  readonly probes: ProbeManager;
  readonly statuses: StatusManager;
  readonly cgroups: CgroupManager;
  readonly configMaps: ReferencedObjects<ConfigMap>;
  readonly secrets: ReferencedObjects<Secret>;
  readonly services: SharedInformer<Service>;
  readonly pods: SharedInformer<Pod>;
  readonly broadcaster: EventBroadcaster;
  readonly reporter: NodeReporter;
  readonly lease: LeaseKeeper;
  readonly relist: Relist;
  readonly housekeeper: Housekeeper;
}

async function prepareDirectories({ disk }: Platform, paths: Paths): Promise<void> {
  await disk.makeDirectory(paths.root, { mode: 0o755 });
  await disk.makeDirectory(paths.pods, { mode: 0o750 });
  await disk.makeDirectory(paths.podLogs, { mode: 0o755 });
}

interface Ground {
  readonly machine: Machine;
  readonly resources: Resources;
  readonly node: NodeFacts;
}

/** Finds out what the node is. */
async function survey(
  { platform, architecture }: KubeletOptions,
  configuration: KubeletConfiguration,
): Promise<Ground> {
  const { disk, processes } = platform;
  const machine = await readMachine(disk, architecture ?? process.arch);
  const parent = configuration.rootDirectory.slice(0, configuration.rootDirectory.lastIndexOf("/")) || "/";
  const capacity = await disk
    .capacity(configuration.rootDirectory)
    .catch(() => disk.capacity(parent).catch(() => disk.capacity("/")));
  const { systemReserved, kubeReserved, evictionHard } = configuration;
  const resources = nodeResources({
    machine,
    diskTotalBytes: capacity.totalBytes,
    maxPods: configuration.maxPods,
    hugepages: {},
    reservations: { systemReserved, kubeReserved, evictionHardMemory: evictionHard["memory.available"] ?? "0" },
  });
  const hostIps = configuration.nodeIps.length > 0 ? configuration.nodeIps : await machineAddresses(processes);
  const hostname = (configuration.hostname || machine.hostname).toLowerCase();
  const node: NodeFacts = {
    nodeName: configuration.nodeName,
    hostname,
    hostIps,
    clusterDomain: configuration.clusterDomain,
    clusterDns: configuration.clusterDns,
    resolvConf: configuration.resolvConf,
    cgroupVersion: await CgroupManager.version(disk, configuration.cgroupMount),
    cgroupRoot: configuration.cgroupRoot,
    memoryCapacity: machine.memoryBytes,
    allocatable: resources.allocatable,
    cpuCfsQuota: configuration.cpuCfsQuota,
    seccompDefault: configuration.seccompDefault,
    runtimeName: "containerd",
  };
  return { machine, resources, node };
}

async function assemble(options: KubeletOptions, configuration: KubeletConfiguration): Promise<Parts> {
  const ground = await survey(options, configuration);
  const shared = sharedParts(options, configuration, ground);
  const podParts = assemblePods(options, configuration, ground, shared);
  return {
    node: ground.node,
    ...shared,
    ...podParts,
    ...assembleNode(options, configuration, ground, shared, podParts),
  };
}

type Shared = Pick<Parts, "paths" | "broadcaster" | "cgroups" | "services" | "inspector"> & {
  readonly events: EventSink;
};

function sharedParts(
  { platform, log, client, cri }: KubeletOptions,
  configuration: KubeletConfiguration,
  { node }: Ground,
): Shared {
  const { clock, random, disk, processes } = platform;
  const broadcaster = new EventBroadcaster({ client, clock, log, host: configuration.nodeName });
  return {
    paths: new Paths(configuration.rootDirectory, configuration.podLogsDirectory),
    broadcaster,
    events: broadcaster.recorder("kubelet"),
    cgroups: new CgroupManager({
      disk,
      processes,
      mount: configuration.cgroupMount,
      root: configuration.cgroupRoot,
      version: node.cgroupVersion,
      podPidsLimit: configuration.podPidsLimit,
    }),
    services: new Informer<Service>({
      name: "services",
      client: client.resource<Service>({ group: "", version: "v1", resource: "services" }),
      clock,
      random,
      log,
    }),
    inspector: new Inspector(cri.runtime, disk),
  };
}

type PodParts = Pick<Parts, "workers" | "probes" | "statuses" | "configMaps" | "secrets" | "pods"> & {
  readonly collector: Collector;
  readonly killer: Killer;
};

function assemblePods(
  options: KubeletOptions,
  configuration: KubeletConfiguration,
  { node }: Ground,
  shared: Shared,
): PodParts {
  const { platform, log, client, cri } = options;
  const { clock, random, disk, network, processes } = platform;
  const { paths, events, inspector, services, cgroups } = shared;
  const poke = (uid: string): void => workers.poke(uid);
  const common = { client, clock, random, log, onChange: (users: readonly string[]) => users.forEach(poke) };
  const configMaps = new ReferencedObjects<ConfigMap>({
    ...common,
    resource: { group: "", version: "v1", resource: "configmaps" },
    singular: "configmap",
  });
  const secrets = new ReferencedObjects<Secret>({
    ...common,
    resource: { group: "", version: "v1", resource: "secrets" },
    singular: "secret",
  });
  const images = new ImageManager({
    images: cri.images,
    clock,
    events,
    maxParallelPulls: configuration.maxParallelImagePulls,
    pullSecrets: (pod) => pullSecrets(secrets, pod),
  });
  const killer = new Killer({ runtime: cri.runtime, clock, network, log, events });
  const probes = new ProbeManager({ clock, random, log, network, events, runtime: cri.runtime, onChange: poke });
  const statuses = new StatusManager({
    client,
    clock,
    log,
    apiPod: (pod) => pods.lister.get(`${podNamespace(pod)}/${pod.metadata.name}`) ?? pod,
  });
  const volumes = new VolumeManager({
    client,
    clock,
    random,
    disk,
    processes,
    log,
    paths,
    events,
    nodeName: node.nodeName,
    configMaps,
    secrets,
  });
  const runtime = new PodRuntime({
    cri,
    clock,
    random,
    disk,
    network,
    log,
    events,
    images,
    paths,
    node,
    objects: (signal) => ({
      configMap: (namespace, name) => configMaps.get(namespace, name, signal),
      secret: (namespace, name) => secrets.get(namespace, name, signal),
    }),
    services: () => services.lister.list(),
    runtimeHandler: (pod, signal) => runtimeHandlerOf(client, pod, signal),
  });
  const collector = new Collector({ runtime: cri.runtime, disk, log, paths, isKnown: (uid) => workers.has(uid) });
  const syncer = new PodSyncer({
    cri,
    clock,
    disk,
    log,
    events,
    node,
    paths,
    inspector,
    runtime,
    killer,
    images,
    volumes,
    cgroups,
    probes,
    statuses,
    parallelStarts: configuration.parallelPodStarts,
  });
  const workers = new PodWorkers({
    operations: syncer,
    clock,
    log,
    onForgotten: (pod) => {
      const uid = podUid(pod);
      for (const part of [syncer, statuses, probes]) part.forget(uid);
      configMaps.release(uid);
      secrets.release(uid);
      collector
        .collectPod(pod)
        .catch((error: unknown) =>
          log.warn("The rest of a pod could not be removed", { pod: pod.metadata.name, error: messageOf(error) }),
        );
    },
  });
  const pods = apiPods({
    client,
    clock,
    random,
    log,
    nodeName: configuration.nodeName,
    onPod: (pod) => {
      const { configMaps: mapNames, secrets: secretNames } = referencesOf(pod);
      for (const name of mapNames) configMaps.use(podNamespace(pod), name, podUid(pod));
      for (const name of secretNames) secrets.use(podNamespace(pod), name, podUid(pod));
      workers.update(pod);
    },
    onStatus: (pod) => statuses.observe(podUid(pod), pod),
    onRemoved: (pod) => workers.remove(podUid(pod)),
  });
  return { workers, probes, statuses, configMaps, secrets, pods, collector, killer };
}

type NodeParts = Pick<Parts, "reporter" | "lease" | "relist" | "housekeeper">;

function assembleNode(
  options: KubeletOptions,
  configuration: KubeletConfiguration,
  ground: Ground,
  shared: Shared,
  podParts: PodParts,
): NodeParts {
  const { platform, log, client, cri } = options;
  const { clock, disk } = platform;
  const { machine, resources, node } = ground;
  const reporter = new NodeReporter({
    client,
    clock,
    disk,
    log,
    cri,
    events: shared.events,
    registration: {
      nodeName: configuration.nodeName,
      hostname: node.hostname,
      architecture: machine.architecture,
      labels: configuration.nodeLabels,
      taints: configuration.registerWithTaints,
      unschedulable: false,
      providerId: configuration.providerId,
    },
    register: configuration.registerNode,
    updateMs: configuration.nodeStatusUpdateFrequencyMs,
    reportMs: configuration.nodeStatusReportFrequencyMs,
    imagesMax: configuration.nodeStatusMaxImages,
    facts: () => ({
      hostIps: node.hostIps,
      port: configuration.port,
      machine,
      resources,
      volumesInUse: [],
      pressure: { memory: false, disk: false, pid: false },
      externalCloud: configuration.cloudProviderExternal,
    }),
    problems: () => (relist.healthy() ? [] : ["PLEG is not healthy: pleg has yet to be successful"]),
  });
  const lease = new LeaseKeeper({
    client,
    clock,
    log,
    nodeName: configuration.nodeName,
    durationSeconds: configuration.nodeLeaseDurationSeconds,
    nodeUid: () => reporter.nodeUid,
  });
  const housekeeper = new Housekeeper({
    clock,
    log,
    workers: podParts.workers,
    collector: podParts.collector,
    killer: podParts.killer,
    inspector: shared.inspector,
    cgroups: shared.cgroups,
    synced: () => podParts.pods.hasSynced(),
    syncMs: configuration.syncFrequencyMs,
  });
  const relist = new Relist({
    inspector: shared.inspector,
    runtime: cri.runtime,
    clock,
    log,
    periodMs: configuration.relistPeriodMs,
    changes: cri.changes?.bind(cri),
    onChange: (uid) => podParts.workers.poke(uid),
    onListed: (listed) => housekeeper.observe(listed),
  });
  return { reporter, lease, relist, housekeeper };
}

async function pullSecrets(secrets: ReferencedObjects<Secret>, pod: Pod): Promise<Secret[]> {
  const names = (pod.spec?.imagePullSecrets ?? [])
    .map((reference) => reference.name ?? "")
    .filter((name) => name !== "");
  const signal = new AbortController().signal;
  const settled = await Promise.allSettled(names.map((name) => secrets.get(podNamespace(pod), name, signal)));
  // A secret that is missing opens nothing; the pull goes on without it.
  return settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}
