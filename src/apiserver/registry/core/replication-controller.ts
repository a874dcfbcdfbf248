import type { PodTemplateSpec, ReplicationController } from "../../../api/index.ts";
import { fieldPath, invalid, required } from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors, shownMap } from "../common/check.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { checkPodTemplate } from "../common/pod-template.ts";
import { hostnameWarnings, templateWarnings } from "../common/pod-warnings.ts";
import { checkReplicasStatus } from "../common/replica-status.ts";
import { checkAlwaysRestarts, selectorMismatch } from "../common/selector-and-template.ts";
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
const templatePath = specPath.child("template");

export const replicationControllerStrategy: Strategy<ReplicationController> = {
  ...specAndStatus<ReplicationController>(),
  validate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  warningsOnCreate: ({ metadata, spec }) => [
    ...hostnameWarnings(metadata.name),
    ...templateWarnings(spec?.template, templatePath),
  ],
  // Upstream warns of the template as it was.
  warningsOnUpdate: ({ metadata }, old) =>
    metadata.generation === old.metadata.generation ? [] : templateWarnings(old.spec?.template, templatePath),
  allowUnconditionalUpdate: true,
  defaultPropagation: "Orphan",
  status: statusOnly<ReplicationController>(({ status }, _old, errors) => checkReplicasStatus(status, errors)),
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".spec.selector",
  },
  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },
  table: defineTable([
    nameColumn,
    integer("Desired", "How many pods are wanted.", ({ spec }) => spec?.replicas ?? 0),
    integer("Current", "How many pods there are.", ({ status }) => status?.replicas ?? 0),
    integer("Ready", "How many pods are ready.", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...containerColumns<ReplicationController>(({ spec }) => spec?.template?.spec),
    wide(text("Selector", "Which pods belong to it.", ({ spec }) => labelsText(spec?.selector))),
  ]),
};

function checkSpec(spec: ReplicationController["spec"], errors: Errors): void {
  const { selector = {}, template, replicas } = spec ?? {};
  checkNonNegative(spec?.minReadySeconds, specPath.child("minReadySeconds"), errors);
  if (Object.keys(selector).length === 0) errors.push(required(specPath.child("selector")));
  if (replicas === undefined) errors.push(required(specPath.child("replicas")));
  else checkNonNegative(replicas, specPath.child("replicas"), errors);
  if (template === undefined) errors.push(required(templatePath));
  else checkTemplate(template, selector, errors);
}

function checkTemplate(template: PodTemplateSpec, selector: Readonly<Record<string, string>>, errors: Errors): void {
  const { labels } = template.metadata ?? {};
  if (Object.entries(selector).some(([key, value]) => labels?.[key] !== value)) {
    errors.push(invalid(templatePath.child("metadata").child("labels"), shownMap(labels), selectorMismatch));
  }
  checkPodTemplate(template, templatePath, errors);
  checkAlwaysRestarts(template, "ReplicationController", templatePath, errors);
}
