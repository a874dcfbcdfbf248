import type { CustomResourceConversion, CustomResourceDefinition } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = { CustomResourceDefinition: fillDefinition } as const;

function fillDefinition(definition: CustomResourceDefinition): void {
  const { names, versions, conversion } = definition.spec;
  if (conversion !== undefined) dropEmptyWebhook(conversion);
  if (names !== undefined) {
    names.singular ||= (names.kind ?? "").toLowerCase();
    if (names.kind) names.listKind ||= `${names.kind}List`;
  }
  definition.status ??= {};
  const stored = versions?.find((version) => version.storage);
  if (stored !== undefined && (definition.status.storedVersions?.length ?? 0) === 0) {
    definition.status.storedVersions = [stored.name];
  }
}

/** Upstream's conversion makes a webhook of its configuration and versions, and none where there is neither. */
function dropEmptyWebhook(conversion: CustomResourceConversion): void {
  const { webhook } = conversion;
  if (webhook === undefined || webhook.clientConfig !== undefined) return;
  if ((webhook.conversionReviewVersions?.length ?? 0) === 0) delete conversion.webhook;
}
