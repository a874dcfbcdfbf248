import { isAbsolute } from "node:path/posix";
import {
  parseYaml,
  aggregateFieldErrors,
  duplicate,
  type FieldError,
  invalid,
  isDns1123Subdomain,
  notSupported,
  required,
  tooMany,
} from "../../apimachinery/index.ts";
import { type ConfigOf, decodeConfiguration, field, formatDuration } from "../../component/index.ts";
import { type CompiledConditions, compileConditions } from "./match-conditions.ts";

const webhookShape = field.object({
  authorizedTTL: field.duration(5 * 60_000),
  unauthorizedTTL: field.duration(30_000),
  cacheAuthorizedRequests: field.boolean(true),
  cacheUnauthorizedRequests: field.boolean(true),
  timeout: field.duration(0),
  subjectAccessReviewVersion: field.text(),
  matchConditionSubjectAccessReviewVersion: field.text(),
  failurePolicy: field.text(),
  connectionInfo: field.object({ type: field.text(), kubeConfigFile: field.optional(field.text()) }),
  matchConditions: field.listOf(field.object({ expression: field.text() })),
});

const shape = {
  authorizers: field.listOf(
    field.object({ type: field.text(), name: field.text(), webhook: field.optional(webhookShape) }),
  ),
};

const kind = {
  apiVersions: ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"],
  kind: "AuthorizationConfiguration",
  shape,
};

type AuthorizerEntry = ConfigOf<typeof shape>["authorizers"][number];
type WebhookEntry = NonNullable<AuthorizerEntry["webhook"]>;

export const simpleModes = ["AlwaysAllow", "AlwaysDeny", "Node", "RBAC"] as const;
export type SimpleMode = (typeof simpleModes)[number];

/** One authorizer of the file, in its order. */
export type ConfiguredAuthorizer =
  | { readonly type: SimpleMode; readonly name: string }
  | { readonly type: "Webhook"; readonly name: string; readonly webhook: ConfiguredWebhook };

export interface ConfiguredWebhook {
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  readonly timeoutMs: number;
  readonly version: "v1" | "v1beta1";
  readonly failurePolicy: "NoOpinion" | "Deny";
  /** Undefined: the server's own cluster. */
  readonly kubeConfigFile: string | undefined;
  readonly conditions: CompiledConditions | undefined;
}

const types = [...simpleModes, "Webhook"];
const conditionsMax = 64;

/** The file can be read, but what it says cannot be. The message is upstream's. */
export class InvalidAuthorizationConfig extends Error {
  constructor(problems: string) {
    super(problems);
    this.name = "InvalidAuthorizationConfig";
  }
}

/** Reads `--authorization-config`. Throws what upstream refuses to start with, all at once. */
export function parseAuthorizationConfig(text: string): readonly ConfiguredAuthorizer[] {
  const { authorizers } = text === "" ? { authorizers: [] } : decodeConfiguration(parseYaml(text).value, kind);
  const errors: FieldError[] = [];
  if (authorizers.length === 0) {
    errors.push(required("authorizers", "at least one authorization mode must be defined"));
  }
  const seenTypes = new Set<string>();
  const seenNames = new Set<string>();
  const configured = authorizers.flatMap((entry, index) => {
    const path = `authorizers[${index}]`;
    checkType(entry, path, seenTypes, errors);
    checkName(entry.name, `${path}.name`, seenNames, errors);
    return configuredFrom(entry, path, errors);
  });
  const [first] = errors;
  if (first !== undefined) throw new InvalidAuthorizationConfig(aggregateFieldErrors(errors));
  return configured;
}

function checkType({ type, webhook }: AuthorizerEntry, path: string, seen: Set<string>, errors: FieldError[]): void {
  if (type === "") errors.push(required(`${path}.type`));
  else if (!types.includes(type)) errors.push(notSupported(`${path}.type`, type, [...types].sort()));
  else if (seen.has(type) && type !== "Webhook") errors.push(duplicate(`${path}.type`, type));
  seen.add(type);
  if (type === "Webhook" && webhook === undefined) {
    errors.push(required(`${path}.webhook`, "required when type=Webhook"));
  }
  if (type !== "Webhook" && webhook !== undefined) {
    errors.push(invalid(`${path}.webhook`, "non-null", "may only be specified when type=Webhook"));
  }
}

function checkName(name: string, path: string, seen: Set<string>, errors: FieldError[]): void {
  if (name === "") errors.push(required(path));
  else if (seen.has(name)) errors.push(duplicate(path, name));
  else {
    const wrong = isDns1123Subdomain(name);
    if (wrong.length > 0) errors.push(invalid(path, name, `authorizer name is invalid: ${wrong.join(", ")}`));
  }
  seen.add(name);
}

function configuredFrom(
  { type, name, webhook }: AuthorizerEntry,
  path: string,
  errors: FieldError[],
): readonly ConfiguredAuthorizer[] {
  if (type !== "Webhook") return simpleModes.flatMap((mode) => (mode === type ? { type: mode, name } : []));
  return webhook === undefined ? [] : [{ type, name, webhook: webhookFrom(webhook, path, errors) }];
}

/** Upstream leaves `webhook` out of the paths of its fields. */
function webhookFrom(webhook: WebhookEntry, path: string, errors: FieldError[]): ConfiguredWebhook {
  checkTimes(webhook, path, errors);
  oneOf(webhook.subjectAccessReviewVersion, `${path}.subjectAccessReviewVersion`, ["v1", "v1beta1"], errors);
  oneOf(webhook.failurePolicy, `${path}.failurePolicy`, ["NoOpinion", "Deny"], errors);
  const { matchConditions, matchConditionSubjectAccessReviewVersion: conditionVersion } = webhook;
  if (matchConditions.length > 0 || conditionVersion !== "") {
    const at = `${path}.matchConditionSubjectAccessReviewVersion`;
    if (conditionVersion === "") errors.push(required(at, "required if match conditions are specified"));
    else oneOf(conditionVersion, at, ["v1"], errors);
  }
  checkConnection(webhook.connectionInfo, `${path}.connectionInfo`, errors);
  const conditions = conditionsFrom(webhook, `${path}.matchConditions`, errors);
  return {
    authorizedTtlMs: webhook.cacheAuthorizedRequests ? webhook.authorizedTTL : 0,
    unauthorizedTtlMs: webhook.cacheUnauthorizedRequests ? webhook.unauthorizedTTL : 0,
    timeoutMs: webhook.timeout,
    version: webhook.subjectAccessReviewVersion === "v1" ? "v1" : "v1beta1",
    failurePolicy: webhook.failurePolicy === "Deny" ? "Deny" : "NoOpinion",
    kubeConfigFile: webhook.connectionInfo.kubeConfigFile,
    conditions: matchConditions.length === 0 ? undefined : conditions,
  };
}

function checkTimes(
  { timeout, authorizedTTL, unauthorizedTTL }: WebhookEntry,
  path: string,
  errors: FieldError[],
): void {
  if (timeout === 0) errors.push(required(`${path}.timeout`));
  else if (timeout > 30_000 || timeout < 0) {
    errors.push(invalid(`${path}.timeout`, formatDuration(timeout), "must be > 0s and <= 30s"));
  }
  for (const [name, ttl] of Object.entries({ authorizedTTL, unauthorizedTTL })) {
    if (ttl < 0) errors.push(invalid(`${path}.${name}`, formatDuration(ttl), "must be > 0s"));
  }
}

function oneOf(value: string, path: string, supported: readonly string[], errors: FieldError[]): void {
  if (value === "") errors.push(required(path));
  else if (!supported.includes(value)) errors.push(notSupported(path, value, supported));
}

function checkConnection(
  { type, kubeConfigFile }: WebhookEntry["connectionInfo"],
  path: string,
  errors: FieldError[],
): void {
  if (type === "") errors.push(required(`${path}.type`));
  else if (type === "InClusterConfig") {
    if (kubeConfigFile !== undefined) {
      errors.push(invalid(`${path}.kubeConfigFile`, kubeConfigFile, "can only be set when type=KubeConfigFile"));
    }
  } else if (type !== "KubeConfigFile") {
    errors.push(notSupported(`${path}.type`, type, ["InClusterConfig", "KubeConfigFile"]));
  } else if (kubeConfigFile === undefined || kubeConfigFile === "") errors.push(required(`${path}.kubeConfigFile`));
  else if (!isAbsolute(kubeConfigFile)) {
    errors.push(invalid(`${path}.kubeConfigFile`, kubeConfigFile, "must be an absolute path"));
  }
}

function conditionsFrom({ matchConditions }: WebhookEntry, path: string, errors: FieldError[]): CompiledConditions {
  if (matchConditions.length > conditionsMax) errors.push(tooMany(path, matchConditions.length, conditionsMax));
  const seen = new Set<string>();
  const expressions = matchConditions.map(({ expression }, index) => {
    const at = `${path}[${index}].expression`;
    if (expression.trim() === "") errors.push(required(at));
    else if (seen.has(expression)) errors.push(duplicate(at, expression));
    seen.add(expression);
    return expression;
  });
  return compileConditions(expressions, (index, message) => {
    const expression = expressions[index] ?? "";
    if (expression.trim() !== "") errors.push(invalid(`${path}[${index}].expression`, expression, message));
  });
}
