import { type KubeObject, newBadRequest } from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import type { Authenticator } from "../../authn/contract.ts";
import type { UserInfo } from "../../request/contract.ts";
import type { VirtualResource } from "../router.ts";
import { review } from "./review.ts";

interface TokenReview extends KubeObject {
  spec?: { readonly token?: string; readonly audiences?: readonly string[] };
  status?: unknown;
}

const group = "authentication.k8s.io";
const version = "v1";

/** The reviews of `authentication.k8s.io`, by `group/version/resource`. */
export function authenticationReviews(
  scheme: Scheme,
  authenticator: Authenticator,
  /** What tokens are meant for when the review does not say. */
  audiences: readonly string[],
): Readonly<Record<string, VirtualResource>> {
  const tokens = review<TokenReview>(scheme, { group, version, kind: "TokenReview" }, async (object, context) => {
    const token = object.spec?.token ?? "";
    if (token === "") throw newBadRequest("token is required for TokenReview in authentication");
    const credentials = { headers: { authorization: `Bearer ${token}` }, clientCertificates: [], remoteAddress: "" };
    const result = await authenticator.authenticate(credentials, context.signal);
    const wanted = object.spec?.audiences ?? audiences;
    if (result.type !== "authenticated" || result.user.name === "system:anonymous") {
      const error = result.type === "rejected" ? result.message : undefined;
      return { ...object, status: { user: {}, ...(error === undefined ? {} : { error }) } };
    }
    const matched = (result.audiences ?? wanted).filter((audience) => wanted.includes(audience));
    if (matched.length === 0 && wanted.length > 0) {
      return {
        ...object,
        status: {
          user: {},
          error: `token audiences ${JSON.stringify(result.audiences ?? [])} is invalid for the target audiences ${JSON.stringify(wanted)}`,
        },
      };
    }
    return { ...object, status: { authenticated: true, user: userStatus(result.user), audiences: matched } };
  });
  const self = review<TokenReview>(scheme, { group, version, kind: "SelfSubjectReview" }, (object, context) => ({
    ...object,
    status: { userInfo: userStatus(context.user) },
  }));
  return { [`${group}/${version}/tokenreviews`]: tokens, [`${group}/${version}/selfsubjectreviews`]: self };
}

function userStatus({ name, uid, groups, extra }: UserInfo): unknown {
  return {
    username: name,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  };
}
