import { type KubeObject, newBadRequest, newInvalid, invalid, required } from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import type { AuthorizationAttributes, Authorizer, RuleResolver } from "../../authz/contract.ts";
import type { UserInfo } from "../../request/contract.ts";
import type { LiveContext } from "../../request/context.ts";
import type { VirtualResource } from "../router.ts";
import { review } from "./review.ts";

interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
}

interface AccessSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface AccessReview extends KubeObject {
  spec?: AccessSpec;
  status?: unknown;
}

interface RulesReview extends KubeObject {
  spec?: { readonly namespace?: string };
  status?: unknown;
}

const group = "authorization.k8s.io";
const version = "v1";

/** The reviews of `authorization.k8s.io`, by `group/version/resource`. */
export function authorizationReviews(
  scheme: Scheme,
  authorizer: Authorizer,
  rules: RuleResolver,
): Readonly<Record<string, VirtualResource>> {
  const access = (kind: string, userOf: (review: AccessReview, context: LiveContext) => UserInfo): VirtualResource =>
    review<AccessReview>(scheme, { group, version, kind }, async (object, context) => {
      const spec = object.spec ?? {};
      checkSpec(kind, spec, context);
      const attributes = attributesFor(spec, userOf(object, context));
      const { decision, reason, evaluationError } = await authorizer.authorize(attributes, context.signal);
      const allowed = decision === "allow";
      return {
        ...object,
        status: {
          allowed,
          ...(decision === "deny" ? { denied: true } : {}),
          ...(reason === "" ? {} : { reason }),
          ...(evaluationError === undefined || allowed ? {} : { evaluationError }),
        },
      };
    });
  const named = (object: AccessReview): UserInfo => specUser(object.spec ?? {});
  return {
    [`${group}/${version}/subjectaccessreviews`]: access("SubjectAccessReview", named),
    [`${group}/${version}/localsubjectaccessreviews`]: access("LocalSubjectAccessReview", named),
    [`${group}/${version}/selfsubjectaccessreviews`]: access(
      "SelfSubjectAccessReview",
      (_object, context) => context.user,
    ),
    [`${group}/${version}/selfsubjectrulesreviews`]: rulesReview(scheme, rules),
  };
}

function rulesReview(scheme: Scheme, resolver: RuleResolver): VirtualResource {
  return review<RulesReview>(scheme, { group, version, kind: "SelfSubjectRulesReview" }, (object, context) => {
    const namespace = object.spec?.namespace ?? "";
    if (namespace === "") throw newBadRequest("no namespace on request");
    return { ...object, status: resolver.rulesFor(context.user, namespace) };
  });
}

function specUser({ user = "", groups = [], uid, extra }: AccessSpec): UserInfo {
  return { name: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

function attributesFor(
  { resourceAttributes, nonResourceAttributes }: AccessSpec,
  user: UserInfo,
): AuthorizationAttributes {
  const resource = resourceAttributes ?? {};
  return {
    user,
    verb: resource.verb ?? nonResourceAttributes?.verb ?? "",
    isResourceRequest: resourceAttributes !== undefined,
    path: nonResourceAttributes?.path ?? "",
    apiGroup: resource.group ?? "",
    apiVersion: resource.version ?? "",
    namespace: resource.namespace ?? "",
    resource: resource.resource ?? "",
    subresource: resource.subresource ?? "",
    name: resource.name ?? "",
  };
}

function checkSpec(kind: string, spec: AccessSpec, context: LiveContext): void {
  const errors = [];
  const both = "cannot be specified in combination with resourceAttributes";
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined) {
    errors.push(invalid("spec.nonResourceAttributes", spec.nonResourceAttributes, both));
  }
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined) {
    errors.push(
      invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    );
  }
  if (kind !== "SelfSubjectAccessReview" && (spec.user ?? "") === "" && (spec.groups ?? []).length === 0) {
    errors.push(invalid("spec.user", spec.user ?? "", "at least one of user or group must be specified"));
  }
  if (kind === "LocalSubjectAccessReview") {
    if (spec.resourceAttributes === undefined) errors.push(required("spec.resourceAttributes"));
    else if (spec.resourceAttributes.namespace !== context.info.namespace) {
      throw newBadRequest(`spec.resourceAttributes.namespace must match namespace: ${context.info.namespace}`);
    }
  }
  if (errors.length > 0) throw newInvalid({ group, kind }, "", errors);
}
