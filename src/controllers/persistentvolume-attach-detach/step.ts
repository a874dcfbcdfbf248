import type { Pod } from "../../api/index.ts";

/** How long a node may keep a volume mounted that nobody wants there. Milliseconds. */
export const maxWaitForUnmountMs = 6 * 60_000;

export interface DetachInputs {
  readonly isMounted: boolean;
  /** Since nobody has wanted it there. Milliseconds. */
  readonly waitedMs: number;
  readonly isNodeReady: boolean;
  readonly isOutOfService: boolean;
  /** `--disable-force-detach-on-timeout`. */
  readonly isForceDisabled: boolean;
}

export type DetachStep =
  /** Its node uses it still; `againMs` is when that no longer counts. */
  | { readonly type: "wait"; readonly againMs?: number }
  | { readonly type: "detach"; readonly forced?: "timeout" | "out-of-service" };

/** What to do about a volume that is attached and that no pod on its node wants. */
export function detachStep(inputs: DetachInputs): DetachStep {
  const { isMounted, waitedMs, isNodeReady, isOutOfService, isForceDisabled } = inputs;
  const isOverdue = waitedMs > maxWaitForUnmountMs && !isForceDisabled;
  if (isMounted && !isOutOfService && !(isOverdue && !isNodeReady)) {
    const leftMs = maxWaitForUnmountMs - waitedMs;
    return leftMs < 0 || isForceDisabled ? { type: "wait" } : { type: "wait", againMs: leftMs + 1 };
  }
  if (isOverdue) return { type: "detach", forced: "timeout" };
  return isOutOfService ? { type: "detach", forced: "out-of-service" } : { type: "detach" };
}

/** What a pod is told whose volume is attached elsewhere; `others` are the pods that use it there. */
export function multiAttachMessage(volume: string, pod: Pod, others: readonly Pod[]): string {
  const head = `Multi-Attach error for volume "${volume}" `;
  if (others.length === 0)
    return `${head}Volume is already exclusively attached to one node and can't be attached to another`;
  const local = others.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace);
  const foreign = others.length - local.length;
  if (local.length === 0) return `${head}Volume is already used by ${foreign} pod(s) in different namespaces`;
  const names = local.map(({ metadata }) => metadata.name).join(", ");
  const more = foreign > 0 ? ` and ${foreign} pod(s) in different namespaces` : "";
  return `${head}Volume is already used by pod(s) ${names}${more}`;
}
