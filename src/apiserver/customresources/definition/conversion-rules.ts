import type { CustomResourceConversion } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  isDns1035Label,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { checkWebhookClient } from "../../registry/admissionregistration/webhook-client.ts";
import { checkCaBundle } from "./ca-bundle.ts";

const strategies = ["None", "Webhook"];
const understood = ["v1", "v1beta1"];

export interface ConversionOptions {
  /** At least one version of reviews must be one that servers understand. */
  readonly requireKnownVersion: boolean;
  /** The bundle that stands already is none either, or nothing is served yet. */
  readonly allowInvalidBundle: boolean;
}

/** How objects are converted between versions. Upstream: `validateCustomResourceConversion`. */
export function checkConversion(
  conversion: CustomResourceConversion | undefined,
  path: FieldPath,
  options: ConversionOptions,
  errors: FieldError[],
): void {
  if (conversion === undefined) return;
  const { strategy, webhook } = conversion;
  if (strategy === "") errors.push(required(path.child("strategy")));
  else if (!strategies.includes(strategy)) errors.push(notSupported(path.child("strategy"), strategy, strategies));
  const client = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions ?? [];
  const [clientPath, versionsPath] = [path.child("webhookClientConfig"), path.child("conversionReviewVersions")];
  if (strategy !== "Webhook") {
    const why = "should not be set when strategy is not set to Webhook";
    if (client !== undefined) errors.push(forbidden(clientPath, why));
    if (versions.length > 0) errors.push(forbidden(versionsPath, why));
    return;
  }
  if (client === undefined) errors.push(required(clientPath, "required when strategy is set to Webhook"));
  else {
    checkWebhookClient(client, clientPath, errors);
    const { caBundle = "" } = client;
    if (caBundle !== "" && !options.allowInvalidBundle)
      errors.push(...checkCaBundle(clientPath.child("caBundle"), caBundle));
  }
  checkReviewVersions(versions, versionsPath, options.requireKnownVersion, errors);
}

function checkReviewVersions(versions: readonly string[], path: FieldPath, known: boolean, errors: FieldError[]): void {
  if (versions.length === 0) return void errors.push(required(path));
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    if (seen.has(version)) errors.push(invalid(path.index(index), version, "duplicate version"));
    else for (const problem of isDns1035Label(version)) errors.push(invalid(path.index(index), version, problem));
    seen.add(version);
  }
  if (known && !understandsOne(versions))
    errors.push(invalid(path, versions, `must include at least one of ${understood.join(", ")}`));
}

export function understandsOne(versions: readonly string[]): boolean {
  return versions.some((version) => understood.includes(version));
}
