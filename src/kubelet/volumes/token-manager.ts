import type { Clock } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { podName, podNamespace, podUid } from "../pods/names.ts";
import type { Pod } from "../types.ts";
import type { TokenRequest } from "./payload.ts";

interface Issued {
  readonly token: string;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

const dayMs = 86_400_000;
const issuedMax = 10_000;
/** Upstream renews at 80 % of the life, and at least once a day. */
const freshPart = 0.8;

const serviceAccounts = { group: "", version: "v1", resource: "serviceaccounts" };

interface TokenReview {
  apiVersion: string;
  kind: string;
  metadata: object;
  spec: { audiences: string[]; expirationSeconds: number; boundObjectRef: object };
  status?: { token: string; expirationTimestamp: string };
}

/** Tokens of service accounts for pods, renewed well before they expire. */
export class TokenManager {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #issued = new Map<string, Issued>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A token that is not due for renewal; an older one while the API server cannot be reached and it is still valid. */
  async token(pod: Pod, request: TokenRequest): Promise<string> {
    const key = [podUid(pod), pod.spec?.serviceAccountName, request.audience, request.expirationSeconds].join("|");
    const known = this.#issued.get(key);
    const nowMs = this.#clock.now();
    if (known !== undefined && nowMs < known.refreshAtMs) return known.token;
    try {
      const issued = await this.#request(pod, request);
      if (this.#issued.size >= issuedMax) this.#dropExpired(nowMs);
      this.#issued.set(key, issued);
      return issued.token;
    } catch (error) {
      if (known !== undefined && nowMs < known.expiresAtMs) return known.token;
      throw error;
    }
  }

  forget(uid: string): void {
    for (const key of this.#issued.keys()) if (key.startsWith(`${uid}|`)) this.#issued.delete(key);
  }

  async #request(pod: Pod, request: TokenRequest): Promise<Issued> {
    const body: TokenReview = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: request.audience === "" ? [] : [request.audience],
        expirationSeconds: request.expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name: podName(pod), uid: podUid(pod) },
      },
    };
    const nowMs = this.#clock.now();
    const answer = await this.#client
      .resource(serviceAccounts)
      .namespace(podNamespace(pod))
      .createSubresource<TokenReview>(pod.spec?.serviceAccountName || "default", "token", body);
    const token = answer.status?.token;
    if (token === undefined) throw new Error(`no token for service account ${pod.spec?.serviceAccountName}`);
    const expiresAtMs =
      Date.parse(answer.status?.expirationTimestamp ?? "") || nowMs + request.expirationSeconds * 1000;
    const lifeMs = expiresAtMs - nowMs;
    return { token, expiresAtMs, refreshAtMs: nowMs + Math.min(lifeMs * freshPart, dayMs) };
  }

  #dropExpired(nowMs: number): void {
    for (const [key, issued] of this.#issued) if (issued.expiresAtMs < nowMs) this.#issued.delete(key);
  }
}
