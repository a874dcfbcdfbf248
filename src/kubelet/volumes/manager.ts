import { type Clock, type Disk, type Log, messageOf, type Processes, type Random } from "../../base/index.ts";
import { type Client, isNotFound } from "../../client/index.ts";
import { type EventSink, podTarget } from "../events.ts";
import type { ReferencedObjects } from "../objects/referenced-objects.ts";
import type { Paths } from "../paths.ts";
import { podNamespace, podUid } from "../pods/names.ts";
import { quantityValue } from "../quantity.ts";
import type { DownwardFacts } from "../runtime/downward.ts";
import type { ConfigMap, Container, Pod, Secret, Volume } from "../types.ts";
import { AtomicWriter, type Ownership } from "./atomic-writer.ts";
import { resolveClaim } from "./claims.ts";
import { prepareHostPath } from "./host-path.ts";
import { Mounter } from "./mounts.ts";
import { applyFsGroup } from "./ownership.ts";
import { commonUser, type Payload, payloadOf, type PayloadFile } from "./payload.ts";
import { TokenManager } from "./token-manager.ts";

export interface MountedVolume {
  readonly hostPath: string;
  readonly readOnly: boolean;
}

export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

export interface VolumeManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly log: Log;
  readonly paths: Paths;
  readonly events: EventSink;
  readonly configMaps: ReferencedObjects<ConfigMap>;
  readonly secrets: ReferencedObjects<Secret>;
}

/** One volume could not be set up. The message is the one of upstream's FailedMount event. */
export class MountError extends Error {
  constructor(volume: string, cause: unknown) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${messageOf(cause)}`, { cause });
    this.name = "MountError";
  }
}

/** Makes the volumes of pods, keeps their content up to date, and takes them away. */
export class VolumeManager {
  readonly tokens: TokenManager;
  readonly #options: VolumeManagerOptions;
  readonly #writer: AtomicWriter;
  readonly #mounter: Mounter;
  #volatileReady: Promise<void> | undefined;

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
    this.#writer = new AtomicWriter(options);
    this.#mounter = new Mounter(options.processes, options.disk);
    this.tokens = new TokenManager(options.client, options.clock);
  }

  /** Idempotent: called at every sync, it also brings changed content in. Rejects with the first `MountError`. */
  async prepare(pod: Pod, facts: DownwardFacts, signal: AbortSignal): Promise<MountedVolumes> {
    const used = usedVolumes(pod);
    const volumes = (pod.spec?.volumes ?? []).filter(({ name }) => used.has(name));
    const settled = await Promise.allSettled(volumes.map((volume) => this.#setUp(pod, volume, facts, signal)));
    signal.throwIfAborted();
    const mounted = new Map<string, MountedVolume>();
    let failure: MountError | undefined;
    for (const [index, volume] of volumes.entries()) {
      const outcome = settled[index];
      if (outcome?.status === "fulfilled") mounted.set(volume.name, outcome.value);
      else if (outcome !== undefined) failure ??= this.#report(pod, volume.name, outcome.reason);
    }
    if (failure !== undefined) throw failure;
    return mounted;
  }

  /** Unmounts and removes everything that was made for the pod. Content of hostPath and claims stays. */
  async tearDown(uid: string): Promise<void> {
    const { disk, paths } = this.#options;
    if ((await disk.status(paths.pod(uid))) !== undefined) {
      await this.#mounter.unmountAll(paths.pod(uid));
      await disk.remove(`${paths.pod(uid)}/volumes`);
    }
    await disk.remove(`${paths.volatile}/${uid}`);
    this.tokens.forget(uid);
  }

  #report(pod: Pod, volume: string, cause: unknown): MountError {
    const failure = new MountError(volume, cause);
    this.#options.events.event(podTarget(pod), "Warning", "FailedMount", failure.message);
    return failure;
  }

  async #setUp(pod: Pod, volume: Volume, facts: DownwardFacts, signal: AbortSignal): Promise<MountedVolume> {
    if (volume.emptyDir) return this.#emptyDir(pod, volume, signal);
    if (volume.hostPath) {
      await prepareHostPath(this.#options.disk, volume.hostPath.path, volume.hostPath.type ?? "");
      return { hostPath: volume.hostPath.path, readOnly: false };
    }
    if (volume.nfs) return this.#nfs(pod, volume.name, volume.nfs, signal);
    if (volume.persistentVolumeClaim) {
      const { claimName, readOnly = false } = volume.persistentVolumeClaim;
      return this.#claim(pod, volume.name, claimName, readOnly, signal);
    }
    if (volume.ephemeral) return this.#claim(pod, volume.name, `${pod.metadata.name}-${volume.name}`, false, signal);
    const payload = await this.#payload(pod, volume, facts, signal);
    if (payload === undefined) throw new Error("no volume plugin matched");
    return this.#files(pod, volume, payload);
  }

  #payload(pod: Pod, volume: Volume, facts: DownwardFacts, signal: AbortSignal): Promise<Payload | undefined> {
    const { configMaps, secrets } = this.#options;
    const namespace = podNamespace(pod);
    return payloadOf(pod, volume, {
      configMap: (name) => configMaps.get(namespace, name, signal),
      secret: (name) => secrets.get(namespace, name, signal),
      token: (request) => this.tokens.token(pod, request),
      isNotFound,
      facts,
    });
  }

  async #files(pod: Pod, volume: Volume, payload: Payload): Promise<MountedVolume> {
    const { disk, paths } = this.#options;
    const plugin = pluginOf(volume);
    const volatile = plugin === "secret" || plugin === "projected";
    const directory = paths.volume(podUid(pod), plugin, volume.name);
    const content = volatile ? `${paths.volatile}/${podUid(pod)}/${plugin}/${volume.name}` : directory;
    if (volatile) await this.#volatile();
    await disk.makeDirectory(content, { mode: 0o755 });
    if (volatile && (await disk.status(directory)) === undefined) {
      await disk.makeDirectory(directory.slice(0, directory.lastIndexOf("/")), { mode: 0o750 });
      await disk.symlink(content, directory);
    }
    const { files, owner } = owned(pod, payload, plugin === "projected");
    await this.#writer.write(content, files, owner);
    return { hostPath: content, readOnly: true };
  }

  /** Secrets and tokens live in memory only: one tmpfs for all of them, made once. */
  #volatile(): Promise<void> {
    this.#volatileReady ??= this.#mountVolatile().catch((error: unknown) => {
      this.#volatileReady = undefined;
      throw error;
    });
    return this.#volatileReady;
  }

  async #mountVolatile(): Promise<void> {
    const { volatile } = this.#options.paths;
    await this.#options.disk.makeDirectory(volatile, { mode: 0o750 });
    if (await this.#mounter.isMounted(volatile)) return;
    await this.#mounter.mount("tmpfs", "tmpfs", volatile, ["mode=0750"]);
  }

  async #emptyDir(pod: Pod, volume: Volume, signal: AbortSignal): Promise<MountedVolume> {
    const { disk, paths } = this.#options;
    const path = paths.volume(podUid(pod), "empty-dir", volume.name);
    const existing = await disk.status(path);
    const medium = volume.emptyDir?.medium ?? "";
    if (existing === undefined) await disk.makeDirectory(path, { mode: 0o777 });
    if (medium !== "" && !(await this.#mounter.isMounted(path))) {
      const size = quantityValue(volume.emptyDir?.sizeLimit);
      if (medium === "Memory") {
        await this.#mounter.mount("tmpfs", "tmpfs", path, ["mode=0777", ...(size > 0 ? [`size=${size}`] : [])], signal);
      } else if (medium.startsWith("HugePages")) {
        const pageSize = medium.slice("HugePages-".length);
        await this.#mounter.mount("hugetlbfs", "nodev", path, pageSize === "" ? [] : [`pagesize=${pageSize}`], signal);
      } else throw new Error(`unknown storage medium "${medium}"`);
    }
    if (existing === undefined || medium !== "") await applyFsGroup(disk, path, pod);
    return { hostPath: path, readOnly: false };
  }

  async #nfs(
    pod: Pod,
    name: string,
    source: { readonly server: string; readonly path: string; readonly readOnly?: boolean },
    signal: AbortSignal,
    mountOptions: readonly string[] = [],
  ): Promise<MountedVolume> {
    const { disk, paths } = this.#options;
    const target = paths.volume(podUid(pod), "nfs", name);
    await disk.makeDirectory(target, { mode: 0o750 });
    const readOnly = source.readOnly ?? false;
    if (!(await this.#mounter.isMounted(target))) {
      const options = [...mountOptions, ...(readOnly ? ["ro"] : [])];
      await this.#mounter.mount("nfs", `${source.server}:${source.path}`, target, options, signal);
    }
    return { hostPath: target, readOnly };
  }

  async #claim(
    pod: Pod,
    name: string,
    claimName: string,
    readOnly: boolean,
    signal: AbortSignal,
  ): Promise<MountedVolume> {
    const volume = await resolveClaim(this.#options.client, podNamespace(pod), claimName, signal);
    const spec = volume.spec;
    if (spec?.hostPath) {
      await prepareHostPath(this.#options.disk, spec.hostPath.path, spec.hostPath.type ?? "");
      return { hostPath: spec.hostPath.path, readOnly };
    }
    if (spec?.local) {
      const status = await this.#options.disk.status(spec.local.path);
      if (status === undefined) throw new Error(`path "${spec.local.path}" does not exist`);
      await applyFsGroup(this.#options.disk, spec.local.path, pod);
      return { hostPath: spec.local.path, readOnly };
    }
    if (spec?.nfs) {
      return this.#nfs(
        pod,
        name,
        { ...spec.nfs, readOnly: readOnly || spec.nfs.readOnly === true },
        signal,
        spec.mountOptions,
      );
    }
    throw new Error(`no volume plugin matched for PersistentVolume "${volume.metadata.name}"`);
  }
}

function pluginOf(volume: Volume): "configmap" | "secret" | "downward-api" | "projected" {
  if (volume.configMap) return "configmap";
  if (volume.secret) return "secret";
  return volume.downwardAPI ? "downward-api" : "projected";
}

/** Files that the pod's group can read, or, for tokens without a group, its user. */
function owned(
  pod: Pod,
  payload: Payload,
  projected: boolean,
): { readonly files: Payload; readonly owner: Ownership | undefined } {
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  if (fsGroup !== undefined) {
    const files = new Map<string, PayloadFile>();
    for (const [path, file] of payload) files.set(path, { ...file, mode: file.mode | 0o440 });
    return { files, owner: { uid: 0, gid: fsGroup } };
  }
  const user = projected ? commonUser(pod) : undefined;
  return { files: payload, owner: user === undefined ? undefined : { uid: user, gid: 0 } };
}

/** Those that some container has. The others are not made, and nothing waits for what they are made of. */
function usedVolumes({ spec }: Pod): ReadonlySet<string> {
  const containers: readonly Pick<Container, "volumeMounts" | "volumeDevices">[] = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  return new Set(
    containers.flatMap(({ volumeMounts = [], volumeDevices = [] }) =>
      [...volumeMounts, ...volumeDevices].map(({ name }) => name),
    ),
  );
}
