import { type FieldError, newInvalid, required } from "../../apimachinery/index.ts";
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "../../api/index.ts";
import type { AuthorizationAttributes, Authorizer, RuleResolver } from "../authz/index.ts";
import type { VirtualResource } from "../handlers/router.ts";
import type { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import { review, type ReviewInputs } from "./review.ts";

const group = "authorization.k8s.io";
type Spec = SubjectAccessReview["spec"];

/** "May this user do that?", for another user, for oneself, and as a list of rules. */
export function accessReviews(
  inputs: ReviewInputs,
  authorizer: Authorizer,
  rules: RuleResolver,
): ReadonlyMap<string, VirtualResource> {
  const kind = (name: string) => ({ group, version: "v1", kind: name });
  const path = (resource: string) => `${group}/v1/${resource}`;
  const other = async (object: SubjectAccessReview | LocalSubjectAccessReview, context: LiveContext) => {
    const { spec } = object;
    check(object.kind ?? "SubjectAccessReview", spec, true);
    object.status = await decide(authorizer, userOf(spec), spec, context);
  };
  return new Map([
    [path("subjectaccessreviews"), review<SubjectAccessReview>(inputs, kind("SubjectAccessReview"), other)],
    [
      path("localsubjectaccessreviews"),
      review<LocalSubjectAccessReview>(inputs, kind("LocalSubjectAccessReview"), async (object, context) => {
        checkNamespace(object.spec, context.info.namespace);
        await other(object, context);
      }),
    ],
    [
      path("selfsubjectaccessreviews"),
      review<SelfSubjectAccessReview>(inputs, kind("SelfSubjectAccessReview"), async (object, context) => {
        check("SelfSubjectAccessReview", object.spec, false);
        object.status = await decide(authorizer, context.user, object.spec, context);
      }),
    ],
    [
      path("selfsubjectrulesreviews"),
      review<SelfSubjectRulesReview>(inputs, kind("SelfSubjectRulesReview"), (object, context) => {
        const namespace = object.spec.namespace ?? "";
        if (namespace === "") throw invalid("SelfSubjectRulesReview", [required("spec.namespace", "")]);
        const found = rules.rulesFor(context.user, namespace);
        object.status = {
          resourceRules: found.resourceRules.map((rule) => ({ ...rule, verbs: [...rule.verbs] })),
          nonResourceRules: found.nonResourceRules.map((rule) => ({ ...rule })),
          incomplete: found.incomplete,
          ...(found.evaluationError === undefined ? {} : { evaluationError: found.evaluationError }),
        };
      }),
    ],
  ]);
}

function userOf(spec: Spec): UserInfo {
  return {
    name: spec.user ?? "",
    groups: spec.groups ?? [],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.extra === undefined ? {} : { extra: spec.extra }),
  };
}

async function decide(
  authorizer: Authorizer,
  user: UserInfo,
  spec: Pick<Spec, "resourceAttributes" | "nonResourceAttributes">,
  context: LiveContext,
) {
  const answer = await authorizer.authorize(attributesOf(user, spec), context.signal);
  return {
    allowed: answer.decision === "allow",
    ...(answer.decision === "deny" ? { denied: true } : {}),
    ...(answer.reason === "" ? {} : { reason: answer.reason }),
    ...(answer.evaluationError === undefined ? {} : { evaluationError: answer.evaluationError }),
  };
}

function attributesOf(
  user: UserInfo,
  { resourceAttributes: of, nonResourceAttributes: path }: Pick<Spec, "resourceAttributes" | "nonResourceAttributes">,
): AuthorizationAttributes {
  const fieldSelector = of?.fieldSelector?.rawSelector;
  const labelSelector = of?.labelSelector?.rawSelector;
  return {
    user,
    isResourceRequest: of !== undefined,
    verb: of?.verb ?? path?.verb ?? "",
    path: path?.path ?? "",
    apiGroup: of?.group ?? "",
    apiVersion: of?.version || "*",
    namespace: of?.namespace ?? "",
    resource: of?.resource ?? "",
    subresource: of?.subresource ?? "",
    name: of?.name ?? "",
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

function check(kind: string, spec: Spec, needsUser: boolean): void {
  const errors: FieldError[] = [];
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    errors.push({
      type: "FieldValueInvalid",
      field: "spec.nonResourceAttributes",
      badValue: nonResourceAttributes,
      detail: "cannot be specified in combination with resourceAttributes",
    });
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    errors.push({
      type: "FieldValueInvalid",
      field: "spec.resourceAttributes",
      badValue: null,
      detail: "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    });
  }
  if (needsUser && !spec.user && !spec.groups?.length) {
    errors.push({
      type: "FieldValueInvalid",
      field: "spec.user",
      badValue: spec.user ?? "",
      detail: "at least one of user or group must be specified",
    });
  }
  if (errors.length > 0) throw invalid(kind, errors);
}

function checkNamespace(spec: Spec, namespace: string): void {
  if (spec.resourceAttributes?.namespace === namespace) return;
  throw invalid("LocalSubjectAccessReview", [
    {
      type: "FieldValueInvalid",
      field: "spec.resourceAttributes.namespace",
      badValue: spec.resourceAttributes?.namespace ?? "",
      detail: "must match metadata.namespace",
    },
  ]);
}

function invalid(kind: string, errors: readonly FieldError[]): Error {
  return newInvalid({ group, kind }, "", errors);
}
