import { AssertionError } from "./assert.ts";
import type { Clock } from "./clock.ts";

const pollMs = 10;
const limitMsDefault = 60_000;

/**
 * What `find` gives once that is neither `undefined` nor `false`. For tests that wait for another process, thread or
 * socket: the limit ends what would never come, and is many times what a slow machine needs.
 */
export async function until<T>(
  clock: Clock,
  what: string,
  find: () => T | Promise<T>,
  limitMs = limitMsDefault,
): Promise<Exclude<T, undefined | false>> {
  const deadlineMs = clock.monotonic() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    if (clock.monotonic() > deadlineMs) throw new AssertionError(`not within ${limitMs / 1000} s: ${what}`);
    await clock.sleep(pollMs);
  }
}
