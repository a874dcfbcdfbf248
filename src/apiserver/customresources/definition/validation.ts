import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  isDns1035Label,
  isDns1123Subdomain,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { applyDefaults } from "../schema/defaults.ts";
import { prune } from "../schema/prune.ts";
import { checkRuleDefinitions } from "../rules/index.ts";
import { type Structural, structuralOf } from "../schema/structural.ts";
import { validateValue } from "../schema/validate-value.ts";
import { compileJsonPath } from "../json-path.ts";
import { checkStructural } from "./structural-rules.ts";

type Errors = FieldError[];
const columnTypes = ["integer", "number", "string", "boolean", "date"];

/** Upstream: `ValidateCustomResourceDefinition`. */
export function validateDefinition(definition: CustomResourceDefinition): readonly FieldError[] {
  const errors: Errors = [];
  const { spec, metadata } = definition;
  const path = fieldPath("spec");
  if (metadata.name !== `${spec.names.plural}.${spec.group}`) {
    errors.push(
      invalid(fieldPath("metadata", "name"), metadata.name ?? "", 'must be spec.names.plural+"."+spec.group'),
    );
  }
  checkGroup(spec.group, path.child("group"), errors);
  checkApproval(definition, errors);
  if (!["Cluster", "Namespaced"].includes(spec.scope))
    errors.push(notSupported(path.child("scope"), spec.scope, ["Cluster", "Namespaced"]));
  checkVersions(definition, path.child("versions"), errors);
  checkNames(definition, path.child("names"), errors);
  checkConversion(definition, path.child("conversion"), errors);
  if (spec.preserveUnknownFields === true) {
    errors.push(
      invalid(
        path.child("preserveUnknownFields"),
        true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      ),
    );
  }
  return errors;
}

/** Upstream: `ValidateCustomResourceDefinitionUpdate`. */
export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): readonly FieldError[] {
  const errors = [...validateDefinition(definition)];
  const established =
    old.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") === true;
  if (established && definition.spec.scope !== old.spec.scope) {
    errors.push(invalid(fieldPath("spec", "scope"), definition.spec.scope, "field is immutable"));
  }
  if (established && definition.spec.names.kind !== old.spec.names.kind) {
    errors.push(invalid(fieldPath("spec", "names", "kind"), definition.spec.names.kind, "field is immutable"));
  }
  const names = new Set(definition.spec.versions.map(({ name }) => name));
  for (const [index, stored] of (old.status?.storedVersions ?? []).entries()) {
    if (!names.has(stored))
      errors.push(invalid(fieldPath("status", "storedVersions").index(index), stored, "must appear in spec.versions"));
  }
  return errors;
}

function checkGroup(group: string, path: FieldPath, errors: Errors): void {
  if (group === "") return void errors.push(required(path));
  const problems = isDns1123Subdomain(group);
  if (problems.length > 0) errors.push(invalid(path, group, problems.join(",")));
  else if (!group.includes(".")) errors.push(invalid(path, group, "should be a domain with at least one dot"));
}

const approval = "api-approved.kubernetes.io";

/** Groups of the Kubernetes project are for what it has approved. */
function checkApproval({ spec, metadata }: CustomResourceDefinition, errors: Errors): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return;
  const said = metadata.annotations?.[approval] ?? "";
  const path = fieldPath("metadata", "annotations").key(approval);
  const see = "see https://github.com/kubernetes/enhancements/pull/1111";
  if (said === "")
    errors.push(required(path, `protected groups must have approval annotation ${JSON.stringify(approval)}, ${see}`));
  else if (!said.startsWith("unapproved") && !URL.canParse(said)) {
    const wanted = `protected groups must have approval annotation ${JSON.stringify(approval)} with either a URL or a reason starting with "unapproved", ${see}`;
    errors.push(invalid(path, said, wanted));
  }
}

function checkVersions(definition: CustomResourceDefinition, path: FieldPath, errors: Errors): void {
  const { versions } = definition.spec;
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const at = path.index(index);
    for (const problem of isDns1035Label(version.name)) errors.push(invalid(at.child("name"), version.name, problem));
    if (seen.has(version.name)) errors.push(invalid(path, version.name, "must contain unique version names"));
    seen.add(version.name);
    checkVersion(version, at, errors);
  }
  const storage = versions.filter((version) => version.storage).length;
  if (storage !== 1) errors.push(invalid(path, versions, "must have exactly one version marked as storage version"));
}

function checkVersion(version: CustomResourceDefinitionVersion, path: FieldPath, errors: Errors): void {
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined)
    errors.push(required(path.child("schema").child("openAPIV3Schema"), "schemas are required"));
  else {
    const before = errors.length;
    const at = path.child("schema").child("openAPIV3Schema");
    checkStructural(schema, at, errors);
    if (errors.length === before) {
      checkDefaults(structuralOf(schema), at, true, errors);
      checkRuleDefinitions(schema, at, errors);
    }
  }
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries()) {
    const at = path.child("additionalPrinterColumns").index(index);
    if (column.name === "") errors.push(required(at.child("name")));
    if (!columnTypes.includes(column.type))
      errors.push(invalid(at.child("type"), column.type, `must be one of ${columnTypes.join(",")}`));
    checkJsonPath(column.jsonPath, at.child("jsonPath"), errors);
  }
  const scale = version.subresources?.scale;
  if (scale === undefined) return;
  const at = path.child("subresources").child("scale");
  checkScalePath(scale.specReplicasPath, ".spec.", at.child("specReplicasPath"), errors);
  checkScalePath(scale.statusReplicasPath, ".status.", at.child("statusReplicasPath"), errors);
  const selector = scale.labelSelectorPath;
  if (selector !== undefined && selector !== "" && !/^\.(spec|status)\./.test(selector)) {
    errors.push(
      invalid(at.child("labelSelectorPath"), selector, "should be a json path under either .status or .spec"),
    );
  }
}

function checkScalePath(value: string, prefix: string, path: FieldPath, errors: Errors): void {
  if (value === "") errors.push(required(path));
  else if (!value.startsWith(prefix))
    errors.push(invalid(path, value, `should be a json path under ${prefix.slice(0, -1)}`));
  else checkJsonPath(value, path, errors);
}

function checkJsonPath(value: string, path: FieldPath, errors: Errors): void {
  if (value === "") return void errors.push(required(path));
  try {
    if (!value.startsWith(".")) throw new Error("must be a simple json path starting with .");
    compileJsonPath(value);
  } catch (error) {
    errors.push(invalid(path, value, messageOf(error)));
  }
}

/** A default must survive its own schema: nothing pruned, and valid. */
function checkDefaults(structural: Structural, path: FieldPath, isRoot: boolean, errors: Errors): void {
  const { default: value } = structural.props;
  if (value !== undefined && !isRoot) {
    const copy = structuredClone(value);
    const pruned = prune(copy, structural, false);
    if (pruned.length > 0)
      errors.push(invalid(path.child("default"), value, `must not have unknown fields: ${pruned.join(", ")}`));
    applyDefaults(copy, structural);
    for (const problem of validateValue(copy, structural.props)) {
      errors.push({
        ...problem,
        field:
          problem.field === "<nil>"
            ? path.child("default").toString()
            : `${path.child("default").toString()}.${problem.field}`,
      });
    }
  }
  for (const [name, child] of structural.properties)
    checkDefaults(child, path.child("properties").key(name), false, errors);
  if (structural.items !== undefined) checkDefaults(structural.items, path.child("items"), false, errors);
  if (typeof structural.additional === "object")
    checkDefaults(structural.additional, path.child("additionalProperties"), false, errors);
}

function checkNames(definition: CustomResourceDefinition, path: FieldPath, errors: Errors): void {
  const { plural, singular, kind, listKind, shortNames, categories } = definition.spec.names;
  const label = (value: string | undefined, name: string, text = value ?? "") => {
    const problems = isDns1035Label(text);
    if (problems.length > 0) errors.push(invalid(path.child(name), value ?? "", problems.join(",")));
  };
  label(plural, "plural");
  label(singular, "singular");
  label(kind, "kind", kind.toLowerCase());
  if (listKind !== undefined) label(listKind, "listKind", listKind.toLowerCase());
  for (const [index, name] of (shortNames ?? []).entries()) {
    for (const problem of isDns1035Label(name))
      errors.push(invalid(path.child("shortNames").index(index), name, problem));
  }
  for (const [index, name] of (categories ?? []).entries()) {
    for (const problem of isDns1035Label(name))
      errors.push(invalid(path.child("categories").index(index), name, problem));
  }
  if (kind !== "" && kind === listKind)
    errors.push(invalid(path.child("listKind"), listKind, "kind and listKind may not be the same"));
}

function checkConversion(definition: CustomResourceDefinition, path: FieldPath, errors: Errors): void {
  const { conversion } = definition.spec;
  if (conversion === undefined) return;
  const { strategy, webhook } = conversion;
  if (!["None", "Webhook"].includes(strategy))
    return void errors.push(notSupported(path.child("strategy"), strategy, ["None", "Webhook"]));
  if (strategy === "None") {
    if (webhook !== undefined)
      errors.push(forbidden(path.child("webhook"), "should not be set when strategy is not set to Webhook"));
    return;
  }
  const at = path.child("webhook");
  const config = webhook?.clientConfig;
  if (config === undefined) errors.push(required(at.child("clientConfig"), "required when strategy is set to Webhook"));
  else if ((config.url === undefined) === (config.service === undefined)) {
    errors.push(required(at.child("clientConfig"), "exactly one of url or service is required"));
  }
  if (!webhook?.conversionReviewVersions?.length) errors.push(required(at.child("conversionReviewVersions")));
  else if (!webhook.conversionReviewVersions.some((version) => version === "v1" || version === "v1beta1")) {
    errors.push(
      invalid(
        at.child("conversionReviewVersions"),
        webhook.conversionReviewVersions,
        "must include at least one of v1, v1beta1",
      ),
    );
  }
}
