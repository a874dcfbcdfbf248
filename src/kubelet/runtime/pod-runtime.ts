import { type Clock, type Disk, isAbort, type Log, messageOf, type Network, type Random } from "../../base/index.ts";
import { type ContainerRuntime, isCriError, type Request } from "../../cri/index.ts";
import { isNotFound } from "../../client/index.ts";
import { podCgroup } from "../cgroups/names.ts";
import { containerTarget, type EventSink, podTarget } from "../events.ts";
import type { ImageManager, ReadyImage } from "../images/manager.ts";
import { hostsFile, podHostname } from "../network/hosts-file.ts";
import { parseResolvConf, podDns } from "../network/resolv-conf.ts";
import type { NodeFacts } from "../node/facts.ts";
import type { Paths } from "../paths.ts";
import { podUid } from "../pods/names.ts";
import { type HandlerDependencies, runHook } from "../probes/handler.ts";
import type { Container, Pod, Service } from "../types.ts";
import { resolveSubPath } from "../volumes/sub-path.ts";
import type { MountedVolumes } from "../volumes/manager.ts";
import { containerConfig, volumeMount } from "./container-config.ts";
import type { DownwardFacts } from "./downward.ts";
import { environment, type ReferencedObjects } from "./env.ts";
import { expand } from "./expand.ts";
import { containerLinuxResources } from "./linux-resources.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import { containerSecurity, podSupplementalGroups, verifyRunAsNonRoot } from "./security-context.ts";
import { StartError } from "./start-error.ts";
import { latest, type RuntimePod } from "./view.ts";

export interface PodRuntimeOptions {
  readonly cri: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly log: Log;
  readonly events: EventSink;
  readonly images: ImageManager;
  readonly paths: Paths;
  readonly node: NodeFacts;
  readonly objects: (signal: AbortSignal) => ReferencedObjects;
  readonly services: () => Iterable<Service>;
  readonly runtimeHandler: (pod: Pod, signal: AbortSignal) => Promise<string>;
}

export interface Sandbox {
  readonly id: string;
  readonly config: Request<"PodSandboxConfig">;
  readonly ips: readonly string[];
}

const sandboxTimeoutMs = 240_000;

/** Makes sandboxes and starts containers. What runs is never touched here; see `Killer`. */
export class PodRuntime {
  readonly #options: PodRuntimeOptions;

  constructor(options: PodRuntimeOptions) {
    this.#options = options;
  }

  /** Rejects with a `StartError` of reason CreatePodSandboxError. */
  async createSandbox(pod: Pod, attempt: number, signal: AbortSignal): Promise<string> {
    const { cri, events } = this.#options;
    try {
      const config = await this.sandboxConfig(pod, attempt);
      const runtimeHandler = await this.#options.runtimeHandler(pod, signal);
      await this.#options.disk.makeDirectory(config.logDirectory ?? "", { mode: 0o755 });
      const made = await cri.runtime.runPodSandbox({ config, runtimeHandler }, { signal, timeoutMs: sandboxTimeoutMs });
      return made.podSandboxId;
    } catch (error) {
      signal.throwIfAborted();
      events.event(
        podTarget(pod),
        "Warning",
        "FailedCreatePodSandBox",
        `Failed to create pod sandbox: ${messageOf(error)}`,
      );
      throw new StartError("CreatePodSandboxError", messageOf(error), { cause: error });
    }
  }

  async sandboxConfig(pod: Pod, attempt: number): Promise<Request<"PodSandboxConfig">> {
    const { node, paths, events } = this.#options;
    const dns = podDns({
      pod,
      host: parseResolvConf(await this.#read(node.resolvConf)),
      clusterDns: node.clusterDns,
      clusterDomain: node.clusterDomain,
      warn: (reason, message) => events.event(podTarget(pod), "Warning", reason, message),
    });
    return sandboxConfig({
      pod,
      attempt,
      hostname: podHostname(pod, node.clusterDomain, node.hostname),
      dns,
      logDirectory: paths.logDirectory(pod),
      cgroupParent: podCgroup(node.cgroupRoot, pod),
    });
  }

  /** Rejects with a `StartError` whose reason is what the container's waiting state shows. */
  async startContainer(
    pod: Pod,
    container: Container,
    sandbox: Sandbox,
    view: RuntimePod,
    volumes: MountedVolumes,
    signal: AbortSignal,
  ): Promise<void> {
    const image = await this.#image(pod, container, sandbox, signal);
    const config = await this.#configure(pod, container, sandbox, view, volumes, image, signal);
    const id = await this.#create(pod, container, sandbox, config, signal);
    await this.#start(pod, container, id, signal);
    await this.#postStart(pod, container, id, sandbox, signal);
  }

  async #image(pod: Pod, container: Container, sandbox: Sandbox, signal: AbortSignal): Promise<ReadyImage> {
    try {
      return await this.#options.images.ensure(pod, container, sandbox.config, signal);
    } catch (error) {
      if (error instanceof StartError) this.#failed(pod, container, error.reason);
      throw error;
    }
  }

  async #configure(
    pod: Pod,
    container: Container,
    sandbox: Sandbox,
    view: RuntimePod,
    volumes: MountedVolumes,
    image: ReadyImage,
    signal: AbortSignal,
  ): Promise<Request<"ContainerConfig">> {
    const { node, paths } = this.#options;
    const previous = latest(view, container.name);
    const restartCount = previous === undefined ? await this.#countFromLogs(pod, container) : previous.restartCount + 1;
    try {
      verifyRunAsNonRoot(pod, container, image.user);
      const env = await environment({
        pod,
        container,
        services: this.#options.services(),
        facts: this.downwardFacts(sandbox.ips),
        objects: this.#options.objects(signal),
        isNotFound,
      });
      const targetId = await this.#targetContainer(pod, container, view);
      const mounts = await this.#mounts(pod, container, volumes, sandbox.ips, env);
      await this.#options.disk.makeDirectory(`${paths.logDirectory(pod)}/${container.name}`, { mode: 0o755 });
      return containerConfig({
        pod,
        container,
        restartCount,
        imageRef: image.ref,
        image: image.name,
        env,
        mounts,
        devices: [],
        resources: containerLinuxResources(pod, container, node),
        security: containerSecurity(pod, container, {
          imageUser: image.user,
          seccompRoot: `${paths.root}/seccomp`,
          seccompDefault: node.seccompDefault,
          supplementalGroups: podSupplementalGroups(pod),
          targetContainerId: targetId,
        }),
      });
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(pod, container, messageOf(error));
      throw new StartError("CreateContainerConfigError", messageOf(error), { cause: error });
    }
  }

  /** A container whose records are gone from the runtime goes on counting where its logs end. */
  async #countFromLogs(pod: Pod, container: Container): Promise<number> {
    const directory = `${this.#options.paths.logDirectory(pod)}/${container.name}`;
    if ((await this.#options.disk.status(directory)) === undefined) return 0;
    const counts = (await this.#options.disk.list(directory)).map((name) =>
      Number(/^(\d+)\.log/.exec(name)?.[1] ?? -1),
    );
    return Math.max(-1, ...counts) + 1;
  }

  async #targetContainer(pod: Pod, container: Container, view: RuntimePod): Promise<string | undefined> {
    const target = pod.spec?.ephemeralContainers?.find((one) => one.name === container.name)?.targetContainerName;
    if (!target) return undefined;
    const running = latest(view, target);
    if (running?.state !== "running") throw new Error(`unable to find target container "${target}"`);
    return running.id;
  }

  downwardFacts(podIps: readonly string[]): DownwardFacts {
    const { nodeName, hostIps, allocatable } = this.#options.node;
    return { podIps, hostIps, nodeName, allocatable };
  }

  async #mounts(
    pod: Pod,
    container: Container,
    volumes: MountedVolumes,
    ips: readonly string[],
    env: ReadonlyMap<string, string>,
  ): Promise<Request<"Mount">[]> {
    const mounts: Request<"Mount">[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = volumes.get(mount.name);
      if (volume === undefined)
        throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      const subPath = mount.subPathExpr ? expand(mount.subPathExpr, (name) => env.get(name)) : mount.subPath;
      const hostPath = subPath ? await resolveSubPath(this.#options.disk, volume.hostPath, subPath) : volume.hostPath;
      mounts.push(volumeMount(mount, hostPath, volume.readOnly));
    }
    const taken = new Set(mounts.map((mount) => mount.containerPath));
    if (!taken.has("/etc/hosts")) mounts.push(await this.#hostsMount(pod, ips));
    const messagePath = container.terminationMessagePath ?? "/dev/termination-log";
    if (messagePath !== "") mounts.push(await this.#messageMount(pod, container, messagePath));
    return mounts;
  }

  async #hostsMount(pod: Pod, ips: readonly string[]): Promise<Request<"Mount">> {
    const { node, paths, disk } = this.#options;
    const path = paths.hostsFile(podUid(pod));
    const nodeHosts = pod.spec?.hostNetwork ? await this.#read("/etc/hosts") : "";
    const text = hostsFile(pod, podHostname(pod, node.clusterDomain, node.hostname), ips, nodeHosts);
    // Written in place: a container that has the file mounted sees the change.
    await disk.write(path, text, { mode: 0o644, atomic: false });
    return { containerPath: "/etc/hosts", hostPath: path, readonly: false };
  }

  async #messageMount(pod: Pod, container: Container, containerPath: string): Promise<Request<"Mount">> {
    const { paths, disk, random } = this.#options;
    const directory = paths.container(podUid(pod), container.name);
    await disk.makeDirectory(directory, { mode: 0o755 });
    const hostPath = `${directory}/${Buffer.from(random.bytes(4)).toString("hex")}`;
    // Whatever user the container runs as has to be able to write it.
    await disk.write(hostPath, "", { mode: 0o666, atomic: false });
    return { containerPath, hostPath, readonly: false };
  }

  async #create(
    pod: Pod,
    container: Container,
    sandbox: Sandbox,
    config: Request<"ContainerConfig">,
    signal: AbortSignal,
  ): Promise<string> {
    try {
      const made = await this.#options.cri.runtime.createContainer(
        { podSandboxId: sandbox.id, config, sandboxConfig: sandbox.config },
        { signal },
      );
      this.#options.events.event(containerTarget(pod, container.name), "Normal", "Created", "Container created");
      return made.containerId;
    } catch (error) {
      signal.throwIfAborted();
      const message = isCriError(error) ? error.description : messageOf(error);
      this.#failed(pod, container, message);
      throw new StartError("CreateContainerError", message, { cause: error });
    }
  }

  async #start(pod: Pod, container: Container, containerId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.cri.runtime.startContainer({ containerId }, { signal });
      this.#options.events.event(containerTarget(pod, container.name), "Normal", "Started", "Container started");
    } catch (error) {
      signal.throwIfAborted();
      const message = isCriError(error) ? error.description : messageOf(error);
      this.#failed(pod, container, message);
      throw new StartError("RunContainerError", message, { cause: error });
    }
  }

  async #postStart(
    pod: Pod,
    container: Container,
    containerId: string,
    sandbox: Sandbox,
    signal: AbortSignal,
  ): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (hook === undefined) return;
    const { cri, clock, network, events } = this.#options;
    const deps: HandlerDependencies = { clock, network, runtime: cri.runtime };
    try {
      await runHook(deps, hook, { container, containerId, podIp: sandbox.ips[0] ?? "" }, signal);
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      signal.throwIfAborted();
      const target = containerTarget(pod, container.name);
      events.event(target, "Warning", "FailedPostStartHook", "PostStartHook failed");
      events.event(target, "Normal", "Killing", "FailedPostStartHook");
      const timeout = pod.spec?.terminationGracePeriodSeconds ?? 30;
      await cri.runtime.stopContainer({ containerId, timeout }, { signal, timeoutMs: (timeout + 120) * 1000 });
      throw new StartError("PostStartHookError", messageOf(error), { cause: error });
    }
  }

  #failed(pod: Pod, container: Container, message: string): void {
    this.#options.events.event(containerTarget(pod, container.name), "Warning", "Failed", `Error: ${message}`);
  }

  async #read(path: string): Promise<string> {
    if (path === "") return "";
    try {
      return await this.#options.disk.readText(path);
    } catch {
      return "";
    }
  }
}
