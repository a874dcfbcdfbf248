import type { PodTemplateSpec, StatefulSet, StatefulSetUpdateStrategy } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  nameIsDnsLabel,
  required,
  semanticEqual,
  validateAnnotations,
  validateLabels,
} from "../../../apimachinery/index.ts";
import { checkEach, checkLabel, checkNonNegative, checkOneOf, type Errors } from "../common/check.ts";
import { checkClaimSpec } from "../common/claim-spec.ts";
import { claimSpecWarnings } from "../common/claim-warnings.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { checkPodAnnotations } from "../common/pod-annotations.ts";
import { checkPodTemplate } from "../common/pod-template.ts";
import { hostnameWarnings, templateWarnings } from "../common/pod-warnings.ts";
import { checkCollisionCount, checkReplicaCounts } from "../common/replica-status.ts";
import {
  checkAlwaysRestarts,
  checkAtMost100Percent,
  checkIntOrPercent,
  checkTemplateLabels,
  checkWorkloadSelector,
  compiledSelector,
  shownSelector,
  emptyTemplate,
  intOrPercentNumber,
} from "../common/selector-and-template.ts";
import type { GatedField } from "../common/gated-fields.ts";
import { ageColumn, containerColumns, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type Spec = NonNullable<StatefulSet["spec"]>;

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");
const templatePath = specPath.child("template");

const mutableFields = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;

const keepsAll =
  "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended";

/** Sets stored before defaults named the kind of claims are no different from those after. */
function withUntypedClaims(spec: Partial<Spec> | undefined): Partial<Spec> {
  if (spec?.volumeClaimTemplates === undefined) return { ...spec };
  const volumeClaimTemplates = spec.volumeClaimTemplates.map(({ apiVersion: _version, kind: _kind, ...rest }) => rest);
  return { ...spec, volumeClaimTemplates };
}

/** What feature gates hide of a set. */
export const gatedSetFields: readonly GatedField<StatefulSet>[] = [
  {
    gate: "MaxUnavailableStatefulSet",
    isUsed: ({ spec }) => spec?.updateStrategy?.rollingUpdate?.maxUnavailable !== undefined,
    drop({ spec }) {
      delete spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
    },
  },
];

export const statefulSetStrategy: Strategy<StatefulSet> = {
  ...specAndStatus<StatefulSet>(),
  validateName: nameIsDnsLabel,
  validate: ({ spec }) => collect((errors) => checkSpec(spec, {}, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      const toleratesTemplate = collect((found) => checkSpec(old.spec, { isUpdate: true }, found)).length > 0;
      checkSpec(spec, { isUpdate: true, toleratesTemplate }, errors);
      const rest = withUntypedClaims(spec);
      const before = withUntypedClaims(old.spec);
      for (const field of mutableFields) {
        delete rest[field];
        delete before[field];
      }
      if (semanticEqual(rest, before)) return;
      const names = mutableFields.map((field) => `'${field}'`);
      const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
      errors.push(forbidden(specPath, `updates to statefulset spec for fields other than ${list} are forbidden`));
    }),
  warningsOnCreate: (set) => [...hostnameWarnings(set.metadata.name), ...specWarnings(set)],
  warningsOnUpdate: (set, old) => (set.metadata.generation === old.metadata.generation ? [] : specWarnings(set)),
  allowUnconditionalUpdate: true,
  status: statusOnly<StatefulSet>(({ status }, old, errors) => {
    const parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    const fields = ["replicas", ...parts, "observedGeneration", "collisionCount"];
    checkReplicaCounts(status ?? {}, fields, parts, "status.readyReplicas", statusPath, errors);
    checkCollisionCount(status?.collisionCount, old.status?.collisionCount, statusPath, errors);
  }),
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".spec.selector",
  },
  table: defineTable([
    nameColumn,
    text("Ready", "How many pods are ready, of how many wanted.", ({ spec, status }) => {
      return `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`;
    }),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec?.template.spec),
  ]),
};

function specWarnings({ spec }: StatefulSet): readonly string[] {
  const { template, volumeClaimTemplates = [], revisionHistoryLimit = 0 } = spec ?? {};
  const claimsPath = specPath.child("volumeClaimTemplates");
  return [
    ...templateWarnings(template, templatePath),
    // The path is upstream's.
    ...volumeClaimTemplates.flatMap((claim, index) =>
      claimSpecWarnings(claim.spec ?? {}, claimsPath.index(index).child("Spec")),
    ),
    ...(revisionHistoryLimit < 0 ? [keepsAll] : []),
  ];
}

interface SpecRules {
  /** What cannot change any more is not judged again. */
  readonly isUpdate?: boolean;
  /** Of sets that were stored before their templates were checked. */
  readonly toleratesTemplate?: boolean;
}

function checkSpec(spec: StatefulSet["spec"], rules: SpecRules, errors: Errors): void {
  const { podManagementPolicy = "" as string, selector, serviceName = "" } = spec ?? {};
  const policyPath = specPath.child("podManagementPolicy");
  if (podManagementPolicy === "") errors.push(required(policyPath));
  else if (podManagementPolicy !== "OrderedReady" && podManagementPolicy !== "Parallel") {
    errors.push(invalid(policyPath, podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  }
  checkUpdateStrategy(spec?.updateStrategy ?? {}, specPath.child("updateStrategy"), errors);
  for (const field of ["whenDeleted", "whenScaled"] as const) {
    const policy = spec?.persistentVolumeClaimRetentionPolicy;
    const at = specPath.child("persistentVolumeClaimRetentionPolicy").child(field);
    if (policy !== undefined) checkOneOf(policy[field] ?? "", ["Retain", "Delete"], at, errors);
  }
  if (rules.isUpdate !== true) {
    checkEach(spec?.volumeClaimTemplates, specPath.child("volumeClaimTemplates"), errors, (claim, at) => {
      checkClaimSpec(claim.spec ?? {}, at.child("spec"), errors);
    });
  }
  checkNonNegative(spec?.replicas, specPath.child("replicas"), errors);
  checkNonNegative(spec?.minReadySeconds, specPath.child("minReadySeconds"), errors);
  checkNonNegative(spec?.ordinals?.start, specPath.child("ordinals.start"), errors);
  if (rules.isUpdate !== true && serviceName !== "") checkLabel(serviceName, specPath.child("serviceName"), errors);
  checkWorkloadSelector(selector, "statefulset", specPath, errors);
  checkTemplate(spec, rules, errors);
}

function checkTemplate(spec: StatefulSet["spec"], rules: SpecRules, errors: Errors): void {
  const { template = emptyTemplate, selector } = spec ?? {};
  const compiled = compiledSelector(selector);
  if (compiled === undefined) errors.push(invalid(specPath.child("selector"), shownSelector(selector), ""));
  else {
    const asRun = templateAsRun(template, spec?.volumeClaimTemplates ?? []);
    checkTemplateLabels(compiled, template, templatePath, errors);
    if (rules.toleratesTemplate !== true) checkPodTemplate(asRun, templatePath, errors);
    const { labels = {}, annotations = {} } = template.metadata ?? {};
    validateLabels(labels, templatePath.child("labels"), errors);
    validateAnnotations(annotations, templatePath.child("annotations"), errors);
    checkPodAnnotations(annotations, asRun.spec ?? { containers: [] }, templatePath.child("annotations"), errors);
  }
  checkAlwaysRestarts(template, "StatefulSet", templatePath, errors);
}

/** The template as the set's pods have it: named by the set, and with a volume for every template of a claim, first. */
function templateAsRun(template: PodTemplateSpec, claims: NonNullable<Spec["volumeClaimTemplates"]>): PodTemplateSpec {
  if (template.spec === undefined) return template;
  const { subdomain: _subdomain, hostname: _hostname, ...spec } = template.spec;
  if (claims.length === 0) return { ...template, spec };
  const names = new Set(claims.map(({ metadata }) => metadata?.name ?? ""));
  const claimed = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumes = [...claimed, ...(spec.volumes ?? []).filter(({ name }) => !names.has(name))];
  return { ...template, spec: { ...spec, volumes } };
}

function checkUpdateStrategy(strategy: StatefulSetUpdateStrategy, path: FieldPath, errors: Errors): void {
  const type: string = strategy.type ?? "";
  const { rollingUpdate } = strategy;
  const at = path.child("rollingUpdate");
  if (type === "") errors.push(required(path));
  else if (type === "OnDelete") {
    if (rollingUpdate !== undefined) {
      errors.push(invalid(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"));
    }
  } else if (type !== "RollingUpdate") errors.push(invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'"));
  else if (rollingUpdate !== undefined) {
    const { partition, maxUnavailable } = rollingUpdate;
    checkNonNegative(partition, at.child("partition"), errors);
    if (maxUnavailable === undefined) return;
    checkIntOrPercent(maxUnavailable, at.child("maxUnavailable"), errors);
    if (intOrPercentNumber(maxUnavailable) === 0)
      errors.push(invalid(at.child("maxUnavailable"), maxUnavailable, "cannot be 0"));
    checkAtMost100Percent(maxUnavailable, at.child("maxUnavailable"), errors);
  }
}
