import type { Platform } from "../platform.ts";
import { RealClock } from "./clock.ts";
import { RealDisk } from "./disk.ts";
import { RealNetwork } from "./network.ts";
import { RealProcesses } from "./processes.ts";
import { RealRandom } from "./random.ts";

/** The machine itself. Made once, in the composition root. */
export function createRealPlatform(): Platform {
  return Object.freeze({
    clock: new RealClock(),
    random: new RealRandom(),
    network: new RealNetwork(),
    disk: new RealDisk(),
    processes: new RealProcesses(),
  });
}
