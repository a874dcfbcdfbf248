import { type Clock, isPlatformError, type Listener, type Network } from "../../base/index.ts";

const pollMs = 50;
const waitMsMax = 60_000;

/**
 * Does the work while no other process of this machine does work of that name: two that look for free ports and ranges
 * at the same time would find the same ones. A name in the abstract space of sockets goes with its process, however
 * that ends. Who holds it for a minute is stuck, and is not waited for.
 */
export async function alone<T>(
  { network, clock }: { readonly network: Network; readonly clock: Clock },
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const path = `\0k8ts ${name}`;
  const deadlineMs = clock.monotonic() + waitMsMax;
  let held: Listener | undefined;
  while (held === undefined && clock.monotonic() < deadlineMs) {
    try {
      held = await network.listen({ path }, (stream) => stream.destroy());
    } catch (error) {
      if (!isPlatformError(error, "EADDRINUSE")) throw error;
      await clock.sleep(pollMs);
    }
  }
  try {
    return await work();
  } finally {
    await held?.close();
  }
}
