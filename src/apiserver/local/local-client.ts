import {
  type GroupVersionResource,
  type KubeObject,
  newFailure,
  type Status,
  StatusError,
} from "../../apimachinery/index.ts";
import type { Client, Impersonation, RawRequest, RawResponse, ResourceClient } from "../../client/index.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { wholeOf } from "../http/reply.ts";
import type { UserInfo } from "../request/contract.ts";
import type { ApiServer } from "../server.ts";
import { LocalResourceClient } from "./local-resource-client.ts";
import { LocalRequest } from "./local-request.ts";

export interface LocalIdentity {
  readonly user: UserInfo;
  readonly userAgent: string;
}

/**
 * The client of components in the server's own process. Same authorization, admission and validation as over HTTP,
 * but reads hand out the cache's frozen objects and nothing is encoded on the way.
 */
export class LocalClient implements Client {
  readonly #server: ApiServer;
  readonly #identity: LocalIdentity;

  constructor(server: ApiServer, identity: LocalIdentity) {
    this.#server = server;
    this.#identity = identity;
  }

  resource<T extends KubeObject = KubeObject>(resource: GroupVersionResource): ResourceClient<T> {
    const served = this.#server.catalog.table.get(resource.group, resource.version, resource.resource);
    if (served === undefined) throw newFailure(404, "NotFound", "the server could not find the requested resource", {});
    return new LocalResourceClient<T>(this.#server, this.#identity, served, "");
  }

  async raw(request: RawRequest): Promise<RawResponse> {
    const response = await this.#server.handler(new LocalRequest(this.#identity, request));
    return { status: response.status, headers: flatHeaders(response), body: await bodyOf(response, request.signal) };
  }

  with(options: { readonly userAgent?: string; readonly impersonate?: Impersonation }): Client {
    const { userAgent = this.#identity.userAgent, impersonate } = options;
    const user = impersonate === undefined ? this.#identity.user : impersonated(impersonate);
    return new LocalClient(this.#server, { user, userAgent });
  }
}

export function createLocalClient(server: ApiServer, identity: LocalIdentity): Client {
  return new LocalClient(server, identity);
}

function impersonated({ user, groups = [], uid, extra }: Impersonation): UserInfo {
  const all = groups.includes("system:authenticated") ? groups : [...groups, "system:authenticated"];
  return { name: user, groups: all, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

function flatHeaders({ headers }: ApiResponse): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : value.join(", ")]),
  );
}

/** The whole body, whatever form the handler gave it. */
export async function bodyOf({ body }: ApiResponse, signal?: AbortSignal): Promise<Uint8Array> {
  if (body.type === "bytes") return body.bytes;
  if (body.type === "parts") return wholeOf(body);
  if (body.type !== "stream") return new Uint8Array();
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let closed = false;
    const listeners: (() => void)[] = [];
    const close = (settle: () => void): void => {
      if (closed) return;
      closed = true;
      for (const listener of listeners) listener();
      settle();
    };
    signal?.addEventListener("abort", () => close(() => reject(signal.reason)), { once: true });
    body.run({
      write: (bytes) => {
        chunks.push(bytes);
        return true;
      },
      end: () => close(() => resolve(Buffer.concat(chunks))),
      destroy: () => close(() => reject(new Error("the response was cut off"))),
      onDrain: () => {},
      onClose: (listener) => void listeners.push(listener),
      get closed() {
        return closed;
      },
    });
  });
}

/** The object in a response, or the failure it tells of. */
export async function objectOf<T>(response: ApiResponse): Promise<T> {
  const value: unknown = JSON.parse(Buffer.from(await bodyOf(response)).toString() || "null");
  if (response.status >= 400) throw new StatusError(value as Status);
  return value as T;
}
