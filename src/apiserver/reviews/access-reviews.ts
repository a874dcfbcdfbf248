import { newBadRequest, type ObjectMeta } from "../../apimachinery/index.ts";
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
import { checkAccessReview, ignoredOf, selectorsOf } from "./access-review-rules.ts";
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
  const decideFor = async (object: SubjectAccessReview | LocalSubjectAccessReview, context: LiveContext) => {
    object.status = await decide(authorizer, userOf(object.spec), object.spec, context);
  };
  return new Map([
    [
      path("subjectaccessreviews"),
      review<SubjectAccessReview>(inputs, kind("SubjectAccessReview"), async (object, context) => {
        checkAccessReview(object, { needsUser: true });
        await decideFor(object, context);
      }),
    ],
    [
      path("localsubjectaccessreviews"),
      review<LocalSubjectAccessReview>(inputs, kind("LocalSubjectAccessReview"), async (object, context) => {
        const { namespace } = context.info;
        object.metadata = placed(object.metadata, namespace);
        checkAccessReview(object, { needsUser: true, namespace });
        await decideFor(object, context);
      }),
    ],
    [
      path("selfsubjectaccessreviews"),
      review<SelfSubjectAccessReview>(inputs, kind("SelfSubjectAccessReview"), async (object, context) => {
        checkAccessReview(object, { needsUser: false });
        object.status = await decide(authorizer, context.user, object.spec, context);
      }),
    ],
    [
      path("selfsubjectrulesreviews"),
      review<SelfSubjectRulesReview>(inputs, kind("SelfSubjectRulesReview"), (object, context) => {
        const namespace = object.spec.namespace ?? "";
        if (namespace === "") throw newBadRequest("no namespace on request");
        const found = rules.rulesFor(context.user, namespace);
        // Upstream answers with the rules alone.
        object.metadata = {};
        object.spec = {};
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

function placed(metadata: ObjectMeta | undefined, namespace: string): ObjectMeta {
  const given = metadata?.namespace ?? "";
  if (given !== "" && given !== namespace) {
    throw newBadRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...metadata, namespace };
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
  const { evaluationError } = answer;
  const problems = [...(evaluationError === undefined ? [] : [evaluationError]), ...ignoredOf(spec.resourceAttributes)];
  return {
    allowed: answer.decision === "allow",
    ...(answer.decision === "deny" ? { denied: true } : {}),
    ...(answer.reason === "" ? {} : { reason: answer.reason }),
    ...(problems.length === 0 ? {} : { evaluationError: problems.join("; ") }),
  };
}

function attributesOf(
  user: UserInfo,
  { resourceAttributes: of, nonResourceAttributes: path }: Pick<Spec, "resourceAttributes" | "nonResourceAttributes">,
): AuthorizationAttributes {
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
    ...(of === undefined ? {} : selectorsOf(of)),
  };
}
