import type {
  admissionregistrationV1,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  invalid,
  isDns1035Label,
  labelSelectorHasInvalidValue,
  notSupported,
  required,
  semanticEqual,
  validateFullyQualifiedName,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { checkConditionExpressions } from "../../admission/policy/check-expressions.ts";
import { addMessages, checkEach, checkOneOf, checkUnique, type Errors } from "../common/check.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { ageColumn, defineTable, integer, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkMatchConditions, problemsOf } from "./conditions.ts";
import { checkRule, failurePolicies, matchPolicies } from "./rules.ts";
import { checkWebhookClient } from "./webhook-client.ts";

type Webhook = admissionregistrationV1.ValidatingWebhook &
  Pick<admissionregistrationV1.MutatingWebhook, "reinvocationPolicy">;
type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

const webhooksPath = fieldPath("webhooks");
const reviewVersions = ["v1", "v1beta1"];
const harmless = ["None", "NoneOnDryRun"];
const sideEffects = [...harmless, "Some", "Unknown"];
const timeoutMaxSeconds = 30;

export const mutatingWebhookStrategy = webhookRules<MutatingWebhookConfiguration>();
export const validatingWebhookStrategy = webhookRules<ValidatingWebhookConfiguration>();

function webhookRules<T extends Configuration>(): Strategy<T> {
  return {
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    prepareForUpdate(configuration, old) {
      countGeneration(configuration, old, !semanticEqual(configuration.webhooks, old.webhooks));
    },
    validate: ({ webhooks = [] }) => collect((errors) => checkWebhooks(webhooks, undefined, errors)),
    validateUpdate: ({ webhooks = [] }, old) =>
      collect((errors) => checkWebhooks(webhooks, old.webhooks ?? [], errors)),
    allowUnconditionalUpdate: false,
    table: defineTable<T>([
      nameColumn,
      integer("Webhooks", "How many webhooks it has.", ({ webhooks = [] }: T) => webhooks.length),
      ageColumn,
    ]),
  };
}

/** Rules that came later bind only those that kept them already. */
interface Strictness {
  readonly noSideEffects: boolean;
  readonly knownVersions: boolean;
  readonly uniqueNames: boolean;
  readonly invalidLabelValues: boolean;
  readonly matchConditions: boolean;
}

function strictness(webhooks: readonly Webhook[], old: readonly Webhook[] | undefined): Strictness {
  const before = old ?? [];
  const conditions = (list: readonly Webhook[]) => list.map(({ matchConditions = [] }) => matchConditions);
  return {
    noSideEffects: before.every((hook) => harmless.includes(hook.sideEffects)),
    knownVersions: before.every(({ admissionReviewVersions: versions = [] }) => isKnown(versions)),
    uniqueNames: new Set(before.map(({ name }) => name)).size === before.length,
    invalidLabelValues: before.some(
      (hook) =>
        labelSelectorHasInvalidValue(hook.namespaceSelector) || labelSelectorHasInvalidValue(hook.objectSelector),
    ),
    matchConditions: old === undefined || !semanticEqual(conditions(webhooks), conditions(before)),
  };
}

function isKnown(versions: readonly string[]): boolean {
  return versions.length === 0 || versions.some((version) => reviewVersions.includes(version));
}

function checkWebhooks(webhooks: readonly Webhook[], old: readonly Webhook[] | undefined, errors: Errors): void {
  const strict = strictness(webhooks, old);
  const names = new Set<string>();
  checkEach(webhooks, webhooksPath, errors, (webhook, path) => {
    checkWebhook(webhook, strict, path, errors);
    checkVersions(webhook.admissionReviewVersions ?? [], strict, path.child("admissionReviewVersions"), errors);
    if (strict.uniqueNames && webhook.name !== "") checkUnique(names, webhook.name, path.child("name"), errors);
  });
}

function checkWebhook(webhook: Webhook, strict: Strictness, path: FieldPath, errors: Errors): void {
  validateFullyQualifiedName(webhook.name, path.child("name"), errors);
  checkEach(webhook.rules, path.child("rules"), errors, checkRule);
  const { failurePolicy, matchPolicy, reinvocationPolicy, timeoutSeconds: seconds } = webhook;
  if (failurePolicy !== undefined) checkOneOf(failurePolicy, failurePolicies, path.child("failurePolicy"), errors);
  if (matchPolicy !== undefined) checkOneOf(matchPolicy, matchPolicies, path.child("matchPolicy"), errors);
  checkSideEffects(webhook.sideEffects, strict, path.child("sideEffects"), errors);
  if (seconds !== undefined && (seconds < 1 || seconds > timeoutMaxSeconds)) {
    const why = `the timeout value must be between 1 and ${timeoutMaxSeconds} seconds`;
    errors.push(invalid(path.child("timeoutSeconds"), seconds, why));
  }
  for (const field of ["namespaceSelector", "objectSelector"] as const) {
    const rules = { allowInvalidValues: strict.invalidLabelValues };
    validateLabelSelector(webhook[field], path.child(field), errors, rules);
  }
  const reinvocationPath = path.child("reinvocationPolicy");
  if (reinvocationPolicy !== undefined) checkOneOf(reinvocationPolicy, ["IfNeeded", "Never"], reinvocationPath, errors);
  checkWebhookClient(webhook.clientConfig, path.child("clientConfig"), errors);
  if (strict.matchConditions) {
    const at = path.child("matchConditions");
    const problems = problemsOf((list) => checkConditionExpressions(webhook.matchConditions, at, list));
    checkMatchConditions(webhook.matchConditions, problems, at, errors);
  }
}

function checkSideEffects(
  effects: string | undefined,
  { noSideEffects }: Strictness,
  path: FieldPath,
  errors: Errors,
): void {
  const allowed = noSideEffects ? harmless : sideEffects;
  if (effects === undefined) errors.push(required(path, `must specify one of ${allowed.join(", ")}`));
  else if (!allowed.includes(effects)) errors.push(notSupported(path, effects, allowed));
}

function checkVersions(versions: readonly string[], strict: Strictness, path: FieldPath, errors: Errors): void {
  if (versions.length === 0) {
    errors.push(required(path, `must specify one of ${reviewVersions.join(", ")}`));
    return;
  }
  const seen = new Set<string>();
  checkEach(versions, path, errors, (version, at) => {
    if (seen.has(version)) errors.push(invalid(at, version, "duplicate version"));
    else addMessages(isDns1035Label(version), version, at, errors);
    seen.add(version);
  });
  if (strict.knownVersions && !isKnown(versions)) {
    errors.push(invalid(path, versions, `must include at least one of ${reviewVersions.join(", ")}`));
  }
}
