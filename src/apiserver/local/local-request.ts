import { newRequestEntityTooLarge } from "../../apimachinery/index.ts";
import type { RawRequest } from "../../client/index.ts";
import type { ApiRequest, IncomingHeaders, Peer } from "../http/exchange.ts";
import type { UserInfo } from "../request/contract.ts";
import type { LocalIdentity } from "./local-client.ts";

const here: Peer = { remoteAddress: "", clientCertificates: [] };
const neverAborted = new AbortController().signal;

/** A request that never was on a wire. */
export class LocalRequest implements ApiRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHeaders;
  readonly peer: Peer = here;
  readonly signal: AbortSignal;
  readonly user: UserInfo;
  readonly #body: string | Uint8Array | undefined;

  constructor(identity: LocalIdentity, request: RawRequest) {
    this.method = request.method;
    this.target = request.path;
    const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    this.headers = { "user-agent": identity.userAgent, ...Object.fromEntries(given) };
    this.signal = request.signal ?? neverAborted;
    this.user = identity.user;
    this.#body = request.body;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const body = typeof this.#body === "string" ? Buffer.from(this.#body) : (this.#body ?? new Uint8Array());
    if (body.length > limitBytes) return Promise.reject(newRequestEntityTooLarge(`limit is ${limitBytes}`));
    return Promise.resolve(body);
  }
}
