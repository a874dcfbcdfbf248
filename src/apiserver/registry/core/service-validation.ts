import type { coreV1, Service } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  isValidPortNumber,
  notSupported,
  required,
  validateLabels,
  validateLegacyCidr,
  validateLegacyIp,
} from "../../../apimachinery/index.ts";
import {
  addMessages,
  checkEach,
  checkLabel,
  checkOneOf,
  checkQualifiedName,
  checkRequiredOneOf,
  checkSubdomain,
  checkUnique,
  type Errors,
} from "../common/check.ts";
import { checkEndpointIp } from "../common/endpoint-address.ts";
import { checkPortNumberOrName } from "../common/probes.ts";
import { protocols } from "./endpoints.ts";
import { checkClusterIps, checkClusterIpChange, checkFamilyChange } from "./service-addresses.ts";
import { isExternal, isHeadless, isLoadBalancer, needsHealthCheck } from "./service-shape.ts";

type ServicePort = coreV1.ServicePort;

const specPath = fieldPath("spec");
const portsPath = specPath.child("ports");
const annotationsPath = fieldPath("metadata", "annotations");
const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";

export function checkService(service: Service, old: Service | undefined, errors: Errors): void {
  const { spec } = service;
  checkTopologyAnnotations(service, errors);
  if ((spec.ports ?? []).length === 0 && !isHeadless(service) && spec.type !== "ExternalName") {
    errors.push(required(portsPath));
  }
  checkTypeAgainstAddresses(service, errors);
  checkPorts(service, errors);
  if (spec.selector !== undefined) validateLabels(spec.selector, specPath.child("selector"), errors);
  checkAffinity(service, errors);
  checkClusterIps(service, old, errors);
  checkEach(spec.externalIPs, specPath.child("externalIPs"), errors, (ip, path) => {
    const before = errors.length;
    validateLegacyIp(ip, path, errors, old?.spec.externalIPs);
    if (errors.length === before) checkEndpointIp(ip, path, errors);
  });
  const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
  checkRequiredOneOf(spec.type, types, specPath.child("type"), errors);
  checkNodePorts(service, errors);
  checkSourceRanges(service, old, errors);
  checkLoadBalancerFields(service, errors);
  checkTraffic(service, errors);
}

export function checkServiceUpdate(service: Service, old: Service, errors: Errors): void {
  checkClusterIpChange(service, old, errors);
  checkFamilyChange(service, old, errors);
  const { loadBalancerClass } = service.spec;
  if (isLoadBalancer(old) && isLoadBalancer(service) && loadBalancerClass !== old.spec.loadBalancerClass) {
    errors.push(invalid(specPath.child("loadBalancerClass"), loadBalancerClass ?? null, "may not change once set"));
  }
  checkLoadBalancerClass(service, errors);
  if (needsHealthCheck(old) && needsHealthCheck(service)) {
    if (service.spec.healthCheckNodePort !== old.spec.healthCheckNodePort) {
      errors.push(forbidden(specPath.child("healthCheckNodePort"), "field is immutable"));
    }
  }
  checkService(service, old, errors);
}

const topologyHints = "service.kubernetes.io/topology-aware-hints";
const topologyMode = "service.kubernetes.io/topology-mode";

function checkTopologyAnnotations({ metadata }: Service, errors: Errors): void {
  const { [topologyHints]: hints, [topologyMode]: mode } = metadata.annotations ?? {};
  if (hints === undefined || mode === undefined || hints === mode) return;
  const why = `must match annotations[${topologyHints}] when both are specified`;
  errors.push(invalid(annotationsPath.key(topologyMode), mode, why));
}

function checkTypeAgainstAddresses(service: Service, errors: Errors): void {
  const { spec } = service;
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(service)) {
    const why = `may not be set to 'None' for ${spec.type} services`;
    errors.push(invalid(specPath.child("clusterIPs").index(0), "None", why));
  }
  if (spec.type !== "ExternalName") return;
  const why = "may not be set for ExternalName services";
  if ((spec.clusterIPs ?? []).length > 0) errors.push(forbidden(specPath.child("clusterIPs"), why));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbidden(specPath.child("ipFamilies"), why));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden(specPath.child("ipFamilyPolicy"), why));
  const target = (spec.externalName ?? "").replace(/\.$/, "");
  if (target === "") errors.push(required(specPath.child("externalName")));
  else checkSubdomain(target, specPath.child("externalName"), errors);
}

function checkPorts({ spec }: Service, errors: Errors): void {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  checkEach(ports, portsPath, errors, (port, path) => {
    const { name = "", appProtocol } = port;
    if (name === "" && ports.length > 1) errors.push(required(path.child("name")));
    else if (name !== "") {
      checkLabel(name, path.child("name"), errors);
      checkUnique(names, name, path.child("name"), errors);
    }
    addMessages(isValidPortNumber(port.port), port.port, path.child("port"), errors);
    checkRequiredOneOf(port.protocol, protocols, path.child("protocol"), errors);
    checkPortNumberOrName(port.targetPort ?? 0, path.child("targetPort"), errors);
    if (appProtocol !== undefined) checkQualifiedName(appProtocol, path.child("appProtocol"), errors);
  });
}

const affinitySecondsMax = 86_400;

function checkAffinity({ spec }: Service, errors: Errors): void {
  const { sessionAffinity = "", sessionAffinityConfig: config } = spec;
  const path = specPath.child("sessionAffinityConfig");
  checkRequiredOneOf(sessionAffinity, ["ClientIP", "None"], specPath.child("sessionAffinity"), errors);
  if (sessionAffinity === "None" && config !== undefined) {
    errors.push(forbidden(path, "must not be set when session affinity is None"));
  }
  if (sessionAffinity !== "ClientIP") return;
  const why = "when session affinity type is ClientIP";
  const timeout = config?.clientIP?.timeoutSeconds;
  const timeoutPath = path.child("clientIP").child("timeoutSeconds");
  if (config === undefined) errors.push(required(path, why));
  else if (config.clientIP === undefined) errors.push(required(path.child("clientIP"), why));
  else if (timeout === undefined) errors.push(required(timeoutPath, why));
  else if (timeout <= 0 || timeout > affinitySecondsMax) {
    errors.push(invalid(timeoutPath, timeout, `must be greater than 0 and less than ${affinitySecondsMax}`));
  }
}

function checkNodePorts({ spec }: Service, errors: Errors): void {
  const ports = spec.ports ?? [];
  if (spec.type === "ClusterIP") {
    checkEach(ports, portsPath, errors, ({ nodePort = 0 }, path) => {
      if (nodePort !== 0) {
        errors.push(forbidden(path.child("nodePort"), "may not be used when `type` is 'ClusterIP'"));
      }
    });
  }
  const nodePorts = new Set<string>();
  checkEach(ports, portsPath, errors, ({ nodePort = 0, protocol }, path) => {
    if (nodePort === 0) return;
    if (nodePorts.has(`${protocol} ${nodePort}`)) errors.push(duplicate(path.child("nodePort"), nodePort));
    nodePorts.add(`${protocol} ${nodePort}`);
  });
  const numbers = new Set<string>();
  checkEach(ports, portsPath, errors, (port, path) => {
    if (numbers.has(`${port.protocol} ${port.port}`)) errors.push(duplicate(path, goPort(port)));
    numbers.add(`${port.protocol} ${port.port}`);
  });
}

/** As Go shows the key that upstream compares. */
function goPort({ protocol, port }: ServicePort): object {
  return { Name: "", Protocol: protocol ?? "", AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

const sourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

function checkSourceRanges(service: Service, old: Service | undefined, errors: Errors): void {
  const { loadBalancerSourceRanges: ranges = [] } = service.spec;
  const annotation = service.metadata.annotations?.[sourceRangesAnnotation];
  if (ranges.length > 0) {
    // Upstream writes the field with a capital letter.
    const path = specPath.child("LoadBalancerSourceRanges");
    if (!isLoadBalancer(service)) errors.push(forbidden(path, onlyLoadBalancer));
    const before = (old?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    checkEach(ranges, path, errors, (range, at) => validateLegacyCidr(range.trim(), at, errors, before));
  } else if (annotation !== undefined) {
    const path = annotationsPath.key(sourceRangesAnnotation);
    if (!isLoadBalancer(service)) errors.push(forbidden(path, onlyLoadBalancer));
    if (old?.metadata.annotations?.[sourceRangesAnnotation] === annotation || annotation.trim() === "") return;
    for (const range of annotation.split(",")) validateLegacyCidr(range.trim(), path, errors);
  }
}

function checkLoadBalancerFields(service: Service, errors: Errors): void {
  const { allocateLoadBalancerNodePorts: allocate } = service.spec;
  if (allocate !== undefined && !isLoadBalancer(service)) {
    errors.push(forbidden(specPath.child("allocateLoadBalancerNodePorts"), onlyLoadBalancer));
  }
  if (allocate === undefined && isLoadBalancer(service)) {
    errors.push(required(fieldPath("allocateLoadBalancerNodePorts")));
  }
  checkLoadBalancerClass(service, errors);
}

function checkLoadBalancerClass(service: Service, errors: Errors): void {
  const { loadBalancerClass } = service.spec;
  const path = specPath.child("loadBalancerClass");
  if (loadBalancerClass === undefined) return;
  if (isLoadBalancer(service)) checkQualifiedName(loadBalancerClass, path, errors);
  else errors.push(forbidden(path, onlyLoadBalancer));
}

const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];

function checkTraffic(service: Service, errors: Errors): void {
  const { spec } = service;
  checkExternalTraffic(service, errors);
  const { internalTrafficPolicy: internal, trafficDistribution } = spec;
  const internalPath: FieldPath = specPath.child("internalTrafficPolicy");
  if (internal !== undefined) checkOneOf(internal, ["Cluster", "Local"], internalPath, errors);
  else if (spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.type === "ClusterIP") {
    errors.push(required(internalPath));
  }
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution)) {
    errors.push(notSupported(specPath.child("trafficDistribution"), trafficDistribution, distributions));
  }
}

function checkExternalTraffic(service: Service, errors: Errors): void {
  const { externalTrafficPolicy: policy = "" as string, healthCheckNodePort: port = 0 } = service.spec;
  const policyPath = specPath.child("externalTrafficPolicy");
  if (isExternal(service)) checkRequiredOneOf(policy, ["Cluster", "Local"], policyPath, errors);
  else if (policy !== "") {
    errors.push(invalid(policyPath, policy, "may only be set for externally-accessible services"));
  }
  const portPath = specPath.child("healthCheckNodePort");
  if (!needsHealthCheck(service)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    if (port !== 0) errors.push(invalid(portPath, port, why));
  } else if (port === 0) errors.push(required(portPath));
  else addMessages(isValidPortNumber(port), port, portPath, errors);
}
