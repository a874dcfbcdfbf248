import { parseQuantity, Quantity } from "../../../apimachinery/index.ts";
import type { Container, ContainerStatus, Pod, ResourceRequirements } from "./types.ts";

type Side = keyof Pick<ResourceRequirements, "requests" | "limits">;
type ResourceList = Readonly<Record<string, string>>;

export type Amounts = ReadonlyMap<string, Quantity>;

export interface PodAmountOptions {
  /** While a pod is being resized, it has the most of what it asks for and what it has got already. */
  readonly withStatus?: boolean;
}

/**
 * What a pod takes: all containers together, or the largest moment of its start, whichever is more, unless the pod as
 * a whole says how much; and its overhead. Sidecars run all along. Upstream: `PodRequests`, `PodLimits`.
 */
export function podAmounts(pod: Pod, side: Side, { withStatus = false }: PodAmountOptions = {}): Map<string, Quantity> {
  const amounts = withStatus ? effective(pod, side) : (container: Container) => parsed(container.resources?.[side]);
  const total = containerAmounts(pod, amounts);
  const { resources, overhead = {} } = pod.spec;
  for (const [name, text] of Object.entries(resources?.[side] ?? {}))
    if (isPodLevelResource(name)) total.set(name, parseQuantity(text));
  for (const [name, text] of Object.entries(overhead)) {
    const known = total.get(name);
    if (side === "requests" || (known !== undefined && !known.isZero))
      total.set(name, (known ?? Quantity.zero).add(parseQuantity(text)));
  }
  return total;
}

function containerAmounts({ spec }: Pod, amountsOf: (container: Container) => Amounts): Map<string, Quantity> {
  const running = new Map<string, Quantity>();
  for (const container of spec.containers) addAmounts(running, amountsOf(container));
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const amounts = amountsOf(container);
    if (container.restartPolicy === "Always") {
      addAmounts(running, amounts);
      addAmounts(sidecars, amounts);
      raise(starting, sidecars);
    } else {
      const moment = new Map(sidecars);
      addAmounts(moment, amounts);
      raise(starting, moment);
    }
  }
  raise(running, starting);
  return running;
}

/** A container's amounts as its status has them too; those of init containers that end are as they are asked for. */
function effective(pod: Pod, side: Side): (container: Container) => Amounts {
  const { containerStatuses = [], initContainerStatuses = [], conditions = [] } = pod.status ?? {};
  const statuses = new Map<string, ContainerStatus>();
  for (const status of [...containerStatuses, ...initContainerStatuses]) statuses.set(status.name, status);
  const pending = conditions.find(({ type }) => type === "PodResizePending");
  const refused = pending?.reason === "Infeasible";
  const ended = new Set(
    (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== "Always").map(({ name }) => name),
  );
  return ({ name, resources }) => {
    const status = ended.has(name) ? undefined : statuses.get(name);
    const asked = parsed(resources?.[side]);
    if (status?.resources === undefined) return asked;
    const most = new Map<string, Quantity>(refused ? [] : asked);
    raise(most, parsed(status.resources[side]));
    if (side === "requests") raise(most, parsed(status.allocatedResources));
    return most;
  };
}

export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

function parsed(list: ResourceList | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

export function addAmounts(target: Map<string, Quantity>, more: Amounts): void {
  for (const [name, amount] of more) target.set(name, (target.get(name) ?? Quantity.zero).add(amount));
}

function raise(target: Map<string, Quantity>, amounts: Amounts): void {
  for (const [name, amount] of amounts) {
    const current = target.get(name);
    if (current === undefined || current.compare(amount) < 0) target.set(name, amount);
  }
}
