import type { Service } from "../../../api/index.ts";
import { type Clock, messageOf, TimeoutError, withTimeout } from "../../../base/index.ts";
import { NodeTransport } from "../../../client/index.ts";
import type { ClusterObjects } from "../objects.ts";

/** Where a webhook answers: `WebhookClientConfig` of admission registrations and of conversions. */
export interface WebhookAddress {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM in base64; the system's authorities when absent. */
  readonly caBundle?: string;
}

const bodyBytesMax = 3 * 1024 * 1024;
const transportsMax = 500;

/** Posts to webhooks and reads their answers. Connections are kept, one set for each address and authority. */
export class WebhookCaller {
  readonly #objects: ClusterObjects;
  readonly #clock: Clock;
  readonly #transports = new Map<string, NodeTransport>();

  constructor(objects: ClusterObjects, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  /** Rejects with an `Error` whose message is what Go's client would say. */
  async post(address: WebhookAddress, body: unknown, timeoutMs: number, signal: AbortSignal): Promise<unknown> {
    const { origin, path, serverName, shown } = this.#resolve(address, timeoutMs);
    const transport = this.#transport(origin, serverName, address.caBundle);
    try {
      return await withTimeout(
        this.#clock,
        timeoutMs,
        (limit) => exchange(transport, path, JSON.stringify(body), limit),
        signal,
      );
    } catch (error) {
      if (error instanceof AnswerError) throw error;
      const reason = error instanceof TimeoutError ? "context deadline exceeded" : goReason(messageOf(error));
      throw new Error(`failed to call webhook: Post ${JSON.stringify(shown)}: ${reason}`, { cause: error });
    }
  }

  #resolve({ url, service }: WebhookAddress, timeoutMs: number) {
    const query = `timeout=${Math.ceil(timeoutMs / 1000)}s`;
    if (url !== undefined) {
      const parsed = new URL(url);
      const path = `${parsed.pathname}?${query}`;
      return { origin: parsed.origin, path, serverName: undefined, shown: `${parsed.origin}${path}` };
    }
    if (service === undefined) throw new Error("webhook configuration must have either service or URL");
    const { namespace, name, port = 443, path = "/" } = service;
    const found = this.#objects.get<Service>("", "services", namespace, name);
    if (found === undefined) throw new AnswerError(`failed to call webhook: service ${JSON.stringify(name)} not found`);
    const { clusterIP, externalName, type } = found.spec ?? {};
    const host = type === "ExternalName" ? externalName : clusterIP;
    if (host === undefined || host === "" || host === "None")
      throw new AnswerError(`failed to call webhook: service ${JSON.stringify(name)} has no cluster IP`);
    const serverName = `${name}.${namespace}.svc`;
    const full = `${path.startsWith("/") ? path : `/${path}`}?${query}`;
    return {
      origin: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      path: full,
      serverName,
      shown: `https://${serverName}:${port}${full}`,
    };
  }

  #transport(origin: string, serverName: string | undefined, caBundle: string | undefined): NodeTransport {
    const key = `${origin} ${serverName ?? ""} ${caBundle ?? ""}`;
    const known = this.#transports.get(key);
    if (known !== undefined) return known;
    const ca = caBundle === undefined || caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString();
    const made = new NodeTransport({ origin, tls: () => Promise.resolve({ ca, serverName }), clock: this.#clock });
    this.#transports.set(key, made);
    if (this.#transports.size > transportsMax) this.#forgetOldest();
    return made;
  }

  #forgetOldest(): void {
    const oldest = this.#transports.entries().next();
    if (oldest.done === true) return;
    this.#transports.delete(oldest.value[0]);
    oldest.value[1].close();
  }
}

/** The webhook was reached, but its answer is no use. */
class AnswerError extends Error {}

async function exchange(transport: NodeTransport, path: string, body: string, signal: AbortSignal): Promise<unknown> {
  const response = await transport.send({
    method: "POST",
    path,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": "kube-apiserver-admission",
    },
    body,
    signal,
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > bodyBytesMax) {
      response.close();
      throw new AnswerError("failed to call webhook: the response is too large");
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  if (response.status < 200 || response.status > 299) {
    throw new AnswerError(
      `failed to call webhook: the server responded with the status code ${response.status} but did not return more information`,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AnswerError(`failed to call webhook: ${messageOf(error)}`, { cause: error });
  }
}

/** Node's words for the common failures, in Go's. */
function goReason(message: string): string {
  const refused = /ECONNREFUSED (\S+)/.exec(message);
  if (refused !== null) return `dial tcp ${refused[1]}: connect: connection refused`;
  if (/self.signed|unable to verify|unable to get local issuer/i.test(message)) {
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  return message;
}
