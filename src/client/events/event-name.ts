import type { Clock } from "../../base/index.ts";

let sequence = 0;

/**
 * A name for a new event: the object's, and a time in nanoseconds in hexadecimal, as upstream has it. The counter, which
 * all recorders of a process share, keeps events of one moment apart.
 */
export function eventName(about: string | undefined, clock: Pick<Clock, "now" | "monotonic">): string {
  sequence = (sequence + 1) % 1_000_000;
  const fraction = Math.floor((clock.monotonic() % 1) * 1_000_000);
  const nanoseconds = BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt((fraction + sequence) % 1_000_000);
  return `${about ?? ""}.${nanoseconds.toString(16)}`;
}
