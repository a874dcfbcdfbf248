import type {
  Job,
  Pod,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
} from "../../api/index.ts";

/** What a failed pod means to its job. */
export type Verdict =
  | { readonly action: "Count" }
  | { readonly action: "Ignore" }
  | { readonly action: "FailIndex" }
  | { readonly action: "FailJob"; readonly message: string };

/** Applies the first rule of the job's pod failure policy that fits. Without one the failure counts. */
export function verdictOf(job: Job, pod: Pod): Verdict {
  const { rules } = job.spec.podFailurePolicy ?? { rules: [] };
  for (const [index, { action, onExitCodes, onPodConditions }] of rules.entries()) {
    const cause =
      onExitCodes !== undefined ? exitCodeCause(pod, onExitCodes) : conditionCause(pod, onPodConditions ?? []);
    if (cause === undefined) continue;
    if (action === "FailJob") return { action, message: `${cause} matching ${action} rule at index ${index}` };
    return { action };
  }
  return { action: "Count" };
}

function exitCodeCause(
  pod: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): string | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(code) !== (operator === "In")) continue;
    return `Container ${name} for pod ${nameOf(pod)} failed with exit code ${code}`;
  }
  return undefined;
}

function conditionCause(pod: Pod, patterns: readonly PodFailurePolicyOnPodConditionsPattern[]): string | undefined {
  for (const { type, status } of pod.status?.conditions ?? []) {
    const matches = patterns.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status);
    if (matches) return `Pod ${nameOf(pod)} has condition ${type}`;
  }
  return undefined;
}

function nameOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}
