import type { Clock, Disk, Random } from "../../base/index.ts";
import type { Payload, PayloadFile } from "./payload.ts";

const dataLink = "..data";
const newDataLink = "..data_tmp";

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Writes the files of a volume so that readers see either all of the old or all of the new ones: the content lies in a
 * time-stamped directory, `..data` points at it, and every visible name is a link through `..data`. Upstream's layout.
 */
export class AtomicWriter {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: { readonly disk: Disk; readonly clock: Clock; readonly random: Random }) {
    this.#disk = options.disk;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Returns whether anything changed. Rejects before it touches anything when a path would leave the volume. */
  async write(directory: string, payload: Payload, owner?: Ownership): Promise<boolean> {
    for (const path of payload.keys()) validate(path);
    const current = await this.#currentTarget(directory);
    if (current !== undefined && (await this.#same(`${directory}/${current}`, payload))) return false;
    const stamp = await this.#writeStamped(directory, payload, owner);
    await this.#linkNames(directory, payload);
    await this.#disk.remove(`${directory}/${newDataLink}`);
    await this.#disk.symlink(stamp, `${directory}/${newDataLink}`);
    await this.#disk.rename(`${directory}/${newDataLink}`, `${directory}/${dataLink}`);
    await this.#dropStale(directory, payload);
    if (current !== undefined) await this.#disk.remove(`${directory}/${current}`);
    return true;
  }

  async #currentTarget(directory: string): Promise<string | undefined> {
    const status = await this.#disk.status(`${directory}/${dataLink}`);
    return status?.kind === "symlink" ? this.#disk.readLink(`${directory}/${dataLink}`) : undefined;
  }

  async #same(directory: string, payload: Payload): Promise<boolean> {
    const existing = await this.#files(directory, "");
    if (existing.length !== payload.size) return false;
    for (const [path, file] of payload) {
      if (!existing.includes(path)) return false;
      if (Buffer.compare(await this.#disk.read(`${directory}/${path}`), file.data) !== 0) return false;
    }
    return true;
  }

  async #files(directory: string, prefix: string): Promise<string[]> {
    if ((await this.#disk.status(directory)) === undefined) return [];
    const found: string[] = [];
    for (const name of await this.#disk.list(directory)) {
      const status = await this.#disk.status(`${directory}/${name}`);
      if (status?.kind === "directory") found.push(...(await this.#files(`${directory}/${name}`, `${prefix}${name}/`)));
      else found.push(prefix + name);
    }
    return found;
  }

  async #writeStamped(directory: string, payload: Payload, owner: Ownership | undefined): Promise<string> {
    const time = new Date(this.#clock.now()).toISOString().slice(0, 19).replaceAll(/[-T:]/g, "_");
    const stamp = `..${time}.${Math.floor(this.#random.next() * 1e9)}${Math.floor(this.#random.next() * 1e3)}`;
    const root = `${directory}/${stamp}`;
    const made = new Set<string>();
    const makeDirectory = async (path: string): Promise<void> => {
      if (made.has(path)) return;
      made.add(path);
      await this.#disk.makeDirectory(path, { mode: 0o755 });
      if (owner !== undefined) await this.#disk.changeOwner(path, owner.uid, owner.gid);
    };
    await makeDirectory(root);
    for (const [path, file] of payload) {
      const parents = path.split("/").slice(0, -1);
      for (let depth = 1; depth <= parents.length; depth++)
        await makeDirectory(`${root}/${parents.slice(0, depth).join("/")}`);
      await this.#writeFile(`${root}/${path}`, file, owner);
    }
    return stamp;
  }

  async #writeFile(path: string, file: PayloadFile, owner: Ownership | undefined): Promise<void> {
    await this.#disk.write(path, file.data, { mode: file.mode, atomic: false });
    if (owner === undefined) return;
    await this.#disk.changeOwner(path, owner.uid, owner.gid);
  }

  async #linkNames(directory: string, payload: Payload): Promise<void> {
    for (const name of topNames(payload)) {
      if ((await this.#disk.status(`${directory}/${name}`)) !== undefined) continue;
      await this.#disk.symlink(`${dataLink}/${name}`, `${directory}/${name}`);
    }
  }

  async #dropStale(directory: string, payload: Payload): Promise<void> {
    const wanted = topNames(payload);
    for (const name of await this.#disk.list(directory)) {
      if (!name.startsWith("..") && !wanted.has(name)) await this.#disk.remove(`${directory}/${name}`);
    }
  }
}

function topNames(payload: Payload): Set<string> {
  return new Set([...payload.keys()].map((path) => path.split("/")[0] ?? path));
}

function validate(path: string): void {
  const parts = path.split("/");
  if (path === "" || path.startsWith("/") || parts.includes("..")) {
    throw new Error(`invalid path: must be relative and without '..': ${path}`);
  }
  if ((parts[0] ?? "").startsWith("..")) throw new Error(`invalid path: must not start with '..': ${path}`);
}
