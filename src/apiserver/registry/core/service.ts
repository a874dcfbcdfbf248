import type { Service } from "../../../api/index.ts";
import { fieldPath, nameIsDnsLabel } from "../../../apimachinery/index.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, labelsText, nameColumn, none, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { dropTypeDependentFields } from "./service-changes.ts";
import { checkLoadBalancerStatus } from "./service-status.ts";
import { checkService, checkServiceUpdate } from "./service-validation.ts";
import { serviceStatusWarnings, serviceWarnings } from "./service-warnings.ts";

/** Addresses and node ports come from the allocators, which add themselves to this strategy. */
export const serviceStrategy: Strategy<Service> = {
  prepareForCreate(service) {
    service.status = { loadBalancer: {} };
  },
  prepareForUpdate(service, old) {
    keep(service, old, "status");
    dropTypeDependentFields(service, old);
  },
  validateName: nameIsDnsLabel,
  validate: (service) => collect((errors) => checkService(service, undefined, errors)),
  validateUpdate: (service, old) => collect((errors) => checkServiceUpdate(service, old, errors)),
  warningsOnCreate: serviceWarnings,
  warningsOnUpdate: serviceWarnings,
  canonicalize({ spec }) {
    if (spec.type === "ExternalName") delete spec.internalTrafficPolicy;
  },
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  status: {
    ...statusOnly<Service>(({ status }, old, errors) =>
      checkLoadBalancerStatus(status?.loadBalancer, old, fieldPath("status", "loadBalancer"), errors),
    ),
    warningsOnUpdate: serviceStatusWarnings,
  },
  selectableFields: {
    "spec.clusterIP": ({ spec }) => spec?.clusterIP ?? "",
    "spec.type": ({ spec }) => spec?.type ?? "",
  },
  table: defineTable([
    nameColumn,
    text("Type", "How it is reached.", ({ spec }) => spec?.type ?? ""),
    text("Cluster-IP", "Its address inside the cluster.", ({ spec }) => none(spec?.clusterIPs?.[0])),
    text("External-IP", "Its addresses outside the cluster.", externalText),
    text("Port(s)", "Its ports.", ({ spec }) => none((spec?.ports ?? []).map(portText).join(","))),
    ageColumn,
    wide(text("Selector", "Which pods serve it.", ({ spec }) => labelsText(spec?.selector))),
  ]),
};

function portText({ port, nodePort = 0, protocol = "TCP" }: NonNullable<Service["spec"]["ports"]>[number]): string {
  return nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

function externalText({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return none(external.join(","));
    case "LoadBalancer": {
      const given = (status?.loadBalancer?.ingress ?? []).map(({ ip = "", hostname = "" }) => ip || hostname);
      const all = [...[...new Set(given)].filter((one) => one !== "").sort(), ...external];
      return all.length === 0 ? "<pending>" : all.join(",");
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}
