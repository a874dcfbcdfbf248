import type {
  admissionregistrationV1,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  fieldPath,
  invalid,
  isDns1035Label,
  required,
  semanticEqual,
  validateFullyQualifiedName,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkOneOf, type Errors } from "../common/check.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { ageColumn, defineTable, integer, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkRule } from "./rules.ts";
import { checkWebhookClient } from "./webhook-client.ts";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;
type Webhook = admissionregistrationV1.MutatingWebhook | admissionregistrationV1.ValidatingWebhook;

const webhooksPath = fieldPath("webhooks");
const reviewVersions = ["v1", "v1beta1", "v1alpha1"];
const effects = ["None", "NoneOnDryRun"];
const secondsMax = 30;

function webhookStrategy<T extends Configuration>(): Strategy<T> {
  const check = ({ webhooks = [] }: T) => collect((errors) => checkWebhooks(webhooks, errors));
  return {
    prepareForCreate(configuration) {
      configuration.metadata.generation = 1;
    },
    prepareForUpdate: (configuration, old) =>
      countGeneration(configuration, old, !semanticEqual(configuration.webhooks, old.webhooks)),
    validate: check,
    validateUpdate: check,
    allowUnconditionalUpdate: false,
    table: defineTable<T>([
      nameColumn,
      integer("Webhooks", "How many webhooks it has.", ({ webhooks }) => webhooks?.length ?? 0),
      ageColumn,
    ]),
  };
}

export const mutatingWebhookStrategy: Strategy<MutatingWebhookConfiguration> = webhookStrategy();
export const validatingWebhookStrategy: Strategy<ValidatingWebhookConfiguration> = webhookStrategy();

function checkWebhooks(webhooks: readonly Webhook[], errors: Errors): void {
  const names = new Set<string>();
  checkEach<Webhook>(webhooks, webhooksPath, errors, (webhook, path) => {
    checkWebhook(webhook, path, errors);
    checkReviewVersions(webhook.admissionReviewVersions ?? [], path.child("admissionReviewVersions"), errors);
    if (webhook.name === "") return;
    if (names.has(webhook.name)) errors.push(duplicate(path.child("name"), webhook.name));
    names.add(webhook.name);
  });
}

function checkWebhook(webhook: Webhook, path: FieldPath, errors: Errors): void {
  validateFullyQualifiedName(webhook.name, path.child("name"), errors);
  checkEach(webhook.rules, path.child("rules"), errors, checkRule);
  const { failurePolicy, matchPolicy, sideEffects, timeoutSeconds: seconds } = webhook;
  if (failurePolicy !== undefined) checkOneOf(failurePolicy, ["Fail", "Ignore"], path.child("failurePolicy"), errors);
  if (matchPolicy !== undefined) checkOneOf(matchPolicy, ["Equivalent", "Exact"], path.child("matchPolicy"), errors);
  const effectsPath = path.child("sideEffects");
  if (sideEffects === undefined) errors.push(required(effectsPath, `must specify one of ${effects.join(", ")}`));
  else checkOneOf(sideEffects, effects, effectsPath, errors);
  if (seconds !== undefined && (seconds < 1 || seconds > secondsMax)) {
    const why = `the timeout value must be between 1 and ${secondsMax} seconds`;
    errors.push(invalid(path.child("timeoutSeconds"), seconds, why));
  }
  validateLabelSelector(webhook.namespaceSelector, path.child("namespaceSelector"), errors);
  validateLabelSelector(webhook.objectSelector, path.child("objectSelector"), errors);
  if ("reinvocationPolicy" in webhook && webhook.reinvocationPolicy !== undefined) {
    checkOneOf(webhook.reinvocationPolicy, ["IfNeeded", "Never"], path.child("reinvocationPolicy"), errors);
  }
  checkWebhookClient(webhook.clientConfig ?? {}, path.child("clientConfig"), errors);
}

function checkReviewVersions(versions: readonly string[], path: FieldPath, errors: Errors): void {
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
  if (versions.some((version) => reviewVersions.includes(version))) return;
  errors.push(invalid(path, versions, `must include at least one of ${reviewVersions.join(", ")}`));
}
