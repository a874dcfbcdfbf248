import type { Random } from "../../base/index.ts";
import { AllocationError } from "./cluster-ips.ts";
import type { Usage } from "./metrics.ts";
import { NumberSet } from "./number-set.ts";

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Node ports in use. One number may serve several protocols of one Service. */
export class NodePorts {
  readonly #range: PortRange;
  readonly #taken: NumberSet;

  constructor(range: PortRange, random: Random) {
    this.#range = range;
    this.#taken = new NumberSet(range.last - range.first + 1, random);
  }

  get usage(): Usage {
    return this.#taken.usage;
  }

  mark(port: number, used: boolean): void {
    const offset = port - this.#range.first;
    if (offset < 0 || offset >= this.#taken.size) return;
    if (used) this.#taken.take(offset);
    else this.#taken.release(offset);
  }

  /** `asked`: zero for any. A dry run takes nothing; `taken` is what it has been given before. */
  allocate(asked: number, dryRun: boolean, taken: readonly number[]): number {
    if (asked !== 0) return this.#allocateExact(asked, dryRun, taken);
    const offset = dryRun ? this.#taken.anyFree(taken.map((port) => port - this.#range.first)) : this.#taken.takeAny();
    if (offset === undefined) throw new AllocationError("range is full");
    return this.#range.first + offset;
  }

  #allocateExact(port: number, dryRun: boolean, taken: readonly number[]): number {
    const offset = port - this.#range.first;
    const { first, last } = this.#range;
    if (offset < 0 || offset >= this.#taken.size) {
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
      );
    }
    const isFree = dryRun ? !this.#taken.has(offset) && !taken.includes(port) : this.#taken.take(offset);
    if (!isFree) throw new AllocationError("provided port is already allocated");
    return port;
  }
}
