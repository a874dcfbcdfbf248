import type { Clock } from "../../base/index.ts";

/** Upstream: `DefaultAuthWebhookRetryBackoff`. */
const attemptsMax = 5;
const backoffMs = 500;
const backoffFactor = 1.5;

/** Asks whoever judges callers again, with growing pauses, after failures that may pass. */
export async function retryingWebhook<T>(
  clock: Clock,
  ask: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error) || attempt >= attemptsMax || signal.aborted) throw error;
      await clock.sleep(backoffMs * backoffFactor ** (attempt - 1), signal);
    }
  }
}
