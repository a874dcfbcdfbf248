import type { DaemonSet, DaemonSetUpdateStrategy } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  formatLabelSelector,
  invalid,
  notSupported,
  required,
  semanticEqual,
  validateImmutableField,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors, shownMap } from "../common/check.ts";
import { collect, countGeneration, keep, statusOnly } from "../common/lifecycle.ts";
import { checkPodTemplate } from "../common/pod-template.ts";
import { templateWarnings } from "../common/pod-warnings.ts";
import { checkCollisionCount } from "../common/replica-status.ts";
import {
  checkAlwaysRestarts,
  checkAtMost100Percent,
  checkIntOrPercent,
  compiledSelector,
  intOrPercentNumber,
  isEmptySelector,
  selectorMismatch,
  shownSelector,
} from "../common/selector-and-template.ts";
import {
  ageColumn,
  containerColumns,
  defineTable,
  integer,
  labelsText,
  nameColumn,
  text,
  wide,
} from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");
const templatePath = specPath.child("template");
/** Where the number of the template has stood since it left the spec. */
const templateGeneration = "deprecated.daemonset.template.generation";

export const daemonSetStrategy: Strategy<DaemonSet> = {
  prepareForCreate(set) {
    delete set.status;
    set.metadata.generation = 1;
    setTemplateGeneration(set, Math.max(1, readTemplateGeneration(set)));
  },
  prepareForUpdate(set, old) {
    keep(set, old, "status");
    const changed = !semanticEqual(set.spec.template, old.spec.template);
    setTemplateGeneration(set, readTemplateGeneration(old) + (changed ? 1 : 0));
    countGeneration(set, old, !semanticEqual(set.spec, old.spec));
  },
  validate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      validateImmutableField(spec.selector, old.spec.selector, specPath.child("selector"), errors, shownSelector);
      checkSpec(spec, errors);
    }),
  warningsOnCreate: ({ spec }) => templateWarnings(spec.template, templatePath),
  warningsOnUpdate: ({ metadata, spec }, old) =>
    metadata.generation === old.metadata.generation ? [] : templateWarnings(spec.template, templatePath),
  allowUnconditionalUpdate: true,
  status: statusOnly<DaemonSet>(({ status }, old, errors) => {
    const counts = (status ?? {}) as Readonly<Record<string, unknown>>;
    for (const field of statusCounts) {
      const value = counts[field];
      if (typeof value === "number") checkNonNegative(value, statusPath.child(field), errors);
    }
    checkCollisionCount(status?.collisionCount, old.status?.collisionCount, statusPath, errors);
  }),
  table: defineTable([
    nameColumn,
    integer("Desired", "On how many nodes a pod should run.", ({ status }) => status?.desiredNumberScheduled ?? 0),
    integer("Current", "On how many of them a pod runs.", ({ status }) => status?.currentNumberScheduled ?? 0),
    integer("Ready", "On how many of them the pod is ready.", ({ status }) => status?.numberReady ?? 0),
    integer(
      "Up-to-date",
      "On how many of them the pod has the latest template.",
      ({ status }) => status?.updatedNumberScheduled ?? 0,
    ),
    integer(
      "Available",
      "On how many of them the pod has been ready long enough.",
      ({ status }) => status?.numberAvailable ?? 0,
    ),
    text("Node Selector", "The labels that nodes must have.", ({ spec }) =>
      labelsText(spec.template.spec?.nodeSelector),
    ),
    ageColumn,
    ...containerColumns<DaemonSet>(({ spec }) => spec.template.spec),
    wide(text("Selector", "Which pods belong to it.", ({ spec }) => formatLabelSelector(spec.selector))),
  ]),
};

const statusCounts = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
];

function readTemplateGeneration({ metadata }: DaemonSet): number {
  const value = Number(metadata.annotations?.[templateGeneration] ?? "0");
  return Number.isInteger(value) ? value : 0;
}

function setTemplateGeneration(set: DaemonSet, generation: number): void {
  set.metadata.annotations = { ...set.metadata.annotations, [templateGeneration]: String(generation) };
}

function checkSpec(spec: DaemonSet["spec"], errors: Errors): void {
  const selectorPath = specPath.child("selector");
  validateLabelSelector(spec.selector, selectorPath, errors);
  const { labels } = spec.template.metadata ?? {};
  if (compiledSelector(spec.selector)?.matches(labels) === false) {
    errors.push(invalid(templatePath.child("metadata").child("labels"), shownMap(labels), selectorMismatch));
  }
  if (spec.selector !== undefined && isEmptySelector(spec.selector)) {
    errors.push(invalid(selectorPath, shownSelector(spec.selector), "empty selector is invalid for daemonset"));
  }
  checkPodTemplate(spec.template, templatePath, errors);
  checkAlwaysRestarts(spec.template, "DaemonSet", templatePath, errors);
  checkNonNegative(spec.minReadySeconds, specPath.child("minReadySeconds"), errors);
  checkUpdateStrategy(spec.updateStrategy ?? {}, specPath.child("updateStrategy"), errors);
  checkNonNegative(spec.revisionHistoryLimit, specPath.child("revisionHistoryLimit"), errors);
}

function checkUpdateStrategy(strategy: DaemonSetUpdateStrategy, path: FieldPath, errors: Errors): void {
  const type: string = strategy.type ?? "";
  const at = path.child("rollingUpdate");
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate") {
    errors.push(
      notSupported(path, { Type: type, RollingUpdate: strategy.rollingUpdate ?? null }, ["RollingUpdate", "OnDelete"]),
    );
    return;
  }
  if (strategy.rollingUpdate === undefined) {
    errors.push(required(at));
    return;
  }
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate;
  checkIntOrPercent(maxUnavailable, at.child("maxUnavailable"), errors);
  checkIntOrPercent(maxSurge, at.child("maxSurge"), errors);
  checkAtMost100Percent(maxUnavailable, at.child("maxUnavailable"), errors);
  checkAtMost100Percent(maxSurge, at.child("maxSurge"), errors);
  const [unavailable, surge] = [intOrPercentNumber(maxUnavailable) !== 0, intOrPercentNumber(maxSurge) !== 0];
  if (unavailable && surge)
    errors.push(invalid(at.child("maxSurge"), maxSurge, "may not be set when maxUnavailable is non-zero"));
  if (!unavailable && !surge) errors.push(required(at.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"));
}
