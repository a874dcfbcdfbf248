import type { PodTemplateSpec, ReplicaSet } from "../../../api/index.ts";
import { fieldPath, formatLabelSelector, invalid, validateImmutableField } from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors } from "../common/check.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { checkPodTemplate } from "../common/pod-template.ts";
import { hostnameWarnings, templateWarnings } from "../common/pod-warnings.ts";
import { checkReplicasStatus } from "../common/replica-status.ts";
import {
  checkAlwaysRestarts,
  checkTemplateLabels,
  checkWorkloadSelector,
  compiledSelector,
  shownSelector,
  emptyTemplate,
} from "../common/selector-and-template.ts";
import { ageColumn, containerColumns, defineTable, integer, nameColumn, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const templatePath = specPath.child("template");

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  ...specAndStatus<ReplicaSet>(),
  validate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      checkSpec(spec, errors);
      validateImmutableField(spec?.selector, old.spec?.selector, specPath.child("selector"), errors, shownSelector);
    }),
  warningsOnCreate: ({ metadata, spec }) => [
    ...hostnameWarnings(metadata.name),
    ...templateWarnings(spec?.template, templatePath),
  ],
  warningsOnUpdate: ({ metadata, spec }, old) =>
    metadata.generation === old.metadata.generation ? [] : templateWarnings(spec?.template, templatePath),
  allowUnconditionalUpdate: true,
  status: statusOnly<ReplicaSet>(({ status }, _old, errors) => checkReplicasStatus(status, errors)),
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".spec.selector",
  },
  table: defineTable([
    nameColumn,
    integer("Desired", "How many pods are wanted.", ({ spec }) => spec?.replicas ?? 0),
    integer("Current", "How many pods there are.", ({ status }) => status?.replicas ?? 0),
    integer("Ready", "How many pods are ready.", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicaSet>(({ spec }) => spec?.template?.spec),
    wide(text("Selector", "Which pods belong to it.", ({ spec }) => formatLabelSelector(spec?.selector))),
  ]),
};

function checkSpec(spec: ReplicaSet["spec"], errors: Errors): void {
  checkNonNegative(spec?.replicas, specPath.child("replicas"), errors);
  checkNonNegative(spec?.minReadySeconds, specPath.child("minReadySeconds"), errors);
  checkWorkloadSelector(spec?.selector, "deployment", specPath, errors);
  const selector = compiledSelector(spec?.selector);
  const template: PodTemplateSpec = spec?.template ?? emptyTemplate;
  if (selector === undefined)
    errors.push(invalid(specPath.child("selector"), shownSelector(spec?.selector), "invalid label selector"));
  else {
    checkTemplateLabels(selector, template, specPath.child("template"), errors);
    checkPodTemplate(template, specPath.child("template"), errors);
    checkAlwaysRestarts(template, "ReplicaSet", specPath.child("template"), errors);
  }
}
