import type { SelfSubjectReview, TokenReview } from "../../api/index.ts";
import { newBadRequest } from "../../apimachinery/index.ts";
import type { AuthenticationResult, Authenticator } from "../authn/index.ts";
import type { VirtualResource } from "../handlers/router.ts";
import { timeText } from "../registry/times.ts";
import type { UserInfo } from "../request/contract.ts";
import { review, type ReviewInputs } from "./review.ts";

const group = "authentication.k8s.io";

/** Checks a token for the audiences that were asked for. Not an HTTP authenticator's business alone: audiences differ. */
export type TokenChecker = (
  token: string,
  audiences: readonly string[] | undefined,
  signal: AbortSignal,
) => Promise<AuthenticationResult>;

/** "Whose token is this?" and "who am I?". */
export function authenticationReviews(inputs: ReviewInputs, check: TokenChecker): ReadonlyMap<string, VirtualResource> {
  const tokenReview = review<TokenReview>(
    inputs,
    { group, version: "v1", kind: "TokenReview" },
    async (object, context) => {
      const { token, audiences } = object.spec;
      if ((token ?? "") === "") throw newBadRequest("token is required for TokenReview in authentication");
      const result = await check(token, audiences, context.signal);
      object.status = statusOf(result);
    },
  );
  const selfReview = review<SelfSubjectReview>(
    inputs,
    { group, version: "v1", kind: "SelfSubjectReview" },
    (object, context) => {
      object.metadata = { creationTimestamp: timeText(context.receivedAtMs) };
      object.status = { userInfo: userInfo(context.user) };
    },
  );
  return new Map([
    [`${group}/v1/tokenreviews`, tokenReview],
    [`${group}/v1/selfsubjectreviews`, selfReview],
  ]);
}

function statusOf(result: AuthenticationResult): TokenReview["status"] {
  if (result.type === "none") return { error: "invalid bearer token" };
  if (result.type === "rejected") return { error: result.message };
  return {
    authenticated: true,
    user: userInfo(result.user),
    ...(result.audiences === undefined ? {} : { audiences: [...result.audiences] }),
  };
}

function userInfo({ name, uid, groups, extra }: UserInfo) {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups: [...groups] }),
    ...(extra === undefined || Object.keys(extra).length === 0
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}

/** Through the server's own chain of authenticators, as if the token had come with a request. */
export function checkByChain(authenticator: Authenticator): TokenChecker {
  return async (token, _audiences, signal) =>
    authenticator.authenticate(
      { headers: { authorization: `Bearer ${token}` }, clientCertificates: [], remoteAddress: "" },
      signal,
    );
}
