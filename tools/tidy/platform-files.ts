import type { Power } from "./banned-calls.ts";

/** The files that may touch the machine, each with what it may do. Globs end in `/**`. */
export const platformFiles: Readonly<Record<string, { readonly powers: readonly Power[]; readonly reason: string }>> = {
  "src/base/real/clock.ts": { powers: ["time", "timers"], reason: "the real clock" },
  "src/base/real/random.ts": { powers: ["randomness"], reason: "the real randomness" },
  "src/base/real/network.ts": {
    powers: ["network", "timers"],
    reason: "the real network; the limits are on system calls",
  },
  "src/base/real/disk.ts": { powers: ["files"], reason: "the real disk" },
  "src/base/real/watch.ts": { powers: ["files", "timers"], reason: "file watches of the real disk" },
  "src/base/real/processes.ts": { powers: ["files", "processes", "timers"], reason: "the real child processes" },
  "src/base/virtual/clock.ts": { powers: ["timers"], reason: "lets the event loop turn once between virtual timers" },
};
