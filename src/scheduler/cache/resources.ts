import { parseQuantity } from "../../apimachinery/index.ts";
import type { Container, Pod } from "../../api/index.ts";

/** What a pod asks of a node. CPU in thousandths, the rest in whole units. */
export interface PodResources {
  readonly milliCpu: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  /** Extended resources and huge pages, by name. */
  readonly scalars: ReadonlyMap<string, number>;
  /** With upstream's stand-ins for containers that ask for nothing; used in scores only. */
  readonly nonZeroMilliCpu: number;
  readonly nonZeroMemory: number;
}

/** Upstream: DefaultMilliCPURequest, DefaultMemoryRequest. */
const defaultMilliCpu = 100;
const defaultMemory = 200 * 1024 * 1024;

type Amounts = Map<string, number>;

/** Requests by resource: CPU in thousandths, rounded up; the rest in whole units, rounded up. */
export function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Amounts = new Map();
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text);
    amounts.set(name, Number(name === "cpu" ? quantity.milliValue() : quantity.value()));
  }
  return amounts;
}

function add(into: Amounts, from: ReadonlyMap<string, number>): void {
  for (const [name, amount] of from) into.set(name, (into.get(name) ?? 0) + amount);
}

function atLeast(into: Amounts, from: ReadonlyMap<string, number>): void {
  for (const [name, amount] of from) if (amount > (into.get(name) ?? 0)) into.set(name, amount);
}

const known = new WeakMap<Pod, PodResources>();

/**
 * The sum over containers and sidecars, or the largest init container with the sidecars started before it, whichever
 * is more; then pod-level requests and overhead. Upstream: `resource.PodRequests`. Remembered per (frozen) object.
 */
export function podResources(pod: Pod): PodResources {
  const found = known.get(pod);
  if (found !== undefined) return found;
  const made = compute(pod);
  known.set(pod, made);
  return made;
}

function compute(pod: Pod): PodResources {
  const plain = podAmounts(pod, (container) => amountsOf(container.resources?.requests));
  const podLevel = amountsOf(pod.spec?.resources?.requests);
  for (const [name, amount] of podLevel) plain.set(name, amount);
  const nonZero = podAmounts(pod, (container) => {
    const amounts = amountsOf(container.resources?.requests);
    if (!podLevel.has("cpu") && !amounts.has("cpu")) amounts.set("cpu", defaultMilliCpu);
    if (!podLevel.has("memory") && !amounts.has("memory")) amounts.set("memory", defaultMemory);
    return amounts;
  });
  for (const [name, amount] of podLevel) nonZero.set(name, amount);
  const overhead = amountsOf(pod.spec?.overhead);
  add(plain, overhead);
  add(nonZero, overhead);
  const scalars = new Map<string, number>();
  for (const [name, amount] of plain) {
    if (name !== "cpu" && name !== "memory" && name !== "ephemeral-storage" && amount > 0) scalars.set(name, amount);
  }
  return {
    milliCpu: plain.get("cpu") ?? 0,
    memory: plain.get("memory") ?? 0,
    ephemeralStorage: plain.get("ephemeral-storage") ?? 0,
    scalars,
    nonZeroMilliCpu: nonZero.get("cpu") ?? 0,
    nonZeroMemory: nonZero.get("memory") ?? 0,
  };
}

/** What containers come to together. The amounts of one container are changed. */
export function podAmounts(pod: Pod, requests: (container: Container) => Amounts): Amounts {
  const sum: Amounts = new Map();
  for (const container of pod.spec?.containers ?? []) add(sum, requests(container));
  const sidecars: Amounts = new Map();
  const initPeak: Amounts = new Map();
  for (const container of pod.spec?.initContainers ?? []) {
    const amounts = requests(container);
    if (container.restartPolicy === "Always") {
      add(sum, amounts);
      add(sidecars, amounts);
      atLeast(initPeak, sidecars);
    } else {
      add(amounts, sidecars);
      atLeast(initPeak, amounts);
    }
  }
  atLeast(sum, initPeak);
  return sum;
}
