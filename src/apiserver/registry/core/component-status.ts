import type { ComponentStatus } from "../../../api/index.ts";
import { type KubeObject, newNotFound } from "../../../apimachinery/index.ts";
import type { ComputedObjects } from "../../handlers/computed.ts";
import type { ComponentProbe } from "../../health/component-probes.ts";
import { defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const healthOf = ({ conditions = [] }: ComponentStatus) => conditions.find(({ type }) => type === "Healthy");

export const componentStatusStrategy: Strategy<ComponentStatus> = {
  validate: () => [],
  validateUpdate: () => [],
  table: defineTable([
    nameColumn,
    text("Status", "Status of the component conditions", (status) => {
      const condition = healthOf(status);
      if (condition === undefined) return "Unknown";
      return condition.status === "True" ? "Healthy" : "Unhealthy";
    }),
    text("Message", "Message of the component conditions", (status) => healthOf(status)?.message ?? ""),
    text("Error", "Error of the component conditions", (status) => healthOf(status)?.error ?? ""),
  ]),
};

/** The statuses of the control plane's components; each is asked when somebody wants to know. */
export function componentStatuses(probes: Readonly<Record<string, ComponentProbe>>): ComputedObjects {
  const probed = async (name: string, probe: ComponentProbe, signal: AbortSignal): Promise<KubeObject> => {
    const { healthy, message, error } = await probe(signal);
    const told = { ...(message === "" ? {} : { message }), ...(error === undefined ? {} : { error }) };
    return {
      kind: "ComponentStatus",
      apiVersion: "v1",
      metadata: { name },
      conditions: [{ type: "Healthy", status: healthy ? "True" : "False", ...told }],
    } as KubeObject;
  };
  return {
    list: (signal) => Promise.all(Object.entries(probes).map(([name, probe]) => probed(name, probe, signal))),
    get: async (name, signal) => {
      const probe = Object.hasOwn(probes, name) ? probes[name] : undefined;
      if (probe === undefined) throw newNotFound({ group: "", resource: "componentstatus" }, name);
      return probed(name, probe, signal);
    },
  };
}
