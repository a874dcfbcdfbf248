import type { Pod } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { violations } from "../pod-security/checks.ts";
import { type LevelVersion, minorOf, textOf } from "../pod-security/policy.ts";

/** Upstream looks at no more pods, so that a namespace is labelled in reasonable time. */
const podsMax = 3_000;

/** Says which pods of a namespace break the level that is going to be enforced, those of one fault together. */
export function warnOfPods(
  { context, name }: AdmissionAttributes,
  objects: ClusterObjects,
  level: LevelVersion,
  exemptClasses: ReadonlySet<string>,
): void {
  const byReason = new Map<string, string[]>();
  const pods = [...objects.list<Pod>("", "pods", name)];
  for (const pod of pods.slice(0, podsMax)) {
    if (exemptClasses.has(pod.spec?.runtimeClassName ?? "")) continue;
    const found = violations(level.level, pod, minorOf(level));
    if (found.length === 0) continue;
    const reason = found.map((violation) => violation.reason).join(", ");
    const names = byReason.get(reason) ?? [];
    names.push(pod.metadata.name ?? "");
    byReason.set(reason, names);
  }
  if (pods.length > podsMax) {
    const checked = `the first ${podsMax} of ${pods.length} existing pods`;
    context.warn(`new PodSecurity enforce level only checked against ${checked}`);
  }
  if (byReason.size === 0) return;
  const enforced = JSON.stringify(textOf(level));
  context.warn(
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${enforced}`,
  );
  const lines = [...byReason].map(([reason, names]) => `${called(names)}: ${reason}`);
  for (const line of lines.toSorted()) context.warn(line);
}

function called(names: readonly string[]): string {
  const [first] = names.toSorted();
  if (names.length === 1) return first ?? "";
  return `${first} (and ${names.length - 1} other ${names.length === 2 ? "pod" : "pods"})`;
}
