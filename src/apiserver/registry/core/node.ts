import { internalForm, type Node, type Taint } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  duplicate,
  fieldPath,
  forbidden,
  invalid,
  isValidLabelValue,
  parseIpPrefix,
  semanticEqual,
  validateLabelName,
  validateLegacyCidr,
  warningsForCidr,
  quote,
} from "../../../apimachinery/index.ts";
import { checkEach, checkRequiredOneOf, type Errors } from "../common/check.ts";
import { collect, keep } from "../common/lifecycle.ts";
import { checkQuantityOf } from "../common/resources.ts";
import { taintEffects } from "../common/scheduling.ts";
import { ageColumn, defineTable, nameColumn, none, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const podCidrsPath = fieldPath("spec", "podCIDRs");
const statusPath = fieldPath("status");
/** Upstream says so, though taints are in the spec. */
const taintsPath = fieldPath("metadata", "taints");

export const nodeStrategy: Strategy<Node> = {
  prepareForCreate({ spec, status }) {
    delete spec?.configSource;
    delete status?.config;
  },
  prepareForUpdate(node, old) {
    keep(node, old, "status");
    if (old.spec?.configSource === undefined) delete node.spec?.configSource;
  },
  validate: (node) => collect((errors) => checkNode(node, errors)),
  validateUpdate: (node, old) => [...collect((errors) => checkNode(node, errors)), ...checkChange(node, old)],
  warningsOnCreate: nodeWarnings,
  warningsOnUpdate: nodeWarnings,
  allowUnconditionalUpdate: true,
  status: {
    prepareForUpdate(node, old) {
      keep(node, old, "spec");
      if (old.status?.config === undefined) delete node.status?.config;
    },
    validateUpdate: checkChange,
  },
  selectableFields: { "spec.unschedulable": ({ spec }) => String(spec?.unschedulable ?? false) },
  table: defineTable([
    nameColumn,
    text("Status", "Whether it is ready, and whether new pods may come.", statusText),
    text("Roles", "What it is for, by its labels.", rolesText),
    ageColumn,
    text("Version", "The version of its kubelet.", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
    wide(text("Internal-IP", "Its address inside the cluster.", (node) => addressText(node, "InternalIP"))),
    wide(text("External-IP", "Its address outside the cluster.", (node) => addressText(node, "ExternalIP"))),
    wide(text("OS-Image", "Its operating system.", ({ status }) => unknown(status?.nodeInfo?.osImage))),
    wide(text("Kernel-Version", "Its kernel, and for which processor.", kernelText)),
    wide(
      text("Container-Runtime", "What runs its containers.", ({ status }) =>
        unknown(status?.nodeInfo?.containerRuntimeVersion),
      ),
    ),
  ]),
};

function kernelText({ status }: Node): string {
  const { architecture = "", kernelVersion } = status?.nodeInfo ?? {};
  return `${unknown(kernelVersion)}${architecture === "" ? "" : ` (${architecture})`}`;
}

function nodeWarnings({ spec }: Node): readonly string[] {
  const { configSource, externalID = "", podCIDRs = [] } = spec ?? {};
  return [
    ...(configSource === undefined ? [] : ["spec.configSource: the feature is removed"]),
    ...(externalID === "" ? [] : ["spec.externalID: this field is deprecated, and is unused by Kubernetes"]),
    ...podCIDRs.flatMap((cidr, index) => warningsForCidr(cidr, podCidrsPath.index(index))),
  ];
}

function checkNode({ spec, status }: Node, errors: Errors): void {
  checkTaints(spec?.taints ?? [], taintsPath, errors);
  checkAmounts(status, errors);
  checkDeclaredFeatures(status?.declaredFeatures ?? [], errors);
  const cidrs = spec?.podCIDRs ?? [];
  checkEach(cidrs, podCidrsPath, errors, (cidr, path) => validateLegacyCidr(cidr, path, errors));
  if (cidrs.length < 2) return;
  const families = new Set(cidrs.map((cidr) => parseIpPrefix(cidr)?.address.family));
  if (families.size < 2 || cidrs.length > 2) {
    errors.push(invalid(podCidrsPath, cidrs, "may specify no more than one CIDR for each IP family"));
  }
}

export function checkTaints(taints: readonly Taint[], path: FieldPath, errors: Errors): void {
  const seen = new Set<string>();
  checkEach(taints, path, errors, (taint, at) => {
    validateLabelName(taint.key, at.child("key"), errors);
    const messages = isValidLabelValue(taint.value ?? "");
    if (messages.length > 0) errors.push(invalid(at.child("value"), taint.value ?? "", messages.join(";")));
    checkRequiredOneOf(taint.effect, taintEffects, at.child("effect"), errors);
    const identity = `${taint.effect} ${taint.key}`;
    if (seen.has(identity)) {
      errors.push({
        ...duplicate(at, internalForm("core/v1", "Taint", taint)),
        detail: "taints must be unique by key and effect pair",
      });
    }
    seen.add(identity);
  });
}

function checkAmounts(status: Node["status"], errors: Errors): void {
  for (const field of ["capacity", "allocatable"] as const) {
    for (const [name, value] of Object.entries(status?.[field] ?? {})) {
      checkQuantityOf(name, value, statusPath.child(field).child(name), errors);
    }
  }
}

const featureName = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const featureNameRule =
  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
const featureNameMax = 253;

/** Names of features in the order of the alphabet, each once. */
function checkDeclaredFeatures(features: readonly string[], errors: Errors): void {
  const path = statusPath.child("declaredFeatures");
  for (const [index, feature] of features.entries()) {
    const refuse = (why: string) =>
      errors.push(invalid(path.index(index), feature, `invalid feature name ${quote(feature)}: ${why}`));
    if (feature.length > featureNameMax) refuse(`must be no more than ${featureNameMax} characters`);
    else if (!featureName.test(feature)) refuse(featureNameRule);
    const next = features[index + 1];
    if (next === undefined) continue;
    if (next === feature) errors.push(duplicate(path.index(index + 1), next));
    else if (feature > next) errors.push(invalid(path.index(index + 1), next, "list must be sorted alphabetically"));
  }
}

function checkChange(node: Node, old: Node): readonly FieldError[] {
  return collect((errors) => {
    const { spec = {}, status = {} } = node;
    const before = old.spec ?? {};
    checkAmounts(status, errors);
    checkDeclaredFeatures(status.declaredFeatures ?? [], errors);
    const seen = new Set<string>();
    checkEach(status.addresses, statusPath.child("addresses"), errors, (address, path) => {
      const identity = `${address.type} ${address.address}`;
      if (seen.has(identity)) errors.push(duplicate(path, { Type: address.type, Address: address.address }));
      seen.add(identity);
    });
    checkTaints(spec.taints ?? [], taintsPath, errors);
    if ((before.podCIDRs ?? []).length > 0 && !semanticEqual(before.podCIDRs, spec.podCIDRs)) {
      errors.push(forbidden(podCidrsPath, 'node updates may not change podCIDR except from "" to valid'));
    }
    if ((before.providerID ?? "") !== "" && before.providerID !== spec.providerID) {
      const path = fieldPath("spec", "providerID");
      errors.push(forbidden(path, 'node updates may not change providerID except from "" to valid'));
    }
    if ((spec.externalID ?? "") !== (before.externalID ?? "")) {
      errors.push(forbidden(fieldPath("spec", "externalID"), "may not be updated"));
    }
  });
}

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable === true ? `${state},SchedulingDisabled` : state;
}

const rolePrefix = "node-role.kubernetes.io/";

function rolesText({ metadata }: Node): string {
  const roles = Object.entries(metadata.labels ?? {}).map(([key, value]) =>
    key.startsWith(rolePrefix) ? key.slice(rolePrefix.length) : key === "kubernetes.io/role" ? value : "",
  );
  return none(
    [...new Set(roles)]
      .filter((role) => role !== "")
      .sort()
      .join(","),
  );
}

function addressText({ status }: Node, type: string): string {
  return none(status?.addresses?.find((address) => address.type === type)?.address);
}

function unknown(value: string | undefined): string {
  return value === undefined || value === "" ? "<unknown>" : value;
}
