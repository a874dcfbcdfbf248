import type { RequestInfo, UserInfo } from "../request/contract.ts";

/** `authorizer.Attributes`: every attribute of a request. */
export interface AuthorizationAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationDecision {
  readonly decision: "allow" | "deny" | "no-opinion";
  readonly reason: string;
  readonly evaluationError?: string;
}

/** The first authorizer that allows or denies decides; all without an opinion means no. Hot path: be synchronous when you can. */
export interface Authorizer {
  readonly name: string;
  authorize(
    attributes: AuthorizationAttributes,
    signal: AbortSignal,
  ): AuthorizationDecision | Promise<AuthorizationDecision>;
}

/** For SelfSubjectRulesReview; authorizers that cannot enumerate say `incomplete`. */
export interface RuleResolver {
  rulesFor(
    user: UserInfo,
    namespace: string,
  ): {
    readonly resourceRules: readonly {
      verbs: string[];
      apiGroups?: string[];
      resources?: string[];
      resourceNames?: string[];
    }[];
    readonly nonResourceRules: readonly { verbs: string[]; nonResourceURLs?: string[] }[];
    readonly incomplete: boolean;
    readonly evaluationError?: string;
  };
}

export function attributesOf(user: UserInfo, info: RequestInfo): AuthorizationAttributes {
  return {
    user,
    verb: info.verb,
    isResourceRequest: info.isResourceRequest,
    path: info.path,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    namespace: info.namespace,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    ...(info.fieldSelector === undefined ? {} : { fieldSelector: info.fieldSelector }),
    ...(info.labelSelector === undefined ? {} : { labelSelector: info.labelSelector }),
  };
}
