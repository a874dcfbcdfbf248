import type { Node, Pod } from "../../api/index.ts";
import { NodeTable } from "./node-table.ts";

/**
 * The scheduler's picture of the cluster: what the API server told, and on top of it the pods it has placed itself
 * but not yet seen bound ("assumed").
 */
export class SchedulerCache {
  readonly nodes = new NodeTable();
  /** uid → node, for every pod counted in the table. */
  readonly #placed = new Map<string, string>();
  readonly #assumed = new Set<string>();

  setNode(node: Node): number {
    return this.nodes.setNode(node);
  }

  removeNode(name: string): void {
    this.nodes.removeNode(name);
  }

  /** A pod with `spec.nodeName` was seen; it confirms an assumed one. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const node = pod.spec?.nodeName ?? "";
    const earlier = this.#placed.get(uid);
    if (earlier !== undefined && earlier !== node) this.nodes.removePod(uid, earlier);
    this.nodes.addPod(pod, node);
    this.#placed.set(uid, node);
    this.#assumed.delete(uid);
  }

  removePod(uid: string): void {
    const node = this.#placed.get(uid);
    if (node === undefined) return;
    this.nodes.removePod(uid, node);
    this.#placed.delete(uid);
    this.#assumed.delete(uid);
  }

  /** Counts a pod on its node before the API server knows. */
  assume(pod: Pod, node: string): void {
    const uid = pod.metadata.uid ?? "";
    this.nodes.addPod(pod, node);
    this.#placed.set(uid, node);
    this.#assumed.add(uid);
  }

  /** Takes an assumption back; a confirmed pod stays. */
  forget(uid: string): void {
    if (this.#assumed.has(uid)) this.removePod(uid);
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid);
  }

  get sizes(): { readonly nodes: number; readonly pods: number; readonly assumed: number } {
    return { nodes: this.nodes.live.length, pods: this.#placed.size, assumed: this.#assumed.size };
  }

  get assumedPods(): number {
    return this.#assumed.size;
  }
}
