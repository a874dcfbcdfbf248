import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { messageOf, type Network, PlatformError } from "../../base/index.ts";
import type { ProbeOutcome } from "./outcome.ts";

export interface HttpProbeTarget {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

const bodyBytesMax = 10 * 1024;
const redirectsMax = 10;
export const probeUserAgent = "kube-probe/1.36";

/** A GET that succeeds with 200 to 399. Certificates are not checked, as upstream does not. */
export async function httpProbe(network: Network, target: HttpProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  let at = target;
  for (let redirects = 0; ; redirects++) {
    const url = urlOf(at);
    let answer: Answer;
    try {
      answer = await get(network, at, signal);
    } catch (error) {
      return { verdict: "failure", output: `Get "${url}": ${describe(error, at, signal)}` };
    }
    const next = redirectOf(answer, at);
    if (next === undefined) return verdictOf(answer);
    if (next.host !== target.host)
      return { verdict: "success", output: `Probe terminated redirects, Response body: ${answer.body}` };
    if (redirects >= redirectsMax)
      return { verdict: "failure", output: `Get "${urlOf(next)}": stopped after ${redirectsMax} redirects` };
    at = next;
  }
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function verdictOf({ status, body }: Answer): ProbeOutcome {
  if (status >= 200 && status < 400) return { verdict: "success", output: body };
  return { verdict: "failure", output: `HTTP probe failed with statuscode: ${status}` };
}

function redirectOf({ status, location }: Answer, at: HttpProbeTarget): HttpProbeTarget | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const url = new URL(location, urlOf(at));
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port || (scheme === "https" ? 443 : 80));
  return { ...at, scheme, host: url.hostname.replace(/^\[|\]$/g, ""), port, path: url.pathname + url.search };
}

export function urlOf({ scheme, host, port, path }: HttpProbeTarget): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

async function get(network: Network, target: HttpProbeTarget, signal: AbortSignal): Promise<Answer> {
  const stream = await network.connect({ host: target.host, port: target.port }, { signal });
  const destroy = (): void => void stream.destroy();
  signal.addEventListener("abort", destroy, { once: true });
  try {
    const secured: Duplex =
      target.scheme === "https"
        ? connectTls({ socket: stream, rejectUnauthorized: false, servername: serverName(target) })
        : stream;
    return await exchange(secured, target);
  } finally {
    signal.removeEventListener("abort", destroy);
    stream.destroy();
  }
}

function serverName(target: HttpProbeTarget): string | undefined {
  const host = target.headers.find((header) => header.name.toLowerCase() === "host")?.value;
  return host !== undefined && /[a-z]/i.test(host) ? host.split(":")[0] : undefined;
}

function exchange(stream: Duplex, target: HttpProbeTarget): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { "user-agent": probeUserAgent, accept: "*/*", connection: "close" };
    headers["host"] = `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`;
    for (const { name, value } of target.headers) headers[name.toLowerCase()] = value;
    const path = target.path.startsWith("/") ? target.path : `/${target.path}`;
    const outgoing = request({ createConnection: () => stream as never, path, headers }, (incoming) => {
      collect(incoming).then(resolve, reject);
    });
    outgoing.on("error", reject);
    stream.on("error", reject);
    outgoing.end();
  });
}

async function collect(incoming: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming) {
    parts.push(part as Buffer);
    length += (part as Buffer).length;
    if (length >= bodyBytesMax) break;
  }
  const body = Buffer.concat(parts).subarray(0, bodyBytesMax).toString("utf8");
  return { status: incoming.statusCode ?? 0, location: incoming.headers.location, body };
}

function describe(error: unknown, { host, port }: HttpProbeTarget, signal: AbortSignal): string {
  if (signal.aborted) return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  return dialError(error, host, port);
}

/** A failed connection in Go's words. */
export function dialError(error: unknown, host: string, port: number): string {
  const where = `dial tcp ${host.includes(":") ? `[${host}]` : host}:${port}`;
  const code = error instanceof PlatformError ? error.code : (error as { readonly code?: string }).code;
  switch (code) {
    case "ECONNREFUSED":
      return `${where}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `${where}: connect: no route to host`;
    case "ENETUNREACH":
      return `${where}: connect: network is unreachable`;
    case "ETIMEDOUT":
      return `${where}: i/o timeout`;
    case "ECONNRESET":
      return `read tcp ${host}:${port}: read: connection reset by peer`;
    default:
      return messageOf(error);
  }
}
