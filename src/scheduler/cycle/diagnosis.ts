import type { Refusal } from "../framework/contract.ts";
import type { Diagnosis } from "./find-node.ts";

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` Upstream: FitError. */
export function describeDiagnosis(diagnosis: Diagnosis, postFilter: string): string {
  const head = `0/${diagnosis.nodes} nodes are available`;
  const reasons =
    diagnosis.podRefusal === undefined ? countReasons(diagnosis.refusals.values()) : [diagnosis.podRefusal.reason];
  const body = reasons.length === 0 ? `${head}:` : `${head}: ${reasons.join(", ")}.`;
  return postFilter === "" ? body : `${body} ${postFilter}`;
}

/** `2 reason`, sorted as text, as upstream sorts them. */
export function countReasons(refusals: Iterable<Pick<Refusal, "reason">>): string[] {
  const counts = new Map<string, number>();
  for (const { reason } of refusals) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
}
