import { newGenericServerResponse, type Status } from "../../../apimachinery/index.ts";
import { type Clock, messageOf, TimeoutError, withTimeout } from "../../../base/index.ts";
import { NodeTransport } from "../../../client/index.ts";
import type { ServiceResolver } from "../../aggregation/service-resolver.ts";

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

/** Told of calls, and of why they failed. */
export interface CallObserver {
  /** `code` is the status, or `<error>` where there was no answer. */
  answered(host: string, code: string, tookMs: number): void;
  failed(error: unknown): void;
}

const bodyBytesMax = 3 * 1024 * 1024;
const transportsMax = 500;

/** Posts to webhooks and reads their answers. Connections are kept, one set for each address and authority. */
export class WebhookCaller {
  readonly #resolver: ServiceResolver;
  readonly #clock: Clock;
  readonly #transports = new Map<string, NodeTransport>();
  readonly #observer: CallObserver | undefined;

  constructor(resolver: ServiceResolver, clock: Clock, observer?: CallObserver) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Rejects with an `Error` whose message is what Go's client would say. A caller's trace is passed on. */
  async post(
    address: WebhookAddress,
    body: unknown,
    timeoutMs: number,
    signal: AbortSignal,
    traceparent?: string,
  ): Promise<unknown> {
    const { origin, path, serverName, shown, unreachable } = this.#resolve(address, timeoutMs);
    const startedMs = this.#clock.monotonic();
    const told = (code: string): void =>
      this.#observer?.answered(new URL(shown).host, code, this.#clock.monotonic() - startedMs);
    try {
      if (unreachable !== undefined) throw new Error(unreachable);
      const transport = this.#transport(origin, serverName, address.caBundle, timeoutMs);
      const answer = await withTimeout(
        this.#clock,
        timeoutMs,
        (limit) => exchange(transport, path, JSON.stringify(body), limit, traceparent),
        signal,
      );
      told("200");
      return answer;
    } catch (error) {
      told(error instanceof AnswerError ? String(error.answered) : "<error>");
      this.#observer?.failed(error);
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
      const shown = `${parsed.origin}${path}`;
      return { origin: parsed.origin, path, serverName: undefined, shown, unreachable: undefined };
    }
    if (service === undefined)
      throw new Error("could not get REST client: webhook configuration must have either service or URL");
    const { namespace, name, port = 443, path = "/" } = service;
    const { host, port: targetPort, unreachable } = this.#addressOf(namespace, name, port);
    const serverName = `${name}.${namespace}.svc`;
    const full = `${path.startsWith("/") ? path : `/${path}`}?${query}`;
    return {
      origin: `https://${host.includes(":") ? `[${host}]` : host}:${targetPort}`,
      path: full,
      serverName,
      shown: `https://${serverName}:${port}${full}`,
      unreachable,
    };
  }

  #addressOf(namespace: string, name: string, port: number) {
    try {
      return { ...this.#resolver.resolve(namespace, name, port), unreachable: undefined };
    } catch (error) {
      return { host: "", port, unreachable: messageOf(error) };
    }
  }

  #transport(
    origin: string,
    serverName: string | undefined,
    caBundle: string | undefined,
    connectTimeoutMs: number,
  ): NodeTransport {
    const key = `${origin} ${serverName ?? ""} ${caBundle ?? ""}`;
    const known = this.#transports.get(key);
    if (known !== undefined) return known;
    const ca = caBundle === undefined || caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString();
    const tls = () => Promise.resolve({ ca, serverName });
    // One connection for all would have one of a Service's endpoints do all the work.
    const protocols = isLocal(origin) ? {} : { protocols: ["http/1.1"] };
    const made = new NodeTransport({ origin, tls, clock: this.#clock, connectTimeoutMs, ...protocols });
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
export class AnswerError extends Error {
  /** Of the answer; 503 where it was a good one. */
  readonly code: number;
  /** The status that came. */
  readonly answered: number;
  constructor(message: string, { code, cause }: { readonly code?: number; readonly cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code ?? 503;
    this.answered = code ?? 200;
  }
}

async function exchange(
  transport: NodeTransport,
  path: string,
  body: string,
  signal: AbortSignal,
  traceparent: string | undefined,
): Promise<unknown> {
  const response = await transport.send({
    method: "POST",
    path,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": "kube-apiserver-admission",
      ...(traceparent === undefined ? {} : { traceparent }),
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
  const { status, headers } = response;
  if (status < 200 || status > 299)
    throw new AnswerError(`failed to call webhook: ${failureIn(text, status, headers)}`, { code: status });
  if (text === "") {
    const type = headers["content-type"] ?? "";
    throw new AnswerError(
      `failed to call webhook: 0-length response with status code: ${status} and content type: ${type}`,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AnswerError(
      `failed to call webhook: couldn't get version/kind; json parse error: ${goJsonReason(messageOf(error))}`,
      { cause: error },
    );
  }
}

/** A Status in the answer speaks for itself; of text, only what the code says is told. */
function failureIn(text: string, code: number, headers: Readonly<Record<string, string>>): string {
  const status = statusIn(text);
  if (status !== undefined) return status;
  const isText = (headers["content-type"] ?? "").startsWith("text/");
  return newGenericServerResponse({
    code,
    verb: "POST",
    resource: { group: "", resource: "" },
    name: "",
    serverMessage: isText ? text.trim() : "unknown",
    retryAfterSeconds: 0,
    isUnexpected: true,
  }).message;
}

function statusIn(text: string): string | undefined {
  try {
    const { kind, status, message } = JSON.parse(text) as Partial<Status>;
    return kind === "Status" && status === "Failure" && message ? message : undefined;
  } catch {
    return undefined;
  }
}

function isLocal(origin: string): boolean {
  const host = new URL(origin).hostname;
  return host.toLowerCase() === "localhost" || host.startsWith("127.") || host === "[::1]";
}

function goJsonReason(message: string): string {
  const found = /Unexpected token '?(.)'?/.exec(message);
  if (found !== null) return `invalid character '${found[1]}' looking for beginning of value`;
  return /end of JSON/i.test(message) ? "unexpected end of JSON input" : message;
}

const unverified = "tls: failed to verify certificate: x509:";

function namesIn(list = ""): string {
  const names = list.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
  return `valid for ${names.join(", ")}`;
}

/** Node's words for the common failures, in Go's. */
function goReason(message: string): string {
  const refused = /ECONNREFUSED (\S+)/.exec(message);
  if (refused !== null) return `dial tcp ${refused[1]}: connect: connection refused`;
  const unknownHost = /getaddrinfo \w+ (\S+)/.exec(message);
  if (unknownHost !== null) return `dial tcp: lookup ${unknownHost[1]}: no such host`;
  const misnamed = /Host: (\S+?)\.? is not (?:in the cert's altnames|cert's CN)(?:: (.*))?/.exec(message);
  if (misnamed !== null) return `${unverified} certificate is ${namesIn(misnamed[2])}, not ${misnamed[1]}`;
  const misplaced = /IP: (\S+) is not in the cert's list: (.*)/.exec(message);
  if (misplaced !== null) {
    const [, address, list] = misplaced;
    return list === ""
      ? `${unverified} cannot validate certificate for ${address} because it doesn't contain any IP SANs`
      : `${unverified} certificate is ${namesIn(list)}, not ${address}`;
  }
  if (/certificate has expired/i.test(message)) return `${unverified} certificate has expired or is not yet valid`;
  if (/self.signed|unable to verify|unable to get|issuer/i.test(message))
    return `${unverified} certificate signed by unknown authority`;
  return message;
}
