import type { SubjectAccessReview } from "../../api/index.ts";
import { type Clock, messageOf } from "../../base/index.ts";
import { BoundedCache } from "../../component/index.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, RuleResolver } from "./contract.ts";
import { type CompiledConditions, conditionInput } from "./match-conditions.ts";
import { type ReviewSpec, reviewSpecOf } from "./subject-access-review.ts";
import type { WebhookSeries } from "./webhook-metrics.ts";

export type ReviewStatus = NonNullable<SubjectAccessReview["status"]>;

export interface WebhookAuthorizerOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Posts the review and returns its status; rejects when there was no good answer. */
  readonly review: (spec: ReviewSpec, signal: AbortSignal) => Promise<ReviewStatus>;
  /** How long answers are remembered; 0: not at all. */
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  /** What counts when there is no good answer. */
  readonly failurePolicy: "NoOpinion" | "Deny";
  /** Only requests that meet all of them are asked about. */
  readonly conditions?: CompiledConditions;
  readonly metrics?: WebhookSeries;
}

const rememberedMax = 8_192;
/** Characters of attributes beyond which an answer is not remembered, as clients control them. */
const attributesMax = 10_000;
const noOpinion: AuthorizationDecision = { decision: "no-opinion", reason: "" };

/** Asks a webhook by SubjectAccessReview. Upstream: `webhook.WebhookAuthorizer`. */
export class WebhookAuthorizer implements Authorizer, RuleResolver {
  readonly name: string;
  readonly #options: WebhookAuthorizerOptions;
  readonly #remembered = new BoundedCache<ReviewStatus>(rememberedMax);

  constructor(options: WebhookAuthorizerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  authorize(
    attributes: AuthorizationAttributes,
    signal: AbortSignal,
  ): AuthorizationDecision | Promise<AuthorizationDecision> {
    const { conditions, clock, failurePolicy, metrics } = this.#options;
    const spec = reviewSpecOf(attributes);
    if (conditions !== undefined) {
      const met = conditions.evaluate(conditionInput(spec, attributes));
      if (met.problem !== undefined) {
        metrics?.conditionFailed();
        return { decision: failurePolicy === "Deny" ? "deny" : "no-opinion", reason: "", evaluationError: met.problem };
      }
      if (!met.matches) {
        metrics?.excluded();
        return noOpinion;
      }
    }
    const key = JSON.stringify(spec);
    const known = this.#remembered.get(key, clock.monotonic());
    return known === undefined ? this.#ask(spec, key, signal) : decisionOf(known);
  }

  rulesFor(): ReturnType<RuleResolver["rulesFor"]> {
    return {
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: "webhook authorizer does not support user rule resolution",
    };
  }

  async #ask(spec: ReviewSpec, key: string, signal: AbortSignal): Promise<AuthorizationDecision> {
    const { clock, review, authorizedTtlMs, unauthorizedTtlMs, failurePolicy, metrics } = this.#options;
    const startedMs = clock.monotonic();
    try {
      const status = await review(spec, signal);
      const nowMs = clock.monotonic();
      metrics?.asked("success", nowMs - startedMs);
      const ttlMs = status.allowed ? authorizedTtlMs : unauthorizedTtlMs;
      if (ttlMs > 0 && key.length < attributesMax) this.#remembered.set(key, status, nowMs + ttlMs);
      return decisionOf(status);
    } catch (error) {
      const result = signal.aborted ? "canceled" : isTimeout(error) ? "timeout" : "error";
      metrics?.asked(result, clock.monotonic() - startedMs);
      if (failurePolicy === "NoOpinion" && !signal.aborted) metrics?.failedOpen(result);
      return {
        decision: failurePolicy === "Deny" ? "deny" : "no-opinion",
        reason: "",
        evaluationError: messageOf(error),
      };
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

function decisionOf({ allowed, denied, reason = "" }: ReviewStatus): AuthorizationDecision {
  if (denied === true && allowed) {
    const evaluationError = "webhook subject access review returned both allow and deny response";
    return { decision: "deny", reason, evaluationError };
  }
  return { decision: denied === true ? "deny" : allowed ? "allow" : "no-opinion", reason };
}
