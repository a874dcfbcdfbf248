import type { CustomResourceDefinition, CustomResourceDefinitionNames } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  fieldImmutableError,
  fieldPath,
  invalid,
  isDns1035Label,
  isDns1123Subdomain,
  nameIsDnsSubdomain,
  nilList,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { checkApproval } from "./approval.ts";
import { checkCaBundle } from "./ca-bundle.ts";
import { isTrue } from "./conditions.ts";
import { type ConversionOptions, checkConversion, understandsOne } from "./conversion-rules.ts";
import { shownVersion } from "./go-json.ts";
import { hasSchema, internalForm, schemasOf } from "./internal-form.ts";
import { optionsAfter, type SchemaOptions, strictOptions } from "./schema-options.ts";
import { checkColumn, checkSubresources } from "./subresource-rules.ts";
import { checkSharedParts, checkVersion } from "./version-rules.ts";

type Errors = FieldError[];
type Definition = CustomResourceDefinition;

/** Upstream: `ValidateCustomResourceDefinition`. */
export function validateDefinition(definition: Definition): readonly FieldError[] {
  const errors: Errors = [];
  checkSpec(definition, strictOptions, { requireKnownVersion: true, allowInvalidBundle: true }, errors);
  checkStatus(definition, errors);
  errors.push(...checkApproval(definition, undefined), ...checkPreserving(definition, undefined));
  return errors;
}

/** Upstream: `ValidateCustomResourceDefinitionUpdate`. What was stored before stays acceptable. */
export function validateDefinitionUpdate(definition: Definition, old: Definition): readonly FieldError[] {
  const errors: Errors = [];
  checkSpec(definition, optionsAfter(definition, old), conversionAfter(old), errors);
  const path = fieldPath("spec");
  const { names, scope, group } = definition.spec;
  const fixed = (before: string, now: string, at: FieldPath) => {
    if (before !== now) errors.push(invalid(at, now, fieldImmutableError));
  };
  if (isTrue(old, "Established")) {
    fixed(old.spec.scope, scope, path.child("scope"));
    fixed(old.spec.names.kind, names.kind, path.child("names").child("kind"));
  }
  fixed(old.spec.group, group, path.child("group"));
  fixed(old.spec.names.plural, names.plural, path.child("names").child("plural"));
  checkStatus(definition, errors);
  errors.push(...checkApproval(definition, old), ...checkPreserving(definition, old));
  return errors;
}

/** Upstream: `ValidateUpdateCustomResourceDefinitionStatus`. */
export function validateDefinitionStatus(definition: Definition): readonly FieldError[] {
  const errors: Errors = [];
  const { acceptedNames } = definition.status ?? {};
  if (acceptedNames !== undefined) checkNames(acceptedNames, fieldPath("status", "acceptedNames"), errors);
  return errors;
}

function conversionAfter(old: Definition): ConversionOptions {
  const { webhook } = old.spec.conversion ?? {};
  const versions = webhook?.conversionReviewVersions ?? [];
  const bundle = webhook?.clientConfig?.caBundle ?? "";
  return {
    requireKnownVersion: versions.length === 0 || understandsOne(versions),
    allowInvalidBundle:
      !isTrue(old, "Established") || (bundle !== "" && checkCaBundle(fieldPath("caBundle"), bundle).length > 0),
  };
}

/** A definition can have one name only. */
export function nameOfDefinition(name: string, prefix: boolean, { spec }: Definition): readonly string[] {
  const problems = nameIsDnsSubdomain(name, prefix);
  const isRight = name === `${spec.names.plural}.${spec.group}`;
  return isRight ? problems : [...problems, 'must be spec.names.plural+"."+spec.group'];
}

function checkSpec(
  definition: Definition,
  options: SchemaOptions,
  conversion: ConversionOptions,
  errors: Errors,
): void {
  const { spec } = definition;
  const path = fieldPath("spec");
  checkGroup(spec.group, path.child("group"), errors);
  const scopes = ["Cluster", "Namespaced"];
  if (!spec.scope) errors.push(required(path.child("scope")));
  else if (!scopes.includes(spec.scope)) errors.push(notSupported(path.child("scope"), spec.scope, scopes));
  checkSchemasPresent(definition, options, path, errors);
  checkVersions(definition, options, path, errors);
  const [first] = definition.spec.versions;
  const problems = (first?.name ?? "") === "" ? [] : isDns1035Label(first?.name ?? "");
  if (problems.length > 0) errors.push(invalid(path.child("version"), first?.name, problems.join(",")));
  for (const name of ["plural", "singular", "kind", "listKind"] as const)
    if (!spec.names[name]) errors.push(required(path.child("names").child(name)));
  checkNames(spec.names, path.child("names"), errors);
  checkShared(definition, options, path, errors);
  if (spec.conversion !== undefined && spec.conversion.strategy !== "None" && spec.preserveUnknownFields === true) {
    const at = path.child("conversion").child("strategy");
    errors.push(invalid(at, spec.conversion.strategy, "must be None if spec.preserveUnknownFields is true"));
  }
  checkConversion(spec.conversion, path.child("conversion"), conversion, errors);
}

function checkGroup(group: string, path: FieldPath, errors: Errors): void {
  if (!group) return void errors.push(required(path));
  const problems = isDns1123Subdomain(group);
  if (problems.length > 0) errors.push(invalid(path, group, problems.join(",")));
  else if (!group.includes(".")) errors.push(invalid(path, group, "should be a domain with at least one dot"));
}

function checkSchemasPresent(definition: Definition, options: SchemaOptions, path: FieldPath, errors: Errors): void {
  const { spec } = definition;
  const preserving = spec.preserveUnknownFields === true;
  for (const [index, { schema, served }] of spec.versions.entries()) {
    if (schema?.openAPIV3Schema !== undefined) continue;
    const at = path.child("versions").index(index).child("schema").child("openAPIV3Schema");
    if (options.requireSchema) errors.push(required(at));
    else if (!preserving && served) errors.push(required(at, "because otherwise all fields are pruned"));
  }
  const hasDefaults = schemasOf(definition).some((one) => hasSchema(one, (inner) => inner.default !== undefined));
  if (hasDefaults && preserving)
    errors.push(
      invalid(path.child("preserveUnknownFields"), true, "must be false in order to use defaults in the schema"),
    );
}

function checkVersions(definition: Definition, options: SchemaOptions, path: FieldPath, errors: Errors): void {
  const { versions, shared } = internalForm(definition);
  const at = path.child("versions");
  for (const [index, version] of versions.entries()) {
    const problems = isDns1035Label(version.name);
    if (problems.length > 0) errors.push(invalid(at.index(index).child("name"), version.name, problems.join(",")));
    const { status } = version.subresources ?? shared.subresources ?? {};
    checkVersion(version, at.index(index), status !== undefined, options, errors);
  }
  const shown = () =>
    (definition.spec.versions as readonly unknown[]) === nilList ? null : versions.map(shownVersion);
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalid(at, shown(), "must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalid(at, shown(), "must have exactly one version marked as storage version"));
}

function checkShared(definition: Definition, options: SchemaOptions, path: FieldPath, errors: Errors): void {
  const { shared } = internalForm(definition);
  const anyStatus = definition.spec.versions.some(({ subresources }) => subresources?.status !== undefined);
  const unchanged = options.unchangedVersions.has(definition.spec.versions[0]?.name ?? "");
  checkSharedParts(shared, path, { hasStatus: anyStatus, unchanged, options }, errors);
  checkSubresources(shared.subresources, path.child("subresources"), errors);
  for (const [index, column] of (shared.columns ?? []).entries())
    checkColumn(column, path.child("additionalPrinterColumns").index(index), errors);
}

/** Names as far as they are there; what must be there is asked of the specification only. */
function checkNames(names: CustomResourceDefinitionNames, path: FieldPath, errors: Errors): void {
  const { plural = "", singular = "", kind = "", listKind = "", shortNames = [], categories = [] } = names;
  for (const [name, value] of Object.entries({ plural, singular })) {
    const problems = value === "" ? [] : isDns1035Label(value);
    if (problems.length > 0) errors.push(invalid(path.child(name), value, problems.join(",")));
  }
  for (const [name, value] of Object.entries({ kind, listKind })) {
    const problems = value === "" ? [] : isDns1035Label(value.toLowerCase());
    const why = `may have mixed case, but should otherwise match: ${problems.join(",")}`;
    if (problems.length > 0) errors.push(invalid(path.child(name), value, why));
  }
  const each = (list: readonly string[], at: FieldPath) => {
    for (const [index, value] of list.entries()) {
      const problems = isDns1035Label(value);
      if (problems.length > 0) errors.push(invalid(at.index(index), value, problems.join(",")));
    }
  };
  each(shortNames, path.child("shortNames"));
  if (kind !== "" && kind === listKind)
    errors.push(invalid(path.child("listKind"), listKind, "kind and listKind may not be the same"));
  each(categories, path.child("categories"));
}

function checkStatus(definition: Definition, errors: Errors): void {
  errors.push(...validateDefinitionStatus(definition));
  const stored = definition.status?.storedVersions;
  const path = fieldPath("status", "storedVersions");
  if (stored === undefined || stored.length === 0)
    return void errors.push(invalid(path, stored ?? null, "must have at least one stored version"));
  // A second version of the same name finds it taken.
  const left = new Set(stored);
  for (const { name, storage } of definition.spec.versions) {
    const isKnown = left.delete(name);
    if (storage && !isKnown) errors.push(invalid(path, stored, `must have the storage version ${name}`));
  }
  for (const name of left) {
    const index = stored.lastIndexOf(name);
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalid(path.index(index), name, why));
  }
}

function checkPreserving({ spec }: Definition, old: Definition | undefined): FieldError[] {
  if (old?.spec.preserveUnknownFields === true || spec.preserveUnknownFields !== true) return [];
  const why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
  return [invalid(fieldPath("spec", "preserveUnknownFields"), true, why)];
}
