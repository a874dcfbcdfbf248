import type { Job, JobSpec, PodTemplateSpec } from "../../../api/index.ts";
import {
  type FieldError,
  fieldPath,
  formatLabelSelector,
  humanDuration,
  invalid,
  isDns1123Label,
  required,
  semanticEqual,
  validateImmutableField,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { type Errors, shownMap } from "../common/check.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { compiledSelector, selectorMismatch } from "../common/selector-and-template.ts";
import { ageColumn, containerColumns, defineTable, nameColumn, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkJobSpec } from "./job-spec.ts";
import { checkJobStatus } from "./job-status.ts";
import { hostnameWarnings, jobWarnings } from "./warnings.ts";

const specPath = fieldPath("spec");
const templatePath = specPath.child("template");
const uidLabel = "batch.kubernetes.io/controller-uid";
const shape = specAndStatus<Job>();

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
    "batch.kubernetes.io/job-name": name,
    "job-name": name,
  };
  const template = spec.template.metadata ?? {};
  // A label that the creator set to something else is refused by validation.
  spec.template.metadata = { ...template, labels: { ...labels, ...template.labels } };
  const selector = spec.selector ?? {};
  if (selector.matchLabels?.[uidLabel] === undefined) {
    spec.selector = { ...selector, matchLabels: { ...selector.matchLabels, [uidLabel]: uid } };
  }
}

function checkJob(job: Job): readonly FieldError[] {
  return collect((errors) => {
    checkGeneratedSelector(job, errors);
    checkSpec(job.spec, errors);
    const { name = "" } = job.metadata;
    const { completionMode, completions = 0 } = job.spec;
    if (completionMode !== "Indexed" || completions <= 0) return;
    const hostname = `${name}-${completions - 1}`;
    if (isDns1123Label(hostname).length === 0) return;
    const why = `will not able to create pod with invalid DNS label: ${hostname}`;
    errors.push(invalid(fieldPath("metadata", "name"), name, why));
  });
}

function checkGeneratedSelector({ spec, metadata }: Job, errors: Errors): void {
  if (spec.manualSelector === true || spec.selector === undefined) return;
  const { uid = "", name = "" } = metadata;
  if (uid === "") errors.push(required(fieldPath("metadata", "uid")));
  const expected = { "controller-uid": uid, "job-name": name, [uidLabel]: uid, "batch.kubernetes.io/job-name": name };
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const path = templatePath.child("metadata").child("labels").key(key);
    if (labels[key] === undefined) errors.push(required(path, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalid(path, shownMap(labels), `must be '${value}'`));
  }
  if (compiledSelector(spec.selector)?.matches(expected) === false) {
    errors.push(invalid(specPath.child("selector"), spec.selector, "`selector` not auto-generated"));
  }
}

function checkSpec(spec: JobSpec, errors: Errors): void {
  checkJobSpec(spec, specPath, errors);
  const selectorPath = specPath.child("selector");
  if (spec.selector === undefined) errors.push(required(selectorPath));
  else validateLabelSelector(spec.selector, selectorPath, errors);
  const { labels } = spec.template.metadata ?? {};
  if (compiledSelector(spec.selector)?.matches(labels) === false) {
    errors.push(invalid(templatePath.child("metadata").child("labels"), shownMap(labels), selectorMismatch));
  }
}

const immutable = ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] as const;

function checkJobUpdate(job: Job, old: Job): readonly FieldError[] {
  return collect((errors) => {
    checkSpec(job.spec, errors);
    checkCompletions(job.spec, old.spec, errors);
    validateImmutableField(job.spec.selector, old.spec.selector, specPath.child("selector"), errors);
    const template = mayMove(old) ? withScheduling(old.spec.template, job.spec.template) : old.spec.template;
    validateImmutableField(job.spec.template, template, templatePath, errors);
    for (const field of immutable) {
      validateImmutableField(job.spec[field], old.spec[field], specPath.child(field), errors);
    }
  });
}

/** Indexed jobs grow and shrink, together with their parallelism. */
function checkCompletions(spec: JobSpec, old: JobSpec, errors: Errors): void {
  const path = specPath.child("completions");
  if (spec.completionMode !== "Indexed") validateImmutableField(spec.completions, old.completions, path, errors);
  else if (!semanticEqual(spec.completions, old.completions) && spec.completions !== undefined) {
    if (spec.completions === spec.parallelism) return;
    errors.push(invalid(path, spec.completions, "can only be modified in tandem with spec.parallelism"));
  }
}

/** Where pods may go can be changed until the first one does. */
function mayMove({ spec, status }: Job): boolean {
  return spec.suspend === true && status?.startTime === undefined;
}

const movable = ["nodeSelector", "tolerations", "schedulingGates"] as const;

/** The template with everything that says where its pods go from another. */
function withScheduling(template: PodTemplateSpec, from: PodTemplateSpec): PodTemplateSpec {
  const { affinity, ...rest } = template.spec ?? { containers: [] };
  for (const field of movable) delete rest[field];
  const wanted = from.spec ?? { containers: [] };
  const { nodeAffinity: _replaced, ...others } = affinity ?? {};
  const nodeAffinity = wanted.affinity?.nodeAffinity;
  const merged = { ...others, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) };
  const spec = { ...rest, ...(Object.keys(merged).length === 0 ? {} : { affinity: merged }) };
  for (const field of movable) {
    if (wanted[field] !== undefined) Object.assign(spec, { [field]: wanted[field] });
  }
  const { labels, annotations } = from.metadata ?? {};
  const metadata = { ...template.metadata };
  delete metadata.labels;
  delete metadata.annotations;
  if (labels !== undefined) metadata.labels = labels;
  if (annotations !== undefined) metadata.annotations = annotations;
  return { metadata, spec };
}
