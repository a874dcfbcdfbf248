import type { Container, Pod, ResourceRequirements } from "../../api/index.ts";
import { parseQuantity, Quantity } from "../../apimachinery/index.ts";
import { isPodTerminal, timeOf } from "../../reconcile/index.ts";

export type Amounts = ReadonlyMap<string, Quantity>;

/** Whether the pod uses anything: not at its end, nor overdue to go. */
export function isCounted(pod: Pod, nowMs: number): boolean {
  if (isPodTerminal(pod)) return false;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  const since = timeOf(deletionTimestamp);
  return since === undefined || nowMs <= since + deletionGracePeriodSeconds * 1000;
}

/** What quota names a pod uses, in their amounts. */
export function podUsage(pod: Pod, nowMs: number): Amounts {
  const usage = new Map<string, Quantity>([["count/pods", Quantity.fromValue(1)]]);
  if (!isCounted(pod, nowMs)) return usage;
  usage.set("pods", Quantity.fromValue(1));
  for (const [name, amount] of podTotals(pod, "requests")) {
    usage.set(`requests.${name}`, amount);
    if (name === "cpu" || name === "memory" || name === "ephemeral-storage" || name.startsWith("hugepages-"))
      usage.set(name, amount);
  }
  for (const [name, amount] of podTotals(pod, "limits")) usage.set(`limits.${name}`, amount);
  return usage;
}

type Side = keyof Pick<ResourceRequirements, "requests" | "limits">;

/** All containers together, or the largest moment of the start, whichever is more; sidecars run all along. */
function podTotals({ spec }: Pod, side: Side): Amounts {
  const running = new Map<string, Quantity>();
  for (const container of spec.containers) addAll(running, amountsOf(container, side));
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const amounts = amountsOf(container, side);
    if (container.restartPolicy === "Always") {
      addAll(sidecars, amounts);
      raiseAll(starting, sidecars);
    } else raiseAll(starting, sumOf(sidecars, amounts));
  }
  const total = sumOf(running, sidecars);
  raiseAll(total, starting);
  for (const [name, text] of Object.entries(spec.resources?.[side] ?? {})) total.set(name, parseQuantity(text));
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    if (side === "requests" || total.has(name)) addAll(total, new Map([[name, parseQuantity(text)]]));
  }
  return total;
}

function amountsOf({ resources }: Container, side: Side): Amounts {
  return new Map(Object.entries(resources?.[side] ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

export function addAll(target: Map<string, Quantity>, more: Amounts): void {
  for (const [name, amount] of more) target.set(name, (target.get(name) ?? Quantity.zero).add(amount));
}

function sumOf(a: Amounts, b: Amounts): Map<string, Quantity> {
  const sum = new Map(a);
  addAll(sum, b);
  return sum;
}

function raiseAll(target: Map<string, Quantity>, amounts: Amounts): void {
  for (const [name, amount] of amounts) {
    const current = target.get(name);
    if (current === undefined || current.compare(amount) < 0) target.set(name, amount);
  }
}
