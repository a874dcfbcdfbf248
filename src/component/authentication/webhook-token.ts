import { createHash } from "node:crypto";
import type { TokenReview } from "../../api/index.ts";
import { type Clock, messageOf } from "../../base/index.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { AuthenticationResult, Authenticator } from "./contract.ts";
import { bearerToken } from "./users.ts";

export type TokenReviewStatus = NonNullable<TokenReview["status"]>;

export interface WebhookTokenOptions {
  readonly clock: Clock;
  /** Posts the review and returns its status; rejects when there was no good answer. */
  readonly review: (spec: TokenReview["spec"], signal: AbortSignal) => Promise<TokenReviewStatus>;
  /** Of the API; what a webhook that knows of audiences must share. */
  readonly audiences: readonly string[];
  /** How long answers are remembered. `--authentication-token-webhook-cache-ttl`. */
  readonly ttlMs: number;
}

const rememberedMax = 4_096;

/** Has a webhook say whose a token is. Upstream: `webhook.WebhookTokenAuthenticator`. */
export function webhookTokenAuthenticator(options: WebhookTokenOptions): Authenticator {
  const { clock, review, audiences, ttlMs } = options;
  const remembered = new BoundedCache<AuthenticationResult>(rememberedMax);
  return {
    name: "webhook",
    authenticate(credentials, signal) {
      const token = bearerToken(credentials.headers["authorization"]);
      if (token === undefined) return { type: "none" };
      const key = createHash("sha256").update(token).digest("base64");
      const known = remembered.get(key, clock.monotonic());
      if (known !== undefined) return known;
      return review({ token, ...(audiences.length === 0 ? {} : { audiences: [...audiences] }) }, signal).then(
        (status) => {
          const result = resultOf(status, audiences);
          if (ttlMs > 0 && result.type !== "rejected") remembered.set(key, result, clock.monotonic() + ttlMs);
          return result;
        },
        // Not remembered: the next one may be answered.
        (error: unknown) => ({ type: "rejected", message: messageOf(error) }),
      );
    },
  };
}

function resultOf(status: TokenReviewStatus, audiences: readonly string[]): AuthenticationResult {
  if (status.error !== undefined && status.error !== "") return { type: "rejected", message: status.error };
  if (status.authenticated !== true) return { type: "none" };
  const told = status.audiences ?? [];
  if (told.length > 0 && audiences.length > 0 && !told.some((one) => audiences.includes(one))) return { type: "none" };
  const { username = "", uid, groups = [], extra } = status.user ?? {};
  return {
    type: "authenticated",
    user: { name: username, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) },
  };
}
