import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { newInternalError, type StatusError } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { goReason } from "../admission/webhook/go-reason.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { type Connections, type Target, upgradeOver } from "./kubelet-connection.ts";
import { keepAlive } from "./web-socket.ts";

export type Dialled =
  | { readonly type: "switched"; readonly socket: Duplex; readonly protocol: string }
  | { readonly type: "refused"; readonly status: number; readonly text: string };

const refusalBytesMax = 50_000;

/** Opens a SPDY connection to a kubelet. Throws a `StatusError` when it cannot be reached. */
export async function dialSpdy(
  connections: Connections,
  target: Target,
  path: string,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<Dialled> {
  try {
    const upgraded = await upgradeOver(await connections.open(target, signal), target, { path, signal }, protocols);
    if (upgraded.type === "switched") {
      keepAlive(upgraded.socket);
      return upgraded;
    }
    const { response } = upgraded;
    return { type: "refused", status: response.statusCode ?? 500, text: await textOf(response) };
  } catch (error) {
    throw newInternalError(`error dialing backend: ${goReason(messageOf(error))}`);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > refusalBytesMax) break;
  }
  return Buffer.concat(chunks).toString();
}

/** For clients that take an answer instead of an upgrade: the kubelet's own. */
export function passRefusal({ status, text }: { readonly status: number; readonly text: string }): ApiResponse {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  return { status, headers, body: { type: "bytes", bytes: Buffer.from(text) } };
}

/** For clients that are told in the error channel. */
export function refusalStatus({ text }: { readonly text: string }): StatusError {
  return newInternalError(`unable to upgrade connection: ${text.trimEnd()}`);
}
