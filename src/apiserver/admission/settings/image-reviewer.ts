import { StatusError } from "../../../apimachinery/index.ts";
import { messageOf, TimeoutError, withTimeout } from "../../../base/index.ts";
import { credentialsOf, NodeTransport, resolveKubeconfig, tlsMaterialOf } from "../../../client/index.ts";
import type { ImagePolicy } from "../plugins/image-policy-webhook.ts";
import { AnswerError, exchange } from "../webhook/exchange.ts";
import { goReason } from "../webhook/go-reason.ts";
import { kubeconfigAt, type Outgoing } from "./calls.ts";

const timeoutMs = 30_000;
const attemptsMax = 5;
const backoffFactor = 1.5;
/** Failures that may pass. */
const passing: ReadonlySet<number> = new Set([429, 500, 504]);

/** Posts reviews to the server that a kubeconfig names, and again after failures that may pass. */
export async function imageReviewer(
  kubeconfig: string,
  backoffMs: number,
  outgoing: Outgoing,
): Promise<ImagePolicy["post"]> {
  const { disk, clock } = outgoing;
  const { cluster, user } = resolveKubeconfig(kubeconfig === "" ? {} : await kubeconfigAt(kubeconfig, outgoing));
  const { origin, pathname, search } = new URL(cluster.server);
  const credentials = credentialsOf({ ...outgoing, cluster, user });
  const tls = async () => ({ ...(await tlsMaterialOf(disk, cluster, user)), ...(await credentials.certificate?.()) });
  const transport = new NodeTransport({ origin, tls, clock, connectTimeoutMs: timeoutMs });
  const path = `${pathname}${search === "" ? "?" : `${search}&`}timeout=${timeoutMs / 1000}s`;
  const once = async (body: string, signal: AbortSignal): Promise<unknown> => {
    const authorization = await credentials.authorization();
    return withTimeout(
      clock,
      timeoutMs,
      (limit) => exchange(transport, { path, body, signal: limit, authorization }),
      signal,
    );
  };
  return async (review, signal) => {
    const body = JSON.stringify(review);
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(body, signal);
      } catch (error) {
        if (attempt >= attemptsMax || signal.aborted || !mayPass(error)) throw told(error, `${origin}${path}`);
        await clock.sleep(backoffMs * backoffFactor ** (attempt - 1), signal);
      }
    }
  };
}

function mayPass(error: unknown): boolean {
  if (error instanceof AnswerError) return passing.has(error.answered) || error.retryAfter !== undefined;
  return /ECONNRESET/.test(messageOf(error));
}

function told(error: unknown, url: string): unknown {
  // Who refuses in the API's own form has the last word.
  if (error instanceof AnswerError) return error.status?.reason === "Forbidden" ? new StatusError(error.status) : error;
  const reason = error instanceof TimeoutError ? "context deadline exceeded" : goReason(messageOf(error));
  return new Error(`Post ${JSON.stringify(url)}: ${reason}`, { cause: error });
}
