/**
 * Does `count` things in batches of 1, 2, 4… at once, so that a failure that all would share is met by few. Stops after
 * the first batch with a failure. Returns how many succeeded, and the first failure.
 */
export async function slowStartBatch(
  count: number,
  initialBatchSize: number,
  work: (index: number) => Promise<void>,
): Promise<{ readonly succeeded: number; readonly error: unknown }> {
  let succeeded = 0;
  let started = 0;
  for (let size = Math.min(count, initialBatchSize); size > 0; size = Math.min(size * 2, count - started)) {
    const first = started;
    started += size;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, index) => work(first + index)));
    const failed = results.filter((result) => result.status === "rejected");
    succeeded += size - failed.length;
    const [failure] = failed;
    if (failure !== undefined) return { succeeded, error: failure.reason };
  }
  return { succeeded, error: undefined };
}
