import { setFlagsFromString } from "node:v8";

/** By then whatever k8ts starts has started, on a slow machine too. */
const forMs = 5_000;
let isSmall = false;

/**
 * Keeps V8's young generation at its first size for the first five seconds, or until `letYoungHeapGrow`; to be called
 * before much is loaded. What a program loads and builds when it starts survives, which V8 takes for a reason to let the
 * young generation grow to its limit: some 20 MB that an idle server keeps and never uses. V8 reads the flag each time.
 */
export function keepYoungHeapSmall(): void {
  isSmall = true;
  setFlagsFromString("--semi-space-growth-factor=1");
  setTimeout(letYoungHeapGrow, forMs).unref();
}

/** There is work: from now on it grows as ever. */
export function letYoungHeapGrow(): void {
  if (!isSmall) return;
  isSmall = false;
  setFlagsFromString("--semi-space-growth-factor=2");
}
