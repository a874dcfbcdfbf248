import { join } from "node:path";
import { type Disk, isPlatformError } from "../../base/index.ts";

/**
 * The list of this machine's clusters: name → data directory. So every command finds a cluster by its name alone,
 * wherever its data lies.
 */
export class ClusterIndex {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, dataHome: string) {
    this.#disk = disk;
    this.#directory = join(dataHome, ".clusters");
  }

  async find(name: string): Promise<string | undefined> {
    try {
      return (await this.#disk.readText(join(this.#directory, name))).trim();
    } catch (error) {
      if (isPlatformError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async names(): Promise<readonly string[]> {
    return (await this.#disk.status(this.#directory)) === undefined ? [] : this.#disk.list(this.#directory);
  }

  async add(name: string, directory: string): Promise<void> {
    await this.#disk.makeDirectory(this.#directory);
    await this.#disk.write(join(this.#directory, name), `${directory}\n`);
  }

  async remove(name: string): Promise<void> {
    await this.#disk.remove(join(this.#directory, name));
  }
}
