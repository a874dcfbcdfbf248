import type { Pod, PriorityClass } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const group = "scheduling.k8s.io";

/** Turns a pod's class into its priority and preemption policy, and keeps at most one default class. */
export function priority(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "Priority",
    handles: (operation, resource, subresource) =>
      subresource === "" &&
      (operation === "CREATE" || operation === "UPDATE") &&
      (isResource(resource, "", "pods") || isResource(resource, group, "priorityclasses")),
    async admit(attributes) {
      if (!isResource(attributes.resource, "", "pods")) return;
      const spec = (attributes.object as Pod).spec;
      if (spec === undefined) return;
      if (attributes.operation === "UPDATE") return keep(spec, (attributes.oldObject as Pod).spec);
      const found = await classOf(spec.priorityClassName ?? "");
      if (found === undefined && spec.priorityClassName)
        throw refuse(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
      const value = found?.value ?? 0;
      if (spec.priority !== undefined && spec.priority !== value) {
        throw refuse(
          attributes,
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        );
      }
      const policy = found?.preemptionPolicy ?? "PreemptLowerPriority";
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
        throw refuse(
          attributes,
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
        );
      }
      if (found !== undefined) spec.priorityClassName = found.metadata.name ?? "";
      spec.priority = value;
      spec.preemptionPolicy = policy;
    },
    validate(attributes) {
      const { object, name } = attributes;
      if (
        !isResource(attributes.resource, group, "priorityclasses") ||
        (object as PriorityClass).globalDefault !== true
      )
        return;
      for (const other of objects.list<PriorityClass>(group, "priorityclasses", "")) {
        if (
          other.globalDefault !== true ||
          other.metadata.name === name ||
          other.metadata.name === object?.metadata.name
        )
          continue;
        throw refuse(
          attributes,
          `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
        );
      }
    },
  };

  async function classOf(name: string): Promise<PriorityClass | undefined> {
    if (name !== "") {
      return (
        objects.get<PriorityClass>(group, "priorityclasses", "", name) ??
        (await objects.getFresh<PriorityClass>(group, "priorityclasses", "", name))
      );
    }
    let lowest: PriorityClass | undefined;
    for (const candidate of objects.list<PriorityClass>(group, "priorityclasses", "")) {
      if (candidate.globalDefault === true && (lowest === undefined || (candidate.value ?? 0) < (lowest.value ?? 0)))
        lowest = candidate;
    }
    return lowest;
  }
}

/** What this plug-in gave a pod stays, also where a client leaves it out. */
function keep(spec: NonNullable<Pod["spec"]>, old: Pod["spec"]): void {
  if (spec.priority === undefined && old?.priority !== undefined) spec.priority = old.priority;
  if (spec.preemptionPolicy === undefined && old?.preemptionPolicy !== undefined)
    spec.preemptionPolicy = old.preemptionPolicy;
}
