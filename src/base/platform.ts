import type { Clock } from "./clock.ts";
import type { Disk } from "./disk.ts";
import type { Network } from "./network.ts";
import type { Processes } from "./processes.ts";
import type { Random } from "./random.ts";

/** Everything a component may ask of the machine. Passed in at the composition root, never imported. */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly disk: Disk;
  readonly processes: Processes;
}
