import { setFlagsFromString } from "node:v8";

/** By then whatever k8ts starts has started. */
const forMs = 2_000;

/**
 * Keeps V8's young generation at its first size for the first two seconds; to be called before much is loaded. What a
 * program loads and builds when it starts survives, which V8 takes for a reason to let the young generation grow to
 * its limit: some 20 MB that an idle server keeps and never uses. Under load it grows as ever. V8 reads the flag each
 * time.
 */
export function keepYoungHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setTimeout(() => setFlagsFromString("--semi-space-growth-factor=2"), forMs).unref();
}
