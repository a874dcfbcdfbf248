import type { Platform } from "../../../base/index.ts";
import {
  type Client,
  type ClientObserver,
  createHttpClient,
  loadKubeconfig,
  resolveKubeconfig,
} from "../../../client/index.ts";
import { retryingWebhook } from "../../../component/index.ts";

/** Posts one JSON body to a webhook and returns its answer. Rejects when there was no good one. */
export type WebhookPost = (body: unknown, signal: AbortSignal) => Promise<unknown>;

/** What the server's own clients need, and who counts what they ask. */
export interface Outgoing {
  readonly platform: Platform;
  readonly observer: (host: string) => ClientObserver;
}

/** A client of the server that a kubeconfig names, and the path it is to be asked at. */
export async function webhookClient(
  { platform, observer }: Outgoing,
  kubeconfig: string,
  timeoutMs: number,
): Promise<{ readonly client: Client; readonly path: string }> {
  const { clock, disk, processes } = platform;
  const { cluster, user } = resolveKubeconfig(await loadKubeconfig(disk, [kubeconfig]));
  const { origin, pathname, search } = new URL(cluster.server);
  const client = createHttpClient({
    cluster: { ...cluster, server: origin },
    user,
    clock,
    disk,
    processes,
    timeoutMs,
    observer,
  });
  return { client, path: `${pathname}${search}` };
}

/** Tries again after failures of the connection and of the receiver, as upstream's webhook clients do. */
export async function webhookPost(outgoing: Outgoing, kubeconfig: string, timeoutMs: number): Promise<WebhookPost> {
  const { clock } = outgoing.platform;
  const { client, path } = await webhookClient(outgoing, kubeconfig, timeoutMs);
  const headers = { "content-type": "application/json", accept: "application/json" };
  const once = async (body: string, signal: AbortSignal): Promise<unknown> => {
    const answer = await client.raw({ method: "POST", path, headers, body, signal });
    const text = Buffer.from(answer.body).toString();
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(text) as unknown;
    throw new WebhookAnswer(answer.status, text);
  };
  return async (body, signal) => {
    const text = JSON.stringify(body);
    return retryingWebhook(clock, () => once(text, signal), mayPass, signal);
  };
}

function mayPass(error: unknown): boolean {
  return error instanceof WebhookAnswer ? error.mayPass : !(error instanceof SyntaxError);
}

class WebhookAnswer extends Error {
  readonly mayPass: boolean;

  constructor(status: number, text: string) {
    super(`the webhook answered ${status}${text === "" ? "" : `: ${text.slice(0, 200).trim()}`}`);
    this.mayPass = status >= 500 || status === 429;
  }
}
