import { newBadRequest, newFailure, newInternalError, type Status, StatusError } from "../../../apimachinery/index.ts";
import type { MutatingWebhook, ValidatingWebhook } from "../../../api/index.ts";
import type { Clock, Random } from "../../../base/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { matchesRules } from "../matching/rules.ts";
import { matchesNamespace, matchesObject } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import type { WebhookCaller } from "./caller.ts";
import type { EquivalentVersions, Variant } from "./equivalents.ts";

export type Hook = MutatingWebhook | ValidatingWebhook;

/** Evaluates `matchConditions`; throws when an expression fails. */
export type ConditionMatcher = (
  conditions: readonly { name: string; expression: string }[],
  attributes: AdmissionAttributes,
) => Promise<boolean> | boolean;

export interface HookInputs {
  readonly objects: ClusterObjects;
  readonly caller: WebhookCaller;
  readonly equivalents: EquivalentVersions;
  readonly clock: Clock;
  readonly random: Random;
  readonly conditions?: ConditionMatcher;
}

/** `AdmissionReview.response`. */
export interface HookResponse {
  readonly allowed?: boolean;
  readonly status?: Status;
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

const secondsDefault = 10;

/** In which form a webhook wants to see the request; `undefined` when it does not want to see it. */
export async function match(
  hook: Hook,
  attributes: AdmissionAttributes,
  inputs: HookInputs,
): Promise<Variant | undefined> {
  const variant = variantFor(hook, attributes, inputs.equivalents);
  if (variant === undefined) return undefined;
  if (!(await matchesNamespace(hook.namespaceSelector, attributes, inputs.objects))) return undefined;
  if (!matchesObject(hook.objectSelector, attributes)) return undefined;
  if (!hook.matchConditions?.length || inputs.conditions === undefined) return variant;
  try {
    return (await inputs.conditions(hook.matchConditions, attributes)) ? variant : undefined;
  } catch (error) {
    if (hook.failurePolicy === "Ignore") return undefined;
    throw newFailure(
      403,
      "Forbidden",
      `admission webhook ${JSON.stringify(hook.name)} denied the request: ${messageOf(error)}`,
      {},
    );
  }
}

function variantFor(hook: Hook, attributes: AdmissionAttributes, equivalents: EquivalentVersions): Variant | undefined {
  if (matchesRules(hook.rules, attributes)) return equivalents.same(attributes);
  if (hook.matchPolicy === "Exact") return undefined;
  return equivalents.others(attributes).find(({ resource }) => matchesRules(hook.rules, { ...attributes, resource }));
}

/**
 * Asks one webhook. `undefined` when it failed and failures are to be ignored. Throws what the client is told
 * otherwise.
 */
export async function ask(
  hook: Hook,
  variant: Variant,
  attributes: AdmissionAttributes,
  inputs: HookInputs,
): Promise<HookResponse | undefined> {
  checkSideEffects(hook, attributes);
  const uid = inputs.random.uuid();
  const review = {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: await requestOf(uid, variant, attributes),
  };
  try {
    const timeoutMs = (hook.timeoutSeconds ?? secondsDefault) * 1000;
    const answer = await inputs.caller.post(hook.clientConfig, review, timeoutMs, attributes.context.signal);
    return readResponse(answer, uid);
  } catch (error) {
    if (hook.failurePolicy === "Ignore") {
      attributes.context.annotate("failed-open.webhook.admission.k8s.io/0", hook.name);
      return undefined;
    }
    throw newInternalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${messageOf(error)}`);
  }
}

function checkSideEffects(hook: Hook, { dryRun }: AdmissionAttributes): void {
  if (!dryRun || hook.sideEffects === "None" || hook.sideEffects === "NoneOnDryRun") return;
  throw newBadRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
}

async function requestOf(
  uid: string,
  variant: Variant,
  attributes: AdmissionAttributes,
): Promise<Record<string, unknown>> {
  const { context, operation, namespace, name, subresource, dryRun, options } = attributes;
  const { user } = context;
  return {
    uid,
    kind: variant.kind,
    resource: variant.resource,
    ...(subresource === "" ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: attributes.kind,
    requestResource: attributes.resource,
    name: name !== "" ? name : (attributes.object?.metadata?.name ?? ""),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    object: attributes.object === undefined ? null : await variant.convert(attributes.object),
    oldObject: attributes.oldObject === undefined ? null : await variant.convert(attributes.oldObject),
    dryRun,
    options: options ?? null,
  };
}

function readResponse(answer: unknown, uid: string): HookResponse {
  const review = answer as { kind?: string; apiVersion?: string; response?: HookResponse & { uid?: string } } | null;
  if (review?.kind !== "AdmissionReview" || review.apiVersion !== "admission.k8s.io/v1") {
    throw new Error(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${review?.apiVersion ?? ""}, Kind=${review?.kind ?? ""}`,
    );
  }
  const { response } = review;
  if (response === undefined || response === null) throw new Error("webhook response was absent");
  if (response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`);
  return response;
}

/** Passes on warnings and annotations, and throws a refusal. */
export function settle(hook: Hook, response: HookResponse, attributes: AdmissionAttributes): void {
  for (const warning of response.warnings ?? []) attributes.context.warn(warning);
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {}))
    attributes.context.annotate(`${hook.name}/${key}`, value);
  if (response.allowed === true) return;
  throw denial(hook.name, response.status);
}

/** Upstream: `webhookerrors.ToStatusErr`. */
function denial(name: string, status: Partial<Status> | undefined): StatusError {
  const head = `admission webhook ${JSON.stringify(name)} denied the request`;
  const message = status?.message
    ? `${head}: ${status.message}`
    : status?.reason
      ? `${head}: ${status.reason}`
      : `${head} without explanation`;
  const code = status?.code !== undefined && status.code >= 400 ? status.code : 403;
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: status?.reason ?? (code === 403 ? "Forbidden" : ""),
    ...(status?.details === undefined ? {} : { details: status.details }),
    code,
  });
}
