import type { Node, Pod } from "../../api/index.ts";
import { amountsOf, podResources } from "./resources.ts";

type Columns = Readonly<Record<ColumnName, Float64Array>>;

const columnNames = [
  "allocatableMilliCpu",
  "allocatableMemory",
  "allocatableStorage",
  "allocatablePods",
  "usedMilliCpu",
  "usedMemory",
  "usedStorage",
  "nonZeroMilliCpu",
  "nonZeroMemory",
  "podCount",
] as const;
type ColumnName = (typeof columnNames)[number];

/** What does not fit into a number. */
export interface NodeRecord {
  node: Node | undefined;
  readonly name: string;
  /** Pods placed here, bound or assumed, by uid. */
  readonly pods: Map<string, Pod>;
  /** Those with affinity or anti-affinity terms; the only ones that other pods must look at one by one. */
  readonly podsWithAffinity: Map<string, Pod>;
  readonly podsWithRequiredAntiAffinity: Map<string, Pod>;
  /** `protocol/ip/port` → how many pods hold it. */
  readonly hostPorts: Map<string, number>;
  readonly allocatableScalars: Map<string, number>;
  readonly usedScalars: Map<string, number>;
  /** Normalized image name → size in bytes. */
  images: ReadonlyMap<string, number>;
}

/**
 * All nodes and what is used of them, the numbers in columns so that a filter over thousands of nodes walks arrays.
 * A row belongs to one node from its first mention to its removal and is then used again. Rows of names that pods
 * mention but no Node object backs exist without being `live`.
 */
export class NodeTable {
  columns: Columns = newColumns(64);
  readonly records: (NodeRecord | undefined)[] = [];
  /** Rows with a Node object, in no particular order. */
  readonly live: number[] = [];
  /** How many placed pods have required anti-affinity; lets a plug-in skip its work when there are none. */
  podsWithRequiredAntiAffinity = 0;
  podsWithAffinity = 0;
  /** Node name → row. */
  readonly #rows = new Map<string, number>();
  readonly #livePosition = new Map<number, number>();
  readonly #free: number[] = [];
  /** Image → rows that have it; for the spread factor of image locality. */
  readonly imageNodes = new Map<string, number>();
  #tainted = 0;

  row(name: string): number | undefined {
    return this.#rows.get(name);
  }

  record(row: number): NodeRecord {
    const record = this.records[row];
    if (record === undefined) throw new Error(`broken invariant: no node in row ${row}`);
    return record;
  }

  node(row: number): Node {
    const { node, name } = this.record(row);
    if (node === undefined) throw new Error(`broken invariant: no Node object for ${name}`);
    return node;
  }

  /** Nodes with taints, or marked unschedulable. None: the taint filters need not run. */
  get taintedNodes(): number {
    return this.#tainted;
  }

  setNode(node: Node): number {
    const row = this.#ensureRow(node.metadata.name ?? "");
    const record = this.record(row);
    if (record.node !== undefined) this.#forgetNode(record.node, record);
    else this.#goLive(row);
    record.node = node;
    if (isTainted(node)) this.#tainted++;
    const allocatable = amountsOf(node.status?.allocatable);
    const { columns } = this;
    columns.allocatableMilliCpu[row] = allocatable.get("cpu") ?? 0;
    columns.allocatableMemory[row] = allocatable.get("memory") ?? 0;
    columns.allocatableStorage[row] = allocatable.get("ephemeral-storage") ?? 0;
    columns.allocatablePods[row] = allocatable.get("pods") ?? 0;
    record.allocatableScalars.clear();
    for (const [name, amount] of allocatable) record.allocatableScalars.set(name, amount);
    record.images = imagesOf(node);
    for (const image of record.images.keys()) this.imageNodes.set(image, (this.imageNodes.get(image) ?? 0) + 1);
    return row;
  }

  removeNode(name: string): void {
    const row = this.#rows.get(name);
    const record = row === undefined ? undefined : this.record(row);
    if (row === undefined || record?.node === undefined) return;
    this.#forgetNode(record.node, record);
    record.node = undefined;
    this.#leave(row);
    this.#releaseIfEmpty(row);
  }

  /** Counts a pod against its node. Adding the same uid again replaces it. */
  addPod(pod: Pod, nodeName: string): void {
    const row = this.#ensureRow(nodeName);
    const uid = pod.metadata.uid ?? "";
    const record = this.record(row);
    const earlier = record.pods.get(uid);
    if (earlier !== undefined) this.#count(row, record, earlier, -1);
    record.pods.set(uid, pod);
    this.#count(row, record, pod, 1);
  }

  removePod(uid: string, nodeName: string): void {
    const row = this.#rows.get(nodeName);
    if (row === undefined) return;
    const record = this.record(row);
    const pod = record.pods.get(uid);
    if (pod === undefined) return;
    record.pods.delete(uid);
    this.#count(row, record, pod, -1);
    this.#releaseIfEmpty(row);
  }

  #count(row: number, record: NodeRecord, pod: Pod, sign: 1 | -1): void {
    const { columns } = this;
    const wants = podResources(pod);
    change(columns.usedMilliCpu, row, sign * wants.milliCpu);
    change(columns.usedMemory, row, sign * wants.memory);
    change(columns.usedStorage, row, sign * wants.ephemeralStorage);
    change(columns.nonZeroMilliCpu, row, sign * wants.nonZeroMilliCpu);
    change(columns.nonZeroMemory, row, sign * wants.nonZeroMemory);
    change(columns.podCount, row, sign);
    for (const [name, amount] of wants.scalars) countIn(record.usedScalars, name, sign * amount);
    for (const port of hostPortKeys(pod)) countIn(record.hostPorts, port, sign);
    const affinity = pod.spec?.affinity;
    if (affinity?.podAffinity === undefined && affinity?.podAntiAffinity === undefined) return;
    const uid = pod.metadata.uid ?? "";
    this.podsWithAffinity += sign;
    if (sign === 1) record.podsWithAffinity.set(uid, pod);
    else record.podsWithAffinity.delete(uid);
    if (!affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length) return;
    this.podsWithRequiredAntiAffinity += sign;
    if (sign === 1) record.podsWithRequiredAntiAffinity.set(uid, pod);
    else record.podsWithRequiredAntiAffinity.delete(uid);
  }

  #forgetNode(node: Node, record: NodeRecord): void {
    if (isTainted(node)) this.#tainted--;
    for (const image of record.images.keys()) countIn(this.imageNodes, image, -1);
  }

  #ensureRow(name: string): number {
    const existing = this.#rows.get(name);
    if (existing !== undefined) return existing;
    const row = this.#free.pop() ?? this.records.length;
    if (row >= this.columns.podCount.length) this.columns = grown(this.columns);
    for (const column of columnNames) this.columns[column][row] = 0;
    this.records[row] = newRecord(name);
    this.#rows.set(name, row);
    return row;
  }

  #goLive(row: number): void {
    this.#livePosition.set(row, this.live.length);
    this.live.push(row);
  }

  #leave(row: number): void {
    const position = this.#livePosition.get(row);
    const last = this.live.pop();
    this.#livePosition.delete(row);
    if (position === undefined || last === undefined || last === row) return;
    this.live[position] = last;
    this.#livePosition.set(last, position);
  }

  #releaseIfEmpty(row: number): void {
    const record = this.record(row);
    if (record.node !== undefined || record.pods.size > 0) return;
    this.#rows.delete(record.name);
    this.records[row] = undefined;
    this.#free.push(row);
  }
}

function newRecord(name: string): NodeRecord {
  return {
    node: undefined,
    name,
    pods: new Map(),
    podsWithAffinity: new Map(),
    podsWithRequiredAntiAffinity: new Map(),
    hostPorts: new Map(),
    allocatableScalars: new Map(),
    usedScalars: new Map(),
    images: new Map(),
  };
}

function newColumns(capacity: number): Columns {
  return Object.fromEntries(columnNames.map((name) => [name, new Float64Array(capacity)])) as unknown as Columns;
}

function grown(columns: Columns): Columns {
  const larger = newColumns(columns.podCount.length * 2);
  for (const name of columnNames) larger[name].set(columns[name]);
  return larger;
}

function change(column: Float64Array, row: number, by: number): void {
  column[row] = (column[row] ?? 0) + by;
}

function countIn(map: Map<string, number>, key: string, by: number): void {
  const left = (map.get(key) ?? 0) + by;
  if (left <= 0) map.delete(key);
  else map.set(key, left);
}

function isTainted(node: Node): boolean {
  return node.spec?.unschedulable === true || (node.spec?.taints?.length ?? 0) > 0;
}

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const { names, sizeBytes } of node.status?.images ?? []) {
    for (const name of names ?? []) images.set(name, sizeBytes ?? 0);
  }
  return images;
}

/** `protocol/ip/port` of every host port a pod asks for; the ip is `0.0.0.0` for any. */
export function hostPortKeys(pod: Pod): string[] {
  const keys: string[] = [];
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  for (const { ports } of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const { hostPort, hostIP, protocol } of ports ?? []) {
      if (hostPort !== undefined && hostPort > 0) keys.push(`${protocol ?? "TCP"}/${hostIP || "0.0.0.0"}/${hostPort}`);
    }
  }
  return keys;
}
