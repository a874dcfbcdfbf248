import type { TLSSocket } from "node:tls";
import type { Clock } from "../../base/index.ts";
import { type Client, LruMap } from "../../client/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AuthOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly anonymous: boolean;
  /** Ask the API server about bearer tokens. */
  readonly webhook: boolean;
  readonly authorization: "AlwaysAllow" | "Webhook";
}

const cacheSize = 1_000;
const tokenTtlMs = 120_000;
const allowedTtlMs = 300_000;
const deniedTtlMs = 30_000;

interface Cached<T> {
  readonly value: T;
  readonly untilMs: number;
}

interface TokenReview extends KubeObject {
  spec: { token: string };
  status?: {
    authenticated?: boolean;
    user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

interface AccessReview extends KubeObject {
  spec: object;
  status?: { allowed?: boolean; reason?: string };
}

/** Who may talk to this kubelet: client certificates, tokens, and rights as the API server judges them. */
export class Auth {
  readonly #options: AuthOptions;
  readonly #tokens: LruMap<Cached<User | undefined>>;
  readonly #decisions: LruMap<Cached<boolean>>;

  constructor(options: AuthOptions) {
    this.#options = options;
    this.#tokens = new LruMap(cacheSize);
    this.#decisions = new LruMap(cacheSize);
  }

  /** `undefined` for someone unknown. */
  async authenticate(socket: TLSSocket, authorization: string | undefined): Promise<User | undefined> {
    const certified = certifiedUser(socket);
    if (certified !== undefined) return certified;
    const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
    if (token !== undefined) return this.#options.webhook ? this.#byToken(token) : undefined;
    return this.#options.anonymous ? { name: "system:anonymous", groups: ["system:unauthenticated"] } : undefined;
  }

  /** One of the subresources of this node is enough. */
  async authorize(user: User, verb: string, subresources: readonly string[]): Promise<boolean> {
    if (this.#options.authorization === "AlwaysAllow") return true;
    for (const subresource of subresources) if (await this.#allowed(user, verb, subresource)) return true;
    return false;
  }

  async #byToken(token: string): Promise<User | undefined> {
    const nowMs = this.#options.clock.monotonic();
    const cached = this.#tokens.get(token);
    if (cached !== undefined && cached.untilMs > nowMs) return cached.value;
    const review = await this.#options.client
      .resource<TokenReview>({ group: "authentication.k8s.io", version: "v1", resource: "tokenreviews" })
      .create({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", metadata: {}, spec: { token } });
    const found = review.status?.authenticated ? review.status.user : undefined;
    const user =
      found === undefined
        ? undefined
        : { name: found.username ?? "", uid: found.uid, groups: found.groups ?? [], extra: found.extra };
    this.#tokens.set(token, { value: user, untilMs: nowMs + tokenTtlMs });
    return user;
  }

  async #allowed(user: User, verb: string, subresource: string): Promise<boolean> {
    const nowMs = this.#options.clock.monotonic();
    const key = JSON.stringify([user, verb, subresource]);
    const cached = this.#decisions.get(key);
    if (cached !== undefined && cached.untilMs > nowMs) return cached.value;
    const review = await this.#options.client
      .resource<AccessReview>({ group: "authorization.k8s.io", version: "v1", resource: "subjectaccessreviews" })
      .create({
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        metadata: {},
        spec: {
          user: user.name,
          groups: user.groups,
          uid: user.uid,
          extra: user.extra,
          resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: this.#options.nodeName },
        },
      });
    const allowed = review.status?.allowed === true;
    this.#decisions.set(key, { value: allowed, untilMs: nowMs + (allowed ? allowedTtlMs : deniedTtlMs) });
    return allowed;
  }
}

function certifiedUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined || !subject.CN) return undefined;
  const organizations: unknown = subject.O;
  const groups = Array.isArray(organizations)
    ? organizations.map(String)
    : organizations
      ? [String(organizations)]
      : [];
  return { name: String(subject.CN), groups: [...groups, "system:authenticated"] };
}

const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** What of the node a request asks for: finer names first, then the one that covers all. */
export function accessOf(
  method: string,
  path: string,
): { readonly verb: string; readonly subresources: readonly string[] } {
  const verb = verbs[method] ?? method.toLowerCase();
  const under = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (under("/stats")) return { verb, subresources: ["stats"] };
  if (under("/metrics")) return { verb, subresources: ["metrics"] };
  if (under("/logs")) return { verb, subresources: ["log"] };
  if (under("/pods") || under("/runningpods")) return { verb, subresources: ["pods", "proxy"] };
  if (under("/healthz")) return { verb, subresources: ["healthz", "proxy"] };
  if (under("/configz")) return { verb, subresources: ["configz", "proxy"] };
  if (under("/flagz")) return { verb, subresources: ["configz"] };
  if (under("/statusz")) return { verb, subresources: ["statusz"] };
  return { verb, subresources: ["proxy"] };
}
