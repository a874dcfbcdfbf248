import type { SubjectAccessReview } from "../../api/index.ts";
import { type Clock, messageOf } from "../../base/index.ts";
import { BoundedCache, systemGroups, type UserInfo } from "../authentication/index.ts";
import { FlagError } from "../flags/index.ts";
import type { Ask } from "./review-client.ts";

export type AccessReviewStatus = NonNullable<SubjectAccessReview["status"]>;

export interface DelegatedAuthorizerOptions {
  readonly clock: Clock;
  /** Nobody but members of `system:masters` is let to closed paths without it. */
  readonly review: Ask<SubjectAccessReview["spec"], AccessReviewStatus> | undefined;
  readonly openPaths: readonly string[];
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
}

export type PathDecision =
  | { readonly type: "allowed" }
  | { readonly type: "denied" | "no-opinion"; readonly reason: string }
  | { readonly type: "failed"; readonly error: string };

const rememberedMax = 4_096;
/** Characters of a question beyond which its answer is not remembered, as callers control them. */
const questionMax = 10_000;
const allowed: PathDecision = { type: "allowed" };

/** Who may ask for which path, as the API server judges. Upstream: the delegating authorizer. */
export class DelegatedAuthorizer {
  readonly #options: DelegatedAuthorizerOptions;
  readonly #isOpen: (path: string) => boolean;
  readonly #remembered = new BoundedCache<PathDecision>(rememberedMax);

  /** Throws a `FlagError` for a path with a star before its end. */
  constructor(options: DelegatedAuthorizerOptions) {
    this.#options = options;
    this.#isOpen = matcher(options.openPaths);
  }

  authorize(user: UserInfo, verb: string, path: string, signal: AbortSignal): PathDecision | Promise<PathDecision> {
    if (user.groups.includes(systemGroups.masters) || this.#isOpen(path)) return allowed;
    const { review, clock } = this.#options;
    if (review === undefined) return { type: "no-opinion", reason: "" };
    const spec = specOf(user, verb, path);
    const key = JSON.stringify(spec);
    return this.#remembered.get(key, clock.monotonic()) ?? this.#ask(review, spec, key, signal);
  }

  async #ask(
    review: NonNullable<DelegatedAuthorizerOptions["review"]>,
    spec: SubjectAccessReview["spec"],
    key: string,
    signal: AbortSignal,
  ): Promise<PathDecision> {
    const { clock, authorizedTtlMs, unauthorizedTtlMs } = this.#options;
    try {
      const status = await review(spec, signal);
      const ttlMs = status.allowed ? authorizedTtlMs : unauthorizedTtlMs;
      const decision = decisionOf(status);
      if (ttlMs > 0 && key.length < questionMax) this.#remembered.set(key, decision, clock.monotonic() + ttlMs);
      return decision;
    } catch (error) {
      return { type: "failed", error: messageOf(error) };
    }
  }
}

function decisionOf({ allowed: isAllowed, denied, reason = "" }: AccessReviewStatus): PathDecision {
  if (denied === true && isAllowed) {
    return { type: "failed", error: "webhook subject access review returned both allow and deny response" };
  }
  if (denied === true) return { type: "denied", reason };
  return isAllowed ? allowed : { type: "no-opinion", reason };
}

function specOf({ name, uid, groups, extra }: UserInfo, verb: string, path: string): SubjectAccessReview["spec"] {
  return {
    user: name,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups: [...groups] }),
    ...(extra === undefined ? {} : { extra: Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])) }),
    nonResourceAttributes: { path, verb },
  };
}

/** A leading slash may be left out; a final star stands for any rest. Upstream: `path.NewAuthorizer`. */
function matcher(paths: readonly string[]): (path: string) => boolean {
  const plain = paths.map((path) => path.replace(/^\//, ""));
  const wrong = plain.find((path) => path.slice(0, -1).includes("*"));
  if (wrong !== undefined) throw new FlagError(`only trailing * allowed in ${JSON.stringify(wrong)}`);
  const exact = new Set(plain.filter((path) => !path.endsWith("*")));
  const prefixes = plain.filter((path) => path.endsWith("*")).map((path) => path.slice(0, -1));
  return (path) => {
    const asked = path.replace(/^\//, "");
    return exact.has(asked) || prefixes.some((prefix) => asked.startsWith(prefix));
  };
}
