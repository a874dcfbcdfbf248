import { isDeepStrictEqual } from "node:util";
import { type Clock, type Disk, isAbort, type Log, messageOf, type Runnable } from "../../base/index.ts";
import { type Client, isAlreadyExists, isNotFound } from "../../client/index.ts";
import type { ContainerRuntime, Response } from "../../cri/index.ts";
import type { EventSink, EventTarget } from "../events.ts";
import type { Node, NodeStatus } from "../types.ts";
import {
  defaultLabels,
  newNode,
  nodeStatus,
  type NodeImage,
  type NodeStatusInput,
  type RegistrationInput,
} from "./node-object.ts";
import { runtimeVersionText } from "./runtime-version.ts";

export interface NodeReporterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly events: EventSink;
  readonly cri: ContainerRuntime;
  readonly registration: RegistrationInput;
  readonly register: boolean;
  /** How often the status is worked out, and how often it is written even when nothing changed. Milliseconds. */
  readonly updateMs: number;
  readonly reportMs: number;
  readonly imagesMax: number;
  /** Everything that does not come from the runtime. */
  readonly facts: () => Pick<
    NodeStatusInput,
    "hostIps" | "port" | "machine" | "resources" | "volumesInUse" | "pressure" | "externalCloud"
  >;
  /** Why the kubelet itself is not ready. */
  readonly problems: () => readonly string[];
}

const nodes = { group: "", version: "v1", resource: "nodes" };
/** While the runtime is not ready, it is asked again so soon. */
const impatientMs = 200;
const eventReasons: Readonly<Record<string, string>> = {
  "MemoryPressure True": "NodeHasInsufficientMemory",
  "MemoryPressure False": "NodeHasSufficientMemory",
  "DiskPressure True": "NodeHasDiskPressure",
  "DiskPressure False": "NodeHasNoDiskPressure",
  "PIDPressure True": "NodeHasInsufficientPID",
  "PIDPressure False": "NodeHasSufficientPID",
  "Ready True": "NodeReady",
  "Ready False": "NodeNotReady",
};

/** Registers the node and keeps its status up to date: changes at once, everything else every few minutes. */
export class NodeReporter implements Runnable {
  readonly name = "node-status";
  readonly #options: NodeReporterOptions;
  #written: NodeStatus | undefined;
  #writtenMs = 0;
  #uid: string | undefined;
  #latest: Node | undefined;
  #nudge: (() => void) | undefined;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  get nodeUid(): string | undefined {
    return this.#uid;
  }

  /** The Node object as it was read last. */
  get node(): Node | undefined {
    return this.#latest;
  }

  /** Reads the Node object again; keeps what is known when it cannot be read. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { client, registration, log } = this.#options;
    try {
      this.#latest = await client.resource<Node>(nodes).get(registration.nodeName, { signal });
    } catch (error) {
      signal.throwIfAborted();
      log.info("The Node could not be read again", { error: messageOf(error) });
    }
  }

  get ready(): boolean {
    return this.#written?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
  }

  /** Work out the status now. */
  nudge(): void {
    this.#nudge?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, updateMs } = this.#options;
    while (!signal.aborted) {
      let waitMs = updateMs;
      try {
        await this.#report(signal);
        if (!this.ready) waitMs = impatientMs;
      } catch (error) {
        if (isAbort(error, signal) || signal.aborted) return;
        log.warn("The node's status could not be written", { error: messageOf(error) });
        waitMs = impatientMs * 5;
      }
      await new Promise<void>((resolve) => {
        const timer = clock.after(waitMs, resolve);
        const end = (): void => {
          timer.cancel();
          resolve();
        };
        this.#nudge = end;
        signal.addEventListener("abort", end, { once: true });
      });
    }
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { client, registration, clock, reportMs } = this.#options;
    const api = client.resource<Node>(nodes);
    const node = await this.#node(signal);
    this.#uid = node.metadata.uid;
    this.#latest = node;
    const status = nodeStatus(await this.#input(node.status, signal));
    const due = clock.monotonic() - this.#writtenMs >= reportMs;
    if (
      this.#written !== undefined &&
      !due &&
      isDeepStrictEqual(quiet(status), quiet(this.#written)) &&
      isDeepStrictEqual(quiet(status), quiet(node.status))
    )
      return;
    this.#tell(this.#written?.conditions ?? node.status?.conditions ?? [], status, node.metadata.uid);
    const body = { status };
    await api.patch(registration.nodeName, { type: "strategic", body }, { subresource: "status", signal });
    this.#written = status;
    this.#writtenMs = clock.monotonic();
  }

  /** The Node object, made or completed where needed. */
  async #node(signal: AbortSignal): Promise<Node> {
    const { client, registration, register } = this.#options;
    const api = client.resource<Node>(nodes);
    try {
      const found = await api.get(registration.nodeName, { signal });
      return this.#uid === undefined && register ? await this.#complete(found, signal) : found;
    } catch (error) {
      if (!isNotFound(error) || !register) throw error;
    }
    try {
      const status = nodeStatus(await this.#input(undefined, signal));
      const made = await api.create(newNode(registration, status), { signal });
      this.#events("Normal", "Starting", "Starting kubelet.", made.metadata.uid);
      return made;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return api.get(registration.nodeName, { signal });
    }
  }

  /** An object of an earlier registration gets the labels it lacks. */
  async #complete(node: Node, signal: AbortSignal): Promise<Node> {
    const { client, registration } = this.#options;
    const wanted = { ...defaultLabels(registration.hostname, registration.architecture), ...registration.labels };
    const missing = Object.entries(wanted).filter(([name, value]) => node.metadata.labels?.[name] !== value);
    this.#events("Normal", "Starting", "Starting kubelet.", node.metadata.uid);
    if (missing.length === 0) return node;
    const body = { metadata: { labels: Object.fromEntries(missing) } };
    return client.resource<Node>(nodes).patch(registration.nodeName, { type: "strategic", body }, { signal });
  }

  async #input(previous: NodeStatus | undefined, signal: AbortSignal): Promise<NodeStatusInput> {
    const { cri, registration, clock, problems, facts, imagesMax } = this.#options;
    const runtime = await this.#runtime(signal);
    const images = await cri.images.listImages({}, { signal }).catch(() => undefined);
    return {
      nodeName: registration.nodeName,
      hostname: registration.hostname,
      ...facts(),
      runtimeVersion: runtime.version,
      images: (images?.images ?? [])
        .map(nodeImage)
        .sort((a, b) => b.sizeBytes - a.sizeBytes)
        .slice(0, imagesMax < 0 ? undefined : imagesMax),
      handlers: runtime.handlers,
      supplementalGroupsPolicy: runtime.supplementalGroupsPolicy,
      problems: [...runtime.problems, ...problems()],
      previous,
      nowMs: clock.now(),
    };
  }

  async #runtime(signal: AbortSignal) {
    const { cri } = this.#options;
    try {
      const [version, status] = await Promise.all([
        cri.runtime.version({}, { signal }),
        cri.runtime.status({}, { signal }),
      ]);
      return {
        version: runtimeVersionText(version),
        problems: runtimeProblems(status),
        handlers: status.runtimeHandlers.map(({ name, features }) => ({
          name,
          recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
          userNamespaces: features?.userNamespaces ?? false,
        })),
        supplementalGroupsPolicy: status.features?.supplementalGroupsPolicy ?? false,
      };
    } catch (error) {
      signal.throwIfAborted();
      const problems = [
        `container runtime is down`,
        `container runtime status check may not have completed yet: ${messageOf(error)}`,
      ];
      return { version: "containerd://Unknown", problems, handlers: [], supplementalGroupsPolicy: false };
    }
  }

  #tell(before: NonNullable<NodeStatus["conditions"]>, status: NodeStatus, uid: string | undefined): void {
    const { nodeName } = this.#options.registration;
    for (const condition of status.conditions ?? []) {
      const reason = eventReasons[`${condition.type} ${condition.status}`];
      const old = before.find((one) => one.type === condition.type);
      if (reason === undefined || old?.status === condition.status) continue;
      this.#events("Normal", reason, `Node ${nodeName} status is now: ${reason}`, uid);
    }
  }

  /** Upstream's kubelet refers to its node by name where the uid belongs. */
  #events(type: "Normal" | "Warning", reason: string, message: string, _uid: string | undefined): void {
    const { nodeName } = this.#options.registration;
    const target: EventTarget = { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName };
    this.#options.events.event(target, type, reason, message);
  }
}

/** What the runtime lacks, in upstream's words. */
export function runtimeProblems(status: Response<"StatusResponse">): string[] {
  const conditions = status.status?.conditions ?? [];
  const problems: string[] = [];
  for (const [type, says] of [
    ["RuntimeReady", "container runtime not ready"],
    ["NetworkReady", "container runtime network not ready"],
  ] as const) {
    const found = conditions.find((one) => one.type === type);
    if (found?.status === true) continue;
    problems.push(
      `${says}: ${type}=${found?.status ?? "unknown"} reason:${found?.reason ?? ""} message:${found?.message ?? ""}`,
    );
  }
  return problems;
}

type CriImage = Response<"ListImagesResponse">["images"][number];

const namesPerImage = 5;

function nodeImage(image: CriImage): NodeImage {
  return { names: [...image.repoDigests, ...image.repoTags].slice(0, namesPerImage), sizeBytes: image.size };
}

/** The status without what changes at every look. */
function quiet(status: NodeStatus | undefined): unknown {
  const conditions = (status?.conditions ?? []).map(({ lastHeartbeatTime: _, ...rest }) => rest);
  return JSON.parse(JSON.stringify({ ...status, conditions: conditions.sort((a, b) => (a.type < b.type ? -1 : 1)) }));
}
