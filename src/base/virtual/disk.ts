import { dirname, resolve } from "node:path/posix";
import type { Clock } from "../clock.ts";
import type { Disk, DiskCapacity, FileStatus, WriteOptions } from "../disk.ts";
import { PlatformError } from "../errors.ts";

type Node =
  | { readonly kind: "file"; data: Uint8Array; mode: number; modifiedMs: number }
  | { readonly kind: "directory"; mode: number; modifiedMs: number }
  | { readonly kind: "symlink"; readonly target: string; mode: number; modifiedMs: number };

interface Watch {
  readonly path: string;
  readonly onChange: () => void;
  pending: boolean;
}

const symlinkDepthMax = 40;

/** A file system in memory with the rules of POSIX that the system relies on: parents must exist, links resolve. */
export class MemoryDisk implements Disk {
  readonly #clock: Pick<Clock, "now">;
  readonly #nodes = new Map<string, Node>();
  readonly #watches = new Set<Watch>();
  /** What `capacity` answers; a test sets it to bring on disk pressure. */
  reportedCapacity: DiskCapacity = {
    totalBytes: 2 ** 36,
    freeBytes: 2 ** 35,
    totalInodes: 2 ** 22,
    freeInodes: 2 ** 21,
  };

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#nodes.set("/", { kind: "directory", mode: 0o755, modifiedMs: clock.now() });
  }

  async read(path: string): Promise<Uint8Array> {
    const node = this.#node(this.#follow(path), path);
    if (node.kind === "directory") throw new PlatformError("EISDIR", `EISDIR: ${path} is a directory`);
    return node.kind === "file" ? node.data.slice() : new Uint8Array();
  }

  async readText(path: string): Promise<string> {
    return Buffer.from(await this.read(path)).toString("utf8");
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    return (await this.read(path)).subarray(offset, offset + length);
  }

  async write(path: string, data: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
    // An atomic write renames over a final symlink; a plain one writes through it.
    const target = options.atomic === false ? this.#follow(path) : this.#place(path);
    const old = this.#nodes.get(target);
    if (old?.kind === "directory") throw new PlatformError("EISDIR", `EISDIR: ${path} is a directory`);
    this.#set(target, {
      kind: "file",
      data: bytesOf(data),
      mode: options.mode ?? 0o644,
      modifiedMs: this.#clock.now(),
    });
  }

  async append(path: string, data: Uint8Array | string): Promise<void> {
    const target = this.#follow(path);
    const old = this.#nodes.get(target);
    const before = old?.kind === "file" ? old.data : new Uint8Array();
    const mode = old?.mode ?? 0o644;
    this.#set(target, {
      kind: "file",
      data: Buffer.concat([before, bytesOf(data)]),
      mode,
      modifiedMs: this.#clock.now(),
    });
  }

  async makeDirectory(path: string, options: { readonly mode?: number } = {}): Promise<void> {
    let current = "/";
    for (const name of resolve("/", path).split("/").filter(Boolean)) {
      current = this.#follow(join(current, name));
      const node = this.#nodes.get(current);
      if (node !== undefined && node.kind !== "directory") throw new PlatformError("EEXIST", `EEXIST: ${current}`);
      if (node === undefined) {
        this.#set(current, { kind: "directory", mode: options.mode ?? 0o755, modifiedMs: this.#clock.now() });
      }
    }
  }

  async list(path: string): Promise<readonly string[]> {
    const directory = this.#follow(path);
    if (this.#node(directory, path).kind !== "directory") throw new PlatformError("ENOTDIR", `ENOTDIR: ${path}`);
    const prefix = directory === "/" ? "/" : `${directory}/`;
    const names = [...this.#nodes.keys()].filter((key) => key !== "/" && key.startsWith(prefix));
    return names
      .map((key) => key.slice(prefix.length))
      .filter((name) => !name.includes("/"))
      .sort();
  }

  async status(path: string): Promise<FileStatus | undefined> {
    try {
      const node = this.#nodes.get(this.#place(path));
      if (node === undefined) return undefined;
      const size = node.kind === "file" ? node.data.length : node.kind === "symlink" ? node.target.length : 0;
      return { kind: node.kind, size, mode: node.mode, modifiedMs: node.modifiedMs };
    } catch (error) {
      if (error instanceof PlatformError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    if ((await this.status(path)) === undefined) return;
    const root = this.#place(path);
    for (const key of this.#nodes.keys()) {
      if (key === root || key.startsWith(`${root}/`)) this.#nodes.delete(key);
    }
    this.#changed(root);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#place(from);
    const target = this.#place(to);
    this.#node(source, from);
    if (source === target) return;
    if (this.#nodes.get(target)?.kind === "directory" && (await this.list(target)).length > 0) {
      throw new PlatformError("ENOTEMPTY", `ENOTEMPTY: ${to}`);
    }
    for (const [key, node] of [...this.#nodes]) {
      if (key !== source && !key.startsWith(`${source}/`)) continue;
      this.#nodes.delete(key);
      this.#nodes.set(target + key.slice(source.length), node);
    }
    this.#changed(source);
    this.#changed(target);
  }

  async symlink(target: string, path: string): Promise<void> {
    const place = this.#place(path);
    if (this.#nodes.has(place)) throw new PlatformError("EEXIST", `EEXIST: ${path}`);
    this.#set(place, { kind: "symlink", target, mode: 0o777, modifiedMs: this.#clock.now() });
  }

  async readLink(path: string): Promise<string> {
    const node = this.#node(this.#place(path), path);
    if (node.kind !== "symlink") throw new PlatformError("EINVAL", `EINVAL: ${path} is no symlink`);
    return node.target;
  }

  async changeMode(path: string, mode: number): Promise<void> {
    const target = this.#follow(path);
    this.#node(target, path).mode = mode;
    this.#changed(target);
  }

  async changeOwner(path: string, _uid: number, _gid: number): Promise<void> {
    this.#node(this.#follow(path), path);
  }

  async capacity(path: string): Promise<DiskCapacity> {
    this.#node(this.#follow(path), path);
    return this.reportedCapacity;
  }

  watch(path: string, onChange: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watch: Watch = { path: resolve("/", path), onChange, pending: false };
    this.#watches.add(watch);
    signal.addEventListener("abort", () => this.#watches.delete(watch), { once: true });
  }

  #set(path: string, node: Node): void {
    this.#nodes.set(path, node);
    this.#changed(path);
  }

  #node(place: string, asked: string): Node {
    const node = this.#nodes.get(place);
    if (node === undefined) throw new PlatformError("ENOENT", `ENOENT: no such file or directory, ${asked}`);
    return node;
  }

  /** Where the path leads with every link but the final one resolved; its parent is an existing directory. */
  #place(path: string): string {
    const full = resolve("/", path);
    if (full === "/") return full;
    const parent = this.#follow(dirname(full));
    const node = this.#node(parent, path);
    if (node.kind !== "directory") throw new PlatformError("ENOTDIR", `ENOTDIR: not a directory, ${path}`);
    return join(parent, full.slice(full.lastIndexOf("/") + 1));
  }

  #follow(path: string, depth = 0): string {
    if (depth > symlinkDepthMax) throw new PlatformError("ELOOP", `ELOOP: too many symbolic links, ${path}`);
    const place = this.#place(path);
    const node = this.#nodes.get(place);
    return node?.kind === "symlink" ? this.#follow(resolve(dirname(place), node.target), depth + 1) : place;
  }

  #changed(path: string): void {
    const parent = dirname(path);
    for (const watch of this.#watches) {
      if (watch.pending || (watch.path !== path && watch.path !== parent)) continue;
      watch.pending = true;
      queueMicrotask(() => {
        watch.pending = false;
        if (this.#watches.has(watch)) watch.onChange();
      });
    }
  }
}

function join(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "utf8") : data.slice();
}
