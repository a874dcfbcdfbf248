import type { Container, Job, Pod } from "../../api/index.ts";
import { kinds } from "../../client/index.ts";
import { newControllerRef, podFromTemplate } from "../../reconcile/index.ts";
import { failureCountAnnotations, indexAnnotation, isIndexed, trackingFinalizer } from "./job-state.ts";
import type { PodToCreate } from "./step.ts";

const indexVariable = "JOB_COMPLETION_INDEX";

/** A pod for the job, of the wanted index if it has one. */
export function podForJob(job: Job, { index, failures, ignoredFailures }: PodToCreate): Pod {
  const pod = podFromTemplate(job.spec.template, job, newControllerRef(job, kinds.jobs));
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (!isIndexed(job) || index === undefined) return pod;
  const name = `${job.metadata.name}-${index}`;
  // Generated names are cut at 63 characters by their five random ones, so the prefix is cut here.
  pod.metadata.generateName = `${name.slice(0, 57)}-`;
  pod.metadata.labels = { ...pod.metadata.labels, [indexAnnotation]: String(index) };
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [indexAnnotation]: String(index),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : failureCountAnnotations(failures, ignoredFailures)),
  };
  pod.spec.hostname = name;
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) addIndexVariable(container);
  return pod;
}

function addIndexVariable(container: Container): void {
  if ((container.env ?? []).some(({ name }) => name === indexVariable)) return;
  const fieldPath = `metadata.labels['${indexAnnotation}']`;
  container.env = [...(container.env ?? []), { name: indexVariable, valueFrom: { fieldRef: { fieldPath } } }];
}
