import { type Clock, messageOf, TimeoutError, withTimeout } from "../../../base/index.ts";
import { NodeTransport } from "../../../client/index.ts";
import type { ServiceResolver } from "../../aggregation/service-resolver.ts";
import type { CallCredentials, CredentialsByHost } from "./credentials.ts";
import { AnswerError, exchange, type Question, unreadable } from "./exchange.ts";
import { goReason } from "./go-reason.ts";

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

const transportsMax = 500;
const redirectsMax = 10;
const waitsMax = 10;
/** Redirects after which the same is asked again, not only fetched. */
const keepsBody: ReadonlySet<number> = new Set([307, 308]);
const redirects: ReadonlySet<number> = new Set([301, 302, 303, ...keepsBody]);

/** Where a webhook is, and by which name it goes. */
interface Server {
  readonly origin: string;
  readonly shown: string;
  readonly transportTo: (origin: string) => NodeTransport;
}

/** Posts to webhooks and reads their answers. Connections are kept, one set for each address and authority. */
export class WebhookCaller {
  readonly #resolver: ServiceResolver;
  readonly #clock: Clock;
  readonly #transports = new Map<string, NodeTransport>();
  readonly #observer: CallObserver | undefined;
  readonly #credentialsOf: CredentialsByHost | undefined;

  constructor(resolver: ServiceResolver, clock: Clock, observer?: CallObserver, credentialsOf?: CredentialsByHost) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#observer = observer;
    this.#credentialsOf = credentialsOf;
  }

  /** The same, saying who asks. */
  with(credentialsOf: CredentialsByHost | undefined): WebhookCaller {
    return credentialsOf === undefined
      ? this
      : new WebhookCaller(this.#resolver, this.#clock, this.#observer, credentialsOf);
  }

  /** Rejects with an `Error` whose message is what Go's client would say. A caller's trace is passed on. */
  async post(
    address: WebhookAddress,
    body: unknown,
    timeoutMs: number,
    signal: AbortSignal,
    traceparent?: string,
  ): Promise<unknown> {
    const { origin, path, serverName, hostPort, shown, unreachable } = this.#resolve(address, timeoutMs);
    const startedMs = this.#clock.monotonic();
    let reading = false;
    const told = (code: string): void =>
      this.#observer?.answered(new URL(shown).host, code, this.#clock.monotonic() - startedMs);
    try {
      if (unreachable !== undefined) throw new Error(unreachable);
      const credentials = this.#credentialsOf?.(hostPort);
      const transportTo = (to: string) => this.#transport(to, serverName, address.caBundle, timeoutMs, credentials);
      const text = JSON.stringify(body);
      const ask = async (limit: AbortSignal) => {
        const authorization = await credentials?.authorization();
        const begun = (now: boolean): void => {
          reading = now;
        };
        const question = { path, body: text, signal: limit, traceparent, authorization, begun };
        return this.#ask({ origin, shown: new URL(shown).origin, transportTo }, question);
      };
      const answer = await withTimeout(this.#clock, timeoutMs, ask, signal);
      told("200");
      return answer;
    } catch (error) {
      told(error instanceof AnswerError ? String(error.answered) : "<error>");
      this.#observer?.failed(error);
      if (error instanceof AnswerError) {
        const { code, answered } = error;
        const given = answered === 200 ? {} : { code };
        throw new AnswerError(`failed to call webhook: ${error.message}`, { ...given, cause: error });
      }
      const late = error instanceof TimeoutError;
      const reason = late ? "context deadline exceeded" : goReason(messageOf(error));
      if (late && reading) throw new Error(`failed to call webhook: ${unreadable(reason)}`, { cause: error });
      throw new Error(`failed to call webhook: Post ${JSON.stringify(shown)}: ${reason}`, { cause: error });
    }
  }

  /** Goes where it is sent, and asks again when it is told to wait, as upstream's client does. */
  async #ask(server: Server, first: Question): Promise<unknown> {
    let question = first;
    let base = server.shown;
    let transport = server.transportTo(server.origin);
    let waits = 0;
    for (let sent = 0; ; ) {
      try {
        return await exchange(transport, question);
      } catch (error) {
        if (!(error instanceof AnswerError)) throw error;
        const target = redirectIn(error, `${base}${question.path}`);
        if (target !== undefined) {
          if (++sent > redirectsMax) throw new Error(`stopped after ${redirectsMax} redirects`);
          const same = target.origin === server.shown;
          transport = server.transportTo(same ? server.origin : target.origin);
          base = target.origin;
          question = {
            ...question,
            path: `${target.pathname}${target.search}`,
            body: keepsBody.has(error.answered) ? question.body : undefined,
            authorization: same ? first.authorization : undefined,
          };
          continue;
        }
        const mayPass = error.answered === 429 || error.answered >= 500;
        if (!mayPass || error.retryAfter === undefined || ++waits > waitsMax) throw error;
        first.begun?.(false);
        await this.#clock.sleep(error.retryAfter * 1000, question.signal);
      }
    }
  }

  #resolve({ url, service }: WebhookAddress, timeoutMs: number) {
    const query = `timeout=${Math.ceil(timeoutMs / 1000)}s`;
    if (url !== undefined) {
      const parsed = new URL(url);
      const path = `${parsed.pathname}?${query}`;
      const shown = `${parsed.origin}${path}`;
      const hostPort = parsed.port === "" ? `${parsed.host}:443` : parsed.host;
      return { origin: parsed.origin, path, serverName: undefined, hostPort, shown, unreachable: undefined };
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
      hostPort: `${serverName}:${port}`,
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
    credentials: CallCredentials | undefined,
  ): NodeTransport {
    const key = `${origin} ${serverName ?? ""} ${caBundle ?? ""} ${credentials?.user ?? ""}`;
    const known = this.#transports.get(key);
    if (known !== undefined) return known;
    const ca = caBundle === undefined || caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString();
    const tls = async () => ({ ca, serverName, ...(await credentials?.certificate()) });
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

function redirectIn({ answered, location = "" }: AnswerError, from: string): URL | undefined {
  return redirects.has(answered) && location !== "" ? new URL(location, from) : undefined;
}

function isLocal(origin: string): boolean {
  const host = new URL(origin).hostname;
  return host.toLowerCase() === "localhost" || host.startsWith("127.") || host === "[::1]";
}
