import type { AttachedVolume, Pod } from "../../api/index.ts";
import type { AttachableVolume } from "./volumes.ts";

/** A volume that pods want on a node. */
export interface Want {
  readonly volume: AttachableVolume;
  readonly node: string;
  readonly pods: Map<string, Pod>;
  isMultiAttachReported: boolean;
}

/** A volume that is on a node, or may be. */
export interface Attachment {
  readonly name: string;
  readonly node: string;
  /** Unknown of volumes that were attached before this process began, and that no pod wants. */
  volume: AttachableVolume | undefined;
  /** False: attaching or detaching has failed half way. */
  isConfirmed: boolean;
  /** Since when nobody wants it. Milliseconds, monotonic. */
  unwantedSince: number | undefined;
}

interface NodeReport {
  readonly volumes: Set<string>;
  isDue: boolean;
}

const keyOf = (name: string, node: string): string => `${name} ${node}`;

/** What is wanted where, what is attached where, and what nodes have been told. */
export class World {
  readonly #wants = new Map<string, Want>();
  /** Keys of wants by the pod's uid. */
  readonly #pods = new Map<string, Set<string>>();
  readonly #attachments = new Map<string, Attachment>();
  readonly #inUse = new Map<string, Set<string>>();
  readonly #reports = new Map<string, NodeReport>();

  wants(): readonly Want[] {
    return [...this.#wants.values()];
  }

  isWanted(name: string, node: string): boolean {
    return this.#wants.has(keyOf(name, node));
  }

  want(pod: Pod, volume: AttachableVolume): void {
    const { nodeName: node = "" } = pod.spec;
    const { uid = "" } = pod.metadata;
    const key = keyOf(volume.name, node);
    const known = this.#wants.get(key) ?? { volume, node, pods: new Map(), isMultiAttachReported: false };
    known.pods.set(uid, pod);
    this.#wants.set(key, known);
    const keys = this.#pods.get(uid) ?? new Set();
    this.#pods.set(uid, keys.add(key));
  }

  /** Whether the pod wanted something. */
  forget(uid: string): boolean {
    const keys = this.#pods.get(uid);
    this.#pods.delete(uid);
    for (const key of keys ?? []) this.#drop(key, uid);
    return keys !== undefined;
  }

  /** Of volumes that no longer have to be attached. */
  forgetVolumes(isGone: (volume: AttachableVolume) => boolean): void {
    for (const [key, want] of this.#wants) {
      if (!isGone(want.volume)) continue;
      this.#wants.delete(key);
      for (const uid of want.pods.keys()) this.#pods.get(uid)?.delete(key);
    }
  }

  podsOn(nodes: readonly string[], name: string): readonly Pod[] {
    return nodes.flatMap((node) => [...(this.#wants.get(keyOf(name, node))?.pods.values() ?? [])]);
  }

  attachments(): readonly Attachment[] {
    return [...this.#attachments.values()];
  }

  attachment(name: string, node: string): Attachment | undefined {
    return this.#attachments.get(keyOf(name, node));
  }

  /** Nodes that surely have it. */
  nodesWith(name: string): readonly string[] {
    const found = [...this.#attachments.values()].filter((one) => one.name === name && one.isConfirmed);
    return found.map(({ node }) => node);
  }

  attached(name: string, node: string, volume: AttachableVolume | undefined, isConfirmed: boolean): void {
    const known = this.#attachments.get(keyOf(name, node));
    if (known === undefined) {
      this.#attachments.set(keyOf(name, node), { name, node, volume, isConfirmed, unwantedSince: undefined });
      // Until the node says otherwise.
      this.#inUse.set(node, (this.#inUse.get(node) ?? new Set()).add(name));
    } else {
      known.volume = volume ?? known.volume;
      known.isConfirmed = isConfirmed;
    }
    if (isConfirmed) this.report(name, node);
  }

  detached(name: string, node: string): void {
    this.#attachments.delete(keyOf(name, node));
    this.unreport(name, node);
  }

  /** Whether that is new. */
  setInUse(node: string, names: readonly string[]): boolean {
    const known = this.#inUse.get(node);
    if ((known?.size ?? 0) === names.length && names.every((name) => known?.has(name))) return false;
    if (names.length === 0) this.#inUse.delete(node);
    else this.#inUse.set(node, new Set(names));
    return true;
  }

  isInUse(name: string, node: string): boolean {
    return this.#inUse.get(node)?.has(name) === true;
  }

  report(name: string, node: string): void {
    if (!this.#attachments.has(keyOf(name, node))) return;
    const known = this.#reports.get(node) ?? { volumes: new Set(), isDue: false };
    this.#reports.set(node, known);
    if (known.volumes.has(name)) return;
    known.volumes.add(name);
    known.isDue = true;
  }

  unreport(name: string, node: string): void {
    const known = this.#reports.get(node);
    if (known?.volumes.delete(name) === true) known.isDue = true;
  }

  /** The node's status may not say what it should. */
  distrust(node: string): void {
    const known = this.#reports.get(node);
    if (known !== undefined) known.isDue = true;
  }

  /** Nodes whose status has to be written. */
  dueNodes(): readonly string[] {
    return [...this.#reports].filter(([, { isDue }]) => isDue).map(([node]) => node);
  }

  /** What a node's status should say, if it has to be written; taken as written. */
  takeReport(node: string): readonly AttachedVolume[] | undefined {
    const known = this.#reports.get(node);
    if (known === undefined || !known.isDue) return undefined;
    known.isDue = false;
    return [...known.volumes].map((name) => ({ name, devicePath: "" }));
  }

  #drop(key: string, uid: string): void {
    const want = this.#wants.get(key);
    want?.pods.delete(uid);
    if (want?.pods.size === 0) this.#wants.delete(key);
  }
}
