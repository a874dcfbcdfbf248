import type { Deployment, DeploymentStrategy } from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  notSupported,
  required,
  semanticEqual,
  validateImmutableField,
} from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors } from "../common/check.ts";
import { collect, countGeneration, keep, specAndStatus, statusOnly } from "../common/lifecycle.ts";
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
  intOrPercentNumber,
} from "../common/selector-and-template.ts";
import { ageColumn, containerColumns, defineTable, nameColumn, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");
const templatePath = specPath.child("template");

export const deploymentStrategy: Strategy<Deployment> = {
  prepareForCreate: specAndStatus<Deployment>().prepareForCreate,
  prepareForUpdate(deployment, old) {
    keep(deployment, old, "status");
    const changed =
      !semanticEqual(deployment.spec, old.spec) ||
      !semanticEqual(deployment.metadata.annotations, old.metadata.annotations);
    countGeneration(deployment, old, changed);
  },
  validate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      checkSpec(spec, errors);
      validateImmutableField(spec.selector, old.spec.selector, specPath.child("selector"), errors, shownSelector);
    }),
  warningsOnCreate: ({ metadata, spec }) => [
    ...hostnameWarnings(metadata.name),
    ...templateWarnings(spec.template, templatePath),
  ],
  warningsOnUpdate: ({ spec, metadata }, old) =>
    metadata.generation === old.metadata.generation ? [] : templateWarnings(spec.template, templatePath),
  allowUnconditionalUpdate: true,
  status: statusOnly<Deployment>(checkStatus, ["labels"]),
  resetFields: { status: ["spec", "metadata.labels"] },
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".spec.selector",
  },
  table: defineTable([
    nameColumn,
    text("Ready", "How many pods are ready, of how many wanted.", ({ spec, status }) => {
      return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
    }),
    text("Up-to-date", "How many pods run the latest template.", ({ status }) => status?.updatedReplicas ?? 0),
    text("Available", "How many pods have been ready long enough.", ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<Deployment>(({ spec }) => spec.template.spec),
    wide(
      text(
        "Selector",
        "Which pods belong to it.",
        ({ spec }) => compiledSelector(spec.selector)?.toString() ?? "<invalid>",
      ),
    ),
  ]),
};

function checkSpec(spec: Deployment["spec"], errors: Errors): void {
  checkNonNegative(spec.replicas, specPath.child("replicas"), errors);
  checkWorkloadSelector(spec.selector, "deployment", specPath, errors);
  const selector = compiledSelector(spec.selector);
  const templatePath = specPath.child("template");
  if (selector === undefined)
    errors.push(invalid(specPath.child("selector"), shownSelector(spec.selector), "invalid label selector"));
  else {
    checkTemplateLabels(selector, spec.template, templatePath, errors);
    checkPodTemplate(spec.template, templatePath, errors);
    checkAlwaysRestarts(spec.template, "ReplicaSet", templatePath, errors);
  }
  checkDeploymentStrategy(spec.strategy ?? {}, specPath.child("strategy"), errors);
  checkNonNegative(spec.minReadySeconds, specPath.child("minReadySeconds"), errors);
  checkNonNegative(spec.revisionHistoryLimit, specPath.child("revisionHistoryLimit"), errors);
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  if (deadline === undefined) return;
  const at = specPath.child("progressDeadlineSeconds");
  checkNonNegative(deadline, at, errors);
  if (deadline <= minReadySeconds) errors.push(invalid(at, deadline, "must be greater than minReadySeconds"));
}

function checkDeploymentStrategy(strategy: DeploymentStrategy, path: FieldPath, errors: Errors): void {
  const { rollingUpdate } = strategy;
  const type: string = strategy.type ?? "";
  const at = path.child("rollingUpdate");
  if (type === "Recreate") {
    if (rollingUpdate !== undefined)
      errors.push(forbidden(at, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (type !== "RollingUpdate") {
    const shown = rollingUpdate && { MaxUnavailable: rollingUpdate.maxUnavailable, MaxSurge: rollingUpdate.maxSurge };
    errors.push(notSupported(path, { Type: type, RollingUpdate: shown ?? null }, ["Recreate", "RollingUpdate"]));
  } else if (rollingUpdate === undefined) errors.push(required(at, "this should be defaulted and never be nil"));
  else {
    const { maxUnavailable, maxSurge } = rollingUpdate;
    checkIntOrPercent(maxUnavailable, at.child("maxUnavailable"), errors);
    checkIntOrPercent(maxSurge, at.child("maxSurge"), errors);
    if (intOrPercentNumber(maxUnavailable) === 0 && intOrPercentNumber(maxSurge) === 0) {
      errors.push(invalid(at.child("maxUnavailable"), maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0"));
    }
    checkAtMost100Percent(maxUnavailable, at.child("maxUnavailable"), errors);
  }
}

const counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"];

function checkStatus({ status = {} }: Deployment, old: Deployment, errors: Errors): void {
  const fields = ["observedGeneration", ...counts, "terminatingReplicas", "collisionCount"];
  const parts = ["updatedReplicas", "readyReplicas", "availableReplicas"];
  checkReplicaCounts(status, fields, parts, "readyReplicas", statusPath, errors);
  checkCollisionCount(status.collisionCount, old.status?.collisionCount, statusPath, errors);
}
