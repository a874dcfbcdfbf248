import { CommandError, type Disk, type Processes } from "../../base/index.ts";
import { type Enter, enterCommand } from "../enter.ts";
import { parseTable, type ListedTable } from "./listing.ts";
import type { Table } from "./table.ts";

export interface NftOptions {
  readonly disk: Disk;
  readonly processes: Processes;
  /** Batches are written here: nft 1.0.6 cannot read them from a pipe reliably. The last one stays for inspection. */
  readonly directory: string;
  readonly enter?: Enter;
}

const TIMEOUT_MS = 60_000;

/** Runs `nft` in one network namespace. Calls on one object must not overlap. */
export class Nft {
  readonly #options: NftOptions;

  constructor(options: NftOptions) {
    this.#options = options;
  }

  /** Applies a batch as one transaction: all of it or, with a `CommandError`, nothing. An empty batch does nothing. */
  async apply(batch: string): Promise<void> {
    if (batch === "") return;
    const { disk, directory } = this.#options;
    await disk.makeDirectory(directory);
    const file = `${directory}/batch.nft`;
    await disk.write(file, batch, { mode: 0o600 });
    await this.#run("-f", file);
  }

  /** Whether there is such a table, whatever it holds. */
  async exists({ family, name }: Pick<Table, "family" | "name">): Promise<boolean> {
    return (await this.#run("list", "tables", family)).split("\n").includes(`table ${family} ${name}`);
  }

  /** What the kernel holds; `undefined` when there is no such table. */
  async read({ family, name }: Pick<Table, "family" | "name">): Promise<ListedTable | undefined> {
    try {
      return parseTable(JSON.parse(await this.#run("-j", "list", "table", family, name)));
    } catch (error) {
      if (error instanceof CommandError && error.message.includes("No such file or directory")) return undefined;
      throw error;
    }
  }

  async #run(...args: readonly string[]): Promise<string> {
    const [command, words] = enterCommand(this.#options.enter ?? [], "nft", ...args);
    const finished = await this.#options.processes.run(command, words, { timeoutMs: TIMEOUT_MS });
    if (finished.code !== 0) throw new CommandError(command, words, finished);
    return finished.stdout;
  }
}
