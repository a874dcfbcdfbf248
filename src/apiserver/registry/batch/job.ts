import { internalFormOf, type Job, type JobSpec } from "../../../api/index.ts";
import {
  type FieldError,
  fieldPath,
  formatLabelSelector,
  humanDuration,
  invalid,
  isDns1123Label,
  labelSelectorHasInvalidValue,
  required,
  semanticEqual,
  validateImmutableField,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { type Errors, shownMap } from "../common/check.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { hostnameWarnings } from "../common/pod-warnings.ts";
import { compiledSelector, selectorMismatch, shownSelector } from "../common/selector-and-template.ts";
import { ageColumn, containerColumns, defineTable, nameColumn, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkJobSpec } from "./job-spec.ts";
import { expectedTemplate } from "./job-template.ts";
import { checkJobStatus } from "./job-status.ts";
import { jobWarnings } from "./warnings.ts";

const specPath = fieldPath("spec");
const templatePath = specPath.child("template");
const uidLabel = "batch.kubernetes.io/controller-uid";
const nameLabel = "batch.kubernetes.io/job-name";
const shape = specAndStatus<Job>();

const leavesPods =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

export const jobStrategy: Strategy<Job> = {
  prepareForCreate(job, context) {
    shape.prepareForCreate?.(job, context);
    generateSelector(job);
  },
  ...(shape.prepareForUpdate === undefined ? {} : { prepareForUpdate: shape.prepareForUpdate }),
  validate: checkJob,
  validateUpdate: checkJobUpdate,
  warningsOnCreate: ({ metadata, spec }) => [...hostnameWarnings(metadata.name), ...jobWarnings(spec, specPath)],
  warningsOnUpdate: ({ metadata, spec }, old) =>
    metadata.generation === old.metadata.generation ? [] : jobWarnings(spec, specPath),
  warningsOnDelete: (isOpen) => (isOpen ? [leavesPods] : []),
  allowUnconditionalUpdate: true,
  defaultPropagation: "Orphan",
  status: statusOnly<Job>(checkJobStatus),
  selectableFields: { "status.successful": ({ status }) => String(status?.succeeded ?? 0) },
  table: defineTable([
    nameColumn,
    text("Status", "How far it is.", statusText),
    text("Completions", "How many pods have succeeded, of how many.", completionsText),
    text("Duration", "How long it took, or has taken.", durationText),
    ageColumn,
    ...containerColumns<Job>(({ spec }) => spec.template.spec),
    wide(text("Selector", "Which pods belong to it.", ({ spec }) => formatLabelSelector(spec.selector))),
  ]),
};

function statusText({ metadata, status }: Job): string {
  const is = (type: string) => status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
  for (const type of ["Complete", "Failed"]) if (is(type)) return type;
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  for (const type of ["Suspended", "FailureTarget", "SuccessCriteriaMet"]) if (is(type)) return type;
  return "Running";
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = spec;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, nowMs: number): string {
  if (status?.startTime === undefined) return "";
  const end = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

/** Pods are told from those of other jobs by the job's uid, unless the creator wants to choose. */
function generateSelector({ spec, metadata }: Job): void {
  if (spec.manualSelector === true) return;
  const { uid = "", name = "" } = metadata;
  const labels = {
    [uidLabel]: uid,
    "controller-uid": uid,
    [nameLabel]: name,
    "job-name": name,
  };
  const template = spec.template.metadata ?? {};
  // Upstream's defaults give a job without labels those of its pods, to which the generated ones belong.
  if (metadata.labels === undefined || semanticEqual(metadata.labels, template.labels)) {
    metadata.labels = { ...labels, ...template.labels };
  }
  // A label that the creator set to something else is refused by validation.
  spec.template.metadata = { ...template, labels: { ...labels, ...template.labels } };
  const selector = spec.selector ?? {};
  if (selector.matchLabels?.[uidLabel] === undefined) {
    spec.selector = { ...selector, matchLabels: { ...selector.matchLabels, [uidLabel]: uid } };
  }
}

function checkJob(job: Job): readonly FieldError[] {
  return collect((errors) => {
    checkGeneratedSelector(job, true, errors);
    checkSpec(job.spec, {}, errors);
    checkHostnames(job, errors);
  });
}

/** Pods of indexed jobs are called after job and index. */
function checkHostnames({ metadata, spec }: Job, errors: Errors): void {
  const { name = "" } = metadata;
  const { completionMode, completions = 0 } = spec;
  if (completionMode !== "Indexed" || completions <= 0) return;
  const hostname = `${name}-${completions - 1}`;
  if (isDns1123Label(hostname).length === 0) return;
  const why = `will not able to create pod with invalid DNS label: ${hostname}`;
  errors.push(invalid(fieldPath("metadata", "name"), name, why));
}

/** `prefixed`: jobs from before v1.27 have only the labels without a prefix. */
function checkGeneratedSelector({ spec, metadata }: Job, prefixed: boolean, errors: Errors): void {
  if (spec.manualSelector === true || spec.selector === undefined) return;
  const { uid = "", name = "" } = metadata;
  if (uid === "") errors.push(required(fieldPath("metadata", "uid")));
  const expected: Record<string, string> = { "controller-uid": uid, "job-name": name };
  if (prefixed) Object.assign(expected, { [uidLabel]: uid, [nameLabel]: name });
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const path = templatePath.child("metadata").child("labels").key(key);
    if (labels[key] === undefined) errors.push(required(path, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalid(path, shownMap(labels), `must be '${value}'`));
  }
  if (compiledSelector(spec.selector)?.matches(expected) === false) {
    errors.push(invalid(specPath.child("selector"), shownSelector(spec.selector), "`selector` not auto-generated"));
  }
}

function checkSpec(spec: JobSpec, rules: { readonly allowInvalidValues?: boolean }, errors: Errors): void {
  checkJobSpec(spec, specPath, errors);
  const selectorPath = specPath.child("selector");
  if (spec.selector === undefined) errors.push(required(selectorPath));
  else validateLabelSelector(spec.selector, selectorPath, errors, rules);
  const { labels } = spec.template.metadata ?? {};
  if (compiledSelector(spec.selector)?.matches(labels) === false) {
    errors.push(invalid(templatePath.child("metadata").child("labels"), shownMap(labels), selectorMismatch));
  }
}

const forms: Readonly<Record<string, (value: unknown) => unknown>> = {
  podFailurePolicy: internalFormOf("batch/v1", "PodFailurePolicy"),
  successPolicy: internalFormOf("batch/v1", "SuccessPolicy"),
};
const immutable = ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] as const;

function checkJobUpdate(job: Job, old: Job): readonly FieldError[] {
  return collect((errors) => {
    const labels = old.spec.template.metadata?.labels ?? {};
    checkGeneratedSelector(job, labels[uidLabel] !== undefined && labels[nameLabel] !== undefined, errors);
    checkSpec(job.spec, { allowInvalidValues: labelSelectorHasInvalidValue(old.spec.selector) }, errors);
    checkHostnames(job, errors);
    checkCompletions(job.spec, old.spec, errors);
    validateImmutableField(job.spec.selector, old.spec.selector, specPath.child("selector"), errors, shownSelector);
    validateImmutableField(
      job.spec.template,
      expectedTemplate(old, job.spec.template),
      templatePath,
      errors,
      internalFormOf("core/v1", "PodTemplateSpec"),
    );
    for (const field of immutable) {
      // Compared within an object: a policy without rules is another than none.
      if (semanticEqual({ [field]: job.spec[field] }, { [field]: old.spec[field] })) continue;
      const shown = forms[field]?.(job.spec[field]) ?? job.spec[field] ?? null;
      errors.push(invalid(specPath.child(field), shown, "field is immutable"));
    }
  });
}

/** Indexed jobs grow and shrink, together with their parallelism. */
function checkCompletions(spec: JobSpec, old: JobSpec, errors: Errors): void {
  const path = specPath.child("completions");
  if (spec.completionMode !== "Indexed" || spec.completions === undefined) {
    validateImmutableField(spec.completions, old.completions, path, errors);
  } else if (spec.completions !== old.completions && spec.completions !== spec.parallelism) {
    errors.push(invalid(path, spec.completions, "can only be modified in tandem with spec.parallelism"));
  }
}
