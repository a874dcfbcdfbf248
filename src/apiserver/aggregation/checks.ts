import type { APIService, EndpointSlice, Service } from "../../api/index.ts";
import type { ClusterObjects } from "../admission/objects.ts";
import type { Condition } from "./api-services.ts";

export type Verdict = Pick<Condition, "status" | "reason" | "message">;

/** Of what this server answers for itself. */
export const localCondition: Verdict = {
  status: "True",
  reason: "Local",
  message: "Local APIServices are always available",
};

export const passed: Verdict = { status: "True", reason: "Passed", message: "all checks passed" };

/** What the objects alone say against a registration; `undefined` when its server is worth asking. */
export function objection(objects: ClusterObjects, { spec }: APIService): Verdict | undefined {
  const { namespace = "", name = "", port = 443 } = spec.service ?? {};
  const where = `service/${name} in ${JSON.stringify(namespace)}`;
  const no = (reason: string, message: string): Verdict => ({ status: "False", reason, message });
  const service = objects.get<Service>("", "services", namespace, name);
  if (service === undefined) return no("ServiceNotFound", `${where} is not present`);
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined;
  const found = service.spec?.ports?.find((one) => one.port === port);
  if (found === undefined) return no("ServicePortError", `${where} is not listening on port ${port}`);
  const slices = [...objects.list<EndpointSlice>("discovery.k8s.io", "endpointslices", namespace)].filter(
    ({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name,
  );
  if (slices.length === 0) return no("EndpointsNotFound", `cannot find endpointslices for ${where}`);
  const portName = found.name ?? "";
  if (slices.some((slice) => offers(slice, portName))) return undefined;
  return no(
    "MissingEndpoints",
    `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`,
  );
}

function offers({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  const isReady = (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
  return isReady && (ports ?? []).some(({ name, port }) => (name ?? "") === portName && port !== undefined);
}
