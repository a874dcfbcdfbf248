import { flushCompileCache } from "node:module";

/**
 * Imports modules one after another, to be given from the bottom up. Node.js keeps what it read from the compile cache
 * until it is told to let go: for an API server 10 MB that nobody looks at again. When it is told after every part, the
 * next one is loaded into the memory of the one before.
 */
export async function importParts(parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const part of parts) {
    await part();
    flushCompileCache();
  }
}
