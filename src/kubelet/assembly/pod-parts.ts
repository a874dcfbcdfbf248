import { admit } from "../admission/admit.ts";
import type { KubeletConfiguration } from "../config.ts";
import { ImageManager } from "../images/manager.ts";
import type { KubeletOptions } from "../kubelet.ts";
import { ReferencedObjects } from "../objects/referenced-objects.ts";
import { referencesOf } from "../objects/references.ts";
import { podKey, podNamespace, podUid } from "../pods/names.ts";
import { PodSyncer } from "../pods/syncer.ts";
import { PodWorkers } from "../pods/workers.ts";
import { ProbeManager } from "../probes/manager.ts";
import { Resizer } from "../resize/resizer.ts";
import { Collector } from "../runtime/collector.ts";
import { Killer } from "../runtime/killer.ts";
import { podAnnotations } from "../runtime/labels.ts";
import { PodRuntime } from "../runtime/pod-runtime.ts";
import { runtimeHandlerOf } from "../runtime/runtime-class.ts";
import { apiPods, withSource } from "../sources/api-pods.ts";
import { FilePods } from "../sources/file-pods.ts";
import { isMirror, isStatic } from "../sources/mirror-pods.ts";
import { StatusManager } from "../status/manager.ts";
import { rfc3339 } from "../time.ts";
import type { ConfigMap, Pod, Secret } from "../types.ts";
import { VolumeManager } from "../volumes/manager.ts";
import type { Later, PodParts, SharedParts } from "./parts.ts";

type Objects = Pick<PodParts, "configMaps" | "secrets">;

export function podParts(
  options: KubeletOptions,
  configuration: KubeletConfiguration,
  shared: SharedParts,
  later: Later,
): PodParts {
  const { platform, log, client, cri } = options;
  const { clock, random, network, disk } = platform;
  const events = shared.broadcaster.recorder("kubelet");
  // Everything below is called only once all of it exists.
  const poke = (uid: string): void => workers.poke(uid);
  const objects = objectParts(options, poke);
  const killer = new Killer({ runtime: cri.runtime, clock, network, log, events });
  const probes = new ProbeManager({ clock, random, log, network, events, runtime: cri.runtime, onChange: poke });
  const apiPod = (pod: Pod) => apiPodOf(sources.apiPods.lister.get(podKey(pod)), pod);
  const statuses = new StatusManager({ client, clock, log, apiPod });
  const collector = new Collector({
    runtime: cri.runtime,
    disk,
    log,
    paths: shared.paths,
    isKnown: (uid) => workers.has(uid),
  });
  const volumes = new VolumeManager({
    client,
    clock,
    random,
    disk,
    processes: platform.processes,
    log,
    paths: shared.paths,
    events,
    ...objects,
  });
  const placed = (pod: Pod): Pod[] =>
    workers.active().filter((other) => podUid(other) !== podUid(pod) && syncer.isAdmitted(podUid(other)));
  const resizer = new Resizer({
    runtime: cri.runtime,
    disk,
    log,
    events,
    cgroups: shared.cgroups,
    killer,
    node: shared.node,
    others: placed,
  });
  const syncer = syncerPart(
    options,
    configuration,
    shared,
    { ...objects, killer, probes, statuses, volumes, resizer },
    {
      admit: (pod) =>
        admit({
          pod,
          others: placed(pod),
          allocatable: shared.node.allocatable,
          node: later.node?.reporter.node,
          underMemoryPressure: later.node?.evictions.pressure().memory === true,
        }),
      refreshNode: async (signal) => later.node?.reporter.refresh(signal),
    },
  );
  const workers = workersPart(options, syncer, [syncer, statuses, probes], objects, collector);
  const sources = sourceParts(options, configuration, objects, workers, statuses, later);
  return { ...sources, ...objects, volumes, workers, syncer, probes, statuses, collector, killer };
}

interface Forgetful {
  forget(uid: string): void;
}

function workersPart(
  { platform, log }: KubeletOptions,
  operations: PodSyncer,
  forgetful: readonly Forgetful[],
  { configMaps, secrets }: Objects,
  collector: Collector,
): PodWorkers {
  return new PodWorkers({
    operations,
    clock: platform.clock,
    log,
    onForgotten: (pod) => {
      const uid = podUid(pod);
      for (const part of forgetful) part.forget(uid);
      for (const objects of [configMaps, secrets]) objects.release(uid);
      collector.collectPod(pod);
    },
  });
}

/** The object that carries a pod's status: itself, or the mirror of a static pod. */
function apiPodOf(found: Pod | undefined, pod: Pod): Pod | undefined {
  if (isStatic(pod)) return found !== undefined && isMirror(found) ? found : undefined;
  return found !== undefined && podUid(found) === podUid(pod) ? found : pod;
}

function objectParts({ platform, log, client }: KubeletOptions, poke: (uid: string) => void): Objects {
  const { clock, random } = platform;
  const onChange = (users: readonly string[]): void => {
    for (const uid of users) poke(uid);
  };
  const common = { client, clock, random, log, onChange };
  return {
    configMaps: new ReferencedObjects<ConfigMap>({
      ...common,
      resource: { group: "", version: "v1", resource: "configmaps" },
      singular: "configmap",
    }),
    secrets: new ReferencedObjects<Secret>({
      ...common,
      resource: { group: "", version: "v1", resource: "secrets" },
      singular: "secret",
    }),
  };
}

type Admission = Pick<ConstructorParameters<typeof PodSyncer>[0], "admit" | "refreshNode">;

function syncerPart(
  { platform, log, client, cri }: KubeletOptions,
  configuration: KubeletConfiguration,
  shared: SharedParts,
  parts: Objects & Pick<PodParts, "killer" | "probes" | "statuses" | "volumes"> & { readonly resizer: Resizer },
  admission: Admission,
): PodSyncer {
  const { clock, random, disk, network } = platform;
  const { paths, node, inspector, services, cgroups, broadcaster } = shared;
  const { configMaps, secrets } = parts;
  const events = broadcaster.recorder("kubelet");
  const images = new ImageManager({
    images: cri.images,
    clock,
    events,
    maxParallelPulls: configuration.maxParallelImagePulls,
    pullSecrets: (pod) => pullSecrets(secrets, pod),
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
  return new PodSyncer({
    ...parts,
    cri,
    clock,
    disk,
    log,
    events,
    node,
    paths,
    inspector,
    runtime,
    images,
    cgroups,
    ...admission,
    // Containers are given the addresses of Services, so these have to be known first; static pods cannot wait for them.
    ready: async (pod, signal) => (isStatic(pod) ? undefined : services.waitForSync(signal)),
    parallelStarts: configuration.parallelPodStarts,
  });
}

async function pullSecrets(secrets: ReferencedObjects<Secret>, pod: Pod): Promise<Secret[]> {
  const names = (pod.spec?.imagePullSecrets ?? [])
    .map((reference) => reference.name ?? "")
    .filter((name) => name !== "");
  const { signal } = new AbortController();
  const settled = await Promise.allSettled(names.map((name) => secrets.get(podNamespace(pod), name, signal)));
  // A secret that is missing opens nothing; the pull goes on without it.
  return settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

function sourceParts(
  { platform, log, client }: KubeletOptions,
  configuration: KubeletConfiguration,
  { configMaps, secrets }: Objects,
  workers: PodParts["workers"],
  statuses: PodParts["statuses"],
  later: Later,
): Pick<PodParts, "apiPods" | "filePods"> {
  const { clock, random, disk } = platform;
  const { nodeName, staticPodPath } = configuration;
  const use = (pod: Pod): void => {
    const names = referencesOf(pod);
    for (const name of names.configMaps) configMaps.use(podNamespace(pod), name, podUid(pod));
    for (const name of names.secrets) secrets.use(podNamespace(pod), name, podUid(pod));
  };
  const filePods = new FilePods({
    disk,
    clock,
    log,
    path: staticPodPath,
    nodeName,
    onPod: (pod) => {
      workers.update(pod);
      later.node?.mirrors.nudge();
    },
    onRemoved: (pod) => {
      workers.remove(podUid(pod));
      later.node?.mirrors.nudge();
    },
  });
  const mirrored = (mirror: Pod): void => {
    const pod = filePods.pods().find((one) => podKey(one) === podKey(mirror));
    if (pod !== undefined) statuses.observe(podUid(pod), mirror);
    later.node?.mirrors.nudge();
  };
  const informer = apiPods({
    client,
    clock,
    random,
    log,
    nodeName,
    onPod: (pod) => {
      if (isMirror(pod)) return mirrored(pod);
      use(pod);
      const seen = workers.pod(podUid(pod))?.metadata.annotations?.[podAnnotations.configSeen];
      workers.update(withSource(pod, seen ?? rfc3339(clock.now())));
    },
    onStatus: (pod) => (isMirror(pod) ? mirrored(pod) : statuses.observe(podUid(pod), pod)),
    onRemoved: (pod) => (isMirror(pod) ? mirrored(pod) : workers.remove(podUid(pod))),
  });
  return { apiPods: informer, filePods };
}
