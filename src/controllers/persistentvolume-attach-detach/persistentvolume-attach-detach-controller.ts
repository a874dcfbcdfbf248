import type {
  CSIDriver,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  VolumeAttachment,
} from "../../api/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type EventRecorder,
  type EventType,
  informerOf,
  type Informer,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
} from "../../client/index.ts";
import {
  claimKeysOf,
  Controller,
  type ControllerContext,
  isConditionTrue,
  isPodTerminal,
  type Result,
} from "../../reconcile/index.ts";
import type { ControllerConfig } from "../config.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { type AttachDetachMetrics, attachDetachMetrics } from "./attach-detach-metrics.ts";
import { Attacher } from "./attacher.ts";
import { type OperationKind, Operations } from "./operations.ts";
import { detachStep, multiAttachMessage } from "./step.ts";
import {
  attachable,
  attachableVolumesOf,
  attachmentName,
  namedVolume,
  needsAttaching,
  type VolumeObjects,
} from "./volumes.ts";
import { type Attachment, type Want, World } from "./world.ts";

const name = "persistentvolume-attach-detach-controller";
const managedAnnotation = "volumes.kubernetes.io/controller-managed-attach-detach";
const outOfServiceKey = "node.kubernetes.io/out-of-service";
/** There is one thing to work on: all volumes. */
const everything = "volumes";
const syncMs = 60_000;

/** Attaches volumes of CSI drivers to the nodes whose pods want them, and detaches them when nobody does. */
export const persistentVolumeAttachDetachController: ControllerDescriptor = {
  name,
  serviceAccount: "attachdetach-controller",
  create(context, config) {
    const { attachDetachSyncPeriodMs = syncMs, disableAttachDetachSync = false } = config;
    if (!disableAttachDetachSync && attachDetachSyncPeriodMs < 1_000)
      throw new Error(
        "duration time must be greater than one second as set via command line option reconcile-sync-loop-period",
      );
    return new AttachDetachController(context, config);
  },
};

class AttachDetachController {
  readonly name = name;
  readonly #context: ControllerContext;
  readonly #config: ControllerConfig;
  readonly #controller: Controller;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #drivers: Informer<CSIDriver>;
  readonly #attachments: Informer<VolumeAttachment>;
  readonly #objects: VolumeObjects;
  readonly #recorder: EventRecorder;
  readonly #attacher: Attacher;
  readonly #world = new World();
  readonly #operations: Operations;
  readonly #metrics: AttachDetachMetrics | undefined;
  readonly #running = new Set<Promise<void>>();
  #isPopulated = false;
  #syncedAt: number;

  constructor(context: ControllerContext, config: ControllerConfig) {
    const { client, clock, informers, log, metrics, registry } = context;
    this.#context = context;
    this.#config = config;
    this.#pods = informerOf(informers, kinds.pods, {
      indexes: { attachedClaim: claimKeysOf, nodeName: (pod) => [pod.spec.nodeName ?? ""] },
    });
    this.#nodes = informerOf(informers, kinds.nodes);
    this.#claims = informerOf(informers, kinds.persistentvolumeclaims);
    this.#volumes = informerOf(informers, kinds.persistentvolumes);
    this.#drivers = informerOf(informers, kinds.csidrivers);
    this.#attachments = informerOf(informers, kinds.volumeattachments);
    this.#objects = {
      claim: (key) => this.#claims.lister.get(key),
      volume: (key) => this.#volumes.lister.get(key),
      driver: (key) => this.#drivers.lister.get(key),
    };
    this.#recorder = context.recorder("attachdetach-controller");
    this.#attacher = new Attacher({ client, clock, attachments: this.#attachments.lister });
    this.#operations = new Operations(() => clock.monotonic());
    this.#metrics = registry === undefined ? undefined : attachDetachMetrics(registry, this.#world);
    this.#syncedAt = clock.monotonic();
    const reconciler = { reconcile: (_key: string, signal: AbortSignal) => this.#reconcile(signal) };
    this.#controller = new Controller({ name, clock, log, metrics, reconciler, workers: 1 });
    this.#controller.waitFor(this.#pods, this.#nodes, this.#claims, this.#volumes, this.#drivers, this.#attachments);
    this.#watch();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#controller.enqueue(everything);
    await this.#controller.run(signal);
    await Promise.all(this.#running);
  }

  #watch(): void {
    this.#pods.addHandler({
      onAdd: (pod) => this.#seePod(pod),
      onUpdate: (_previous, pod) => this.#seePod(pod),
      onDelete: (pod) => this.#forgetPod(pod),
    });
    this.#nodes.addHandler({
      onAdd: (node) => {
        this.#seeNode(node);
        this.#world.distrust(node.metadata.name ?? "");
        for (const pod of this.#pods.lister.byIndex("nodeName", node.metadata.name ?? "")) this.#seePod(pod);
      },
      onUpdate: (previous, node) => {
        if (isManaged(node) && !isManaged(previous)) {
          for (const pod of this.#pods.lister.byIndex("nodeName", node.metadata.name ?? "")) this.#seePod(pod);
        }
        if (this.#seeNode(node) || looksOf(previous) !== looksOf(node)) this.#controller.enqueue(everything);
      },
      onDelete: (node) => {
        this.#seeNode(node);
        this.#controller.enqueue(everything);
      },
    });
    const claim = (key: string): void => {
      for (const pod of this.#pods.lister.byIndex("attachedClaim", key)) this.#seePod(pod);
    };
    const volume = ({ spec }: PersistentVolume): void => {
      if (spec?.claimRef !== undefined) claim(`${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}`);
    };
    this.#claims.addHandler({ onAdd: (one) => claim(keyOf(one)), onUpdate: (_previous, one) => claim(keyOf(one)) });
    this.#volumes.addHandler({ onAdd: volume, onUpdate: (_previous, one) => volume(one) });
    const driver = (): void => {
      if (!this.#isPopulated) return;
      this.#world.forgetVolumes((one) => !needsAttaching(one.driver, this.#objects));
      for (const pod of this.#pods.lister.list()) this.#seePod(pod);
      this.#controller.enqueue(everything);
    };
    this.#drivers.addHandler({ onAdd: driver, onUpdate: driver, onDelete: driver });
  }

  /** What a pod wants stays wanted while it runs, whatever becomes of its claims. */
  #seePod(pod: Pod): void {
    const { nodeName: node = "", volumes = [] } = pod.spec;
    if (!this.#isPopulated || node === "" || volumes.length === 0) return;
    if (isPodTerminal(pod)) return this.#forgetPod(pod);
    const known = this.#nodes.lister.get(node);
    if (known === undefined || !isManaged(known)) return;
    const wanted = attachableVolumesOf(pod, this.#objects);
    for (const volume of wanted) this.#world.want(pod, volume);
    if (wanted.length > 0) this.#controller.enqueue(everything);
  }

  #forgetPod(pod: Pod): void {
    if (this.#world.forget(pod.metadata.uid ?? "")) this.#controller.enqueue(everything);
  }

  /** Whether it uses other volumes than was known. */
  #seeNode({ metadata: { name: node = "" }, status }: Node): boolean {
    return this.#world.setInUse(node, status?.volumesInUse ?? []);
  }

  /** What was attached before this process began. */
  #populate(): void {
    for (const { metadata, status } of this.#nodes.lister.list()) {
      const { name: node = "" } = metadata;
      for (const { name: volume } of status?.volumesAttached ?? []) this.#world.attached(volume, node, undefined, true);
      // What the status says need not be said again.
      this.#world.takeReport(node);
    }
    for (const { spec } of this.#attachments.lister.list()) {
      const volume = this.#objects.volume(spec.source.persistentVolumeName ?? "");
      const found = volume === undefined ? undefined : attachable(volume, this.#objects);
      if (found === undefined || this.#world.attachment(found.name, spec.nodeName) !== undefined) continue;
      this.#world.attached(found.name, spec.nodeName, found, false);
    }
    for (const node of this.#nodes.lister.list()) this.#seeNode(node);
    this.#isPopulated = true;
    for (const pod of this.#pods.lister.list()) this.#seePod(pod);
    for (const { volume, node } of this.#world.wants()) {
      if (this.#world.attachment(volume.name, node)?.isConfirmed) this.#world.attached(volume.name, node, volume, true);
    }
  }

  async #reconcile(signal: AbortSignal): Promise<Result | undefined> {
    if (!this.#isPopulated) this.#populate();
    const again = [await this.#verify()];
    // What is moved has to leave its old node first.
    for (const attachment of this.#world.attachments()) {
      if (this.#world.isWanted(attachment.name, attachment.node)) attachment.unwantedSince = undefined;
      else again.push(await this.#release(attachment, signal));
    }
    for (const want of this.#world.wants()) again.push(this.#satisfy(want, signal));
    for (const node of this.#world.dueNodes()) await this.#tell(node).catch(() => again.push(1_000));
    const nextMs = Math.min(...again.map((ms) => ms ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(nextMs) ? { requeueAfterMs: Math.max(1, Math.ceil(nextMs)) } : undefined;
  }

  /** Detaches what nobody wants; otherwise when to look again. Milliseconds. */
  async #release(attachment: Attachment, signal: AbortSignal): Promise<number | undefined> {
    const { name: volume, node } = attachment;
    const key = operationKey(volume, node, attachment.volume?.isShared ?? true);
    if (this.#operations.isRunning(key)) return undefined;
    const waitMs = this.#operations.waitMs(key, "detach");
    if (waitMs > 0) return waitMs;
    const now = this.#context.clock.monotonic();
    attachment.unwantedSince ??= now;
    const found = this.#nodes.lister.get(node);
    const step = detachStep({
      isMounted: this.#world.isInUse(volume, node),
      waitedMs: now - attachment.unwantedSince,
      isNodeReady: isConditionTrue(found?.status?.conditions, "Ready"),
      isOutOfService: (found?.spec?.taints ?? []).some((taint) => taint.key === outOfServiceKey),
      isForceDisabled: this.#config.disableForceDetachOnTimeout === true,
    });
    if (step.type === "wait") return step.againMs;
    const named = namedVolume(volume);
    if (named === undefined) return undefined;
    this.#world.unreport(volume, node);
    try {
      await this.#tell(node);
    } catch (error) {
      this.#context.log.info("A node's status could not be written", { node, error: messageOf(error) });
      this.#world.report(volume, node);
      return 1_000;
    }
    if (step.forced !== undefined) this.#metrics?.forced(step.forced);
    this.#start(key, "detach", async () => {
      try {
        if (step.forced === undefined) await this.#checkUnused(attachment);
        await this.#attacher.detach(named, node, signal);
        this.#world.detached(volume, node);
      } catch (error) {
        this.#world.attached(volume, node, attachment.volume, false);
        throw error;
      }
    });
    return undefined;
  }

  async #checkUnused({ name: volume, node }: Attachment): Promise<void> {
    const live = await orNotFound(this.#context.client.resource<Node>(kinds.nodes).get(node));
    if (live?.status?.volumesInUse?.includes(volume) === true)
      throw new Error("volume is still in use by node, according to Node status");
  }

  /** Attaches what is wanted; otherwise when to look again. Milliseconds. */
  #satisfy(want: Want, signal: AbortSignal): number | undefined {
    const { volume, node } = want;
    const key = operationKey(volume.name, node, volume.isShared);
    if (this.#operations.isRunning(key)) return undefined;
    if (this.#world.attachment(volume.name, node)?.isConfirmed === true) return undefined;
    const others = volume.isShared ? [] : this.#world.nodesWith(volume.name);
    if (others.length > 0) {
      this.#reportMultiAttach(want, others);
      return undefined;
    }
    const waitMs = this.#operations.waitMs(key, "attach");
    if (waitMs > 0) return waitMs;
    this.#start(key, "attach", async () => {
      try {
        await this.#attacher.attach(volume, node, signal);
      } catch (error) {
        this.#world.attached(volume.name, node, volume, false);
        if (!signal.aborted)
          this.#event(
            want,
            "Warning",
            "FailedAttachVolume",
            `AttachVolume.Attach failed for volume "${volume.volume}" : ${messageOf(error)}`,
          );
        throw error;
      }
      this.#world.attached(volume.name, node, volume, true);
      this.#event(
        want,
        "Normal",
        "SuccessfulAttachVolume",
        `AttachVolume.Attach succeeded for volume "${volume.volume}" `,
      );
    });
    return undefined;
  }

  #reportMultiAttach(want: Want, nodes: readonly string[]): void {
    if (want.isMultiAttachReported) return;
    want.isMultiAttachReported = true;
    const { volume, node } = want;
    const others = this.#world.podsOn(
      nodes.filter((one) => one !== node),
      volume.name,
    );
    for (const pod of want.pods.values()) {
      const message = multiAttachMessage(volume.volume, pod, others);
      this.#recorder.event(referenceTo(kinds.pods, pod), "Warning", "FailedAttachVolume", message);
    }
  }

  #event({ pods }: Want, type: EventType, reason: string, message: string): void {
    for (const pod of pods.values()) this.#recorder.event(referenceTo(kinds.pods, pod), type, reason, message);
  }

  /** In the background: drivers take their time. */
  #start(key: string, kind: OperationKind, work: () => Promise<void>): void {
    this.#operations.started(key, kind);
    const running: Promise<void> = work()
      .then(() => this.#operations.succeeded(key))
      .catch((error: unknown) => {
        this.#operations.failed(key);
        this.#context.log.info(`Failed to ${kind} a volume`, { volume: key, error: messageOf(error) });
      })
      .finally(() => {
        this.#running.delete(running);
        this.#controller.enqueue(everything);
      });
    this.#running.add(running);
  }

  /** Writes what is attached to a node's status: the node mounts nothing that is not there. */
  async #tell(node: string): Promise<void> {
    const volumesAttached = this.#world.takeReport(node);
    const known = this.#nodes.lister.get(node);
    if (volumesAttached === undefined || known === undefined) return;
    const body = { status: { volumesAttached: volumesAttached.length === 0 ? null : volumesAttached } };
    const nodes = this.#context.client.resource<Node>(kinds.nodes);
    try {
      await orNotFound(nodes.patch(node, { type: "strategic", body }, { subresource: "status" }));
    } catch (error) {
      this.#world.distrust(node);
      throw error;
    }
  }

  /** Now and again: volumes may have been detached behind the controller's back. When to look again, milliseconds. */
  async #verify(): Promise<number | undefined> {
    const { attachDetachSyncPeriodMs = syncMs, disableAttachDetachSync = false } = this.#config;
    const attached = this.#world.attachments().filter(({ isConfirmed, volume }) => isConfirmed && volume !== undefined);
    if (disableAttachDetachSync || attached.length === 0) return undefined;
    const now = this.#context.clock.monotonic();
    if (now - this.#syncedAt < attachDetachSyncPeriodMs) return this.#syncedAt + attachDetachSyncPeriodMs - now;
    this.#syncedAt = now;
    for (const attachment of attached) {
      if (!(await this.#isStillAttached(attachment))) this.#world.detached(attachment.name, attachment.node);
    }
    return attachDetachSyncPeriodMs;
  }

  async #isStillAttached({ volume, node, name: unique }: Attachment): Promise<boolean> {
    if (volume === undefined || this.#operations.isRunning(operationKey(unique, node, volume.isShared))) return true;
    if (!needsAttaching(volume.driver, this.#objects)) return true;
    const object = attachmentName(volume, node);
    const api = this.#context.client.resource<VolumeAttachment>(kinds.volumeattachments);
    const found = this.#attachments.lister.get(object) ?? (await orNotFound(api.get(object)));
    return found?.status?.attached === true;
  }
}

/** One thing at a time for a volume, or for each of its nodes where it may have several. */
function operationKey(volume: string, node: string, isShared: boolean): string {
  return isShared ? `${volume} ${node}` : volume;
}

function isManaged({ metadata }: Node): boolean {
  return metadata.annotations?.[managedAnnotation] === "true";
}

/** Whether what it still uses counts. */
function looksOf({ spec, status }: Node): string {
  const isOut = (spec?.taints ?? []).some(({ key }) => key === outOfServiceKey);
  return `${isOut} ${isConditionTrue(status?.conditions, "Ready")}`;
}
