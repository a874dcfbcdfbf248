import type { PodDNSConfig, PodResourceClaim, PodSpec } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  forbidden,
  inclusiveRangeError,
  invalid,
  isDns1123SubdomainWithUnderscore,
  notFound,
  required,
  tooLong,
  validateLabels,
  validateLegacyIp,
} from "../../../apimachinery/index.ts";
import {
  addMessages,
  checkEach,
  checkLabel,
  checkObjectName,
  checkQualifiedName,
  checkRequiredOneOf,
  checkSubdomain,
  checkUnique,
  type Errors,
} from "./check.ts";
import {
  checkContainers,
  checkEphemeralContainers,
  checkInitContainers,
  hasRestartingInit,
  type PodContext,
} from "./containers.ts";
import { checkHostProcess, checkHostUsers, checkPodOs, visitContainers } from "./pod-os.ts";
import { checkPodLevelResources } from "./pod-resources.ts";
import { checkContainerResources } from "./resources.ts";
import { checkAffinity, checkSpreadConstraints, checkTolerations, type SchedulingRules } from "./scheduling.ts";
import { checkPodSecurityContext } from "./security-context.ts";
import { checkVolumes } from "./volumes.ts";

export interface PodSpecRules extends SchedulingRules {
  /** A pod, not a template. */
  readonly isPod: boolean;
  /** Of a pod: its name and annotations. */
  readonly podName?: string;
  readonly isMirrorPod?: boolean;
  /** What was stored before, of updates. */
  readonly old?: PodSpec;
}

const maxInt32 = 2147483647;

/** Everything upstream asks of a pod spec, wherever it stands. */
export function checkPodSpec(spec: PodSpec, path: FieldPath, errors: Errors, rules: PodSpecRules): void {
  const { terminationGracePeriodSeconds: grace } = spec;
  if (grace === undefined) errors.push(required(path.child("terminationGracePeriodSeconds")));
  const volumes = checkVolumes(spec.volumes ?? [], rules.podName ?? "", path.child("volumes"), errors, rules);
  const claims = spec.resourceClaims ?? [];
  checkPodClaims(claims, path.child("resourceClaims"), errors, rules);
  const claimNames = new Set(claims.map(({ name }) => name).filter((name) => name !== ""));
  const pod: PodContext = {
    ...{ spec, volumes, claimNames, grace, os: spec.os },
    hostUsers: spec.hostUsers !== false,
    keepsRestartingInit: rules.old !== undefined && hasRestartingInit(rules.old),
  };
  checkContainers(spec.containers ?? [], pod, path.child("containers"), errors);
  checkInitContainers(spec.initContainers ?? [], pod, path.child("initContainers"), errors);
  checkEphemeralContainers(spec.ephemeralContainers ?? [], pod, path.child("ephemeralContainers"), errors);
  checkPodLevelResources(spec, claimNames, path, errors);
  checkHostNetworkPorts(spec, path, errors, rules);
  checkPolicies(spec, path, errors);
  checkPlacement(spec, path, errors, rules);
  checkHostProcess(spec, path, errors);
  checkHostUsers(spec, path, errors);
  if (spec.hostnameOverride !== undefined) {
    checkHostnameOverride(spec, spec.hostnameOverride, path.child("hostnameOverride"), errors);
  }
  checkIdentity(spec, path, errors);
  checkClasses(spec, path, errors);
  checkPodOs(spec, path, errors);
  checkFileKeyVolumes(spec, path, errors);
}

function checkPolicies(spec: PodSpec, path: FieldPath, errors: Errors): void {
  checkRequiredOneOf(spec.restartPolicy, ["Always", "OnFailure", "Never"], path.child("restartPolicy"), errors);
  const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
  checkRequiredOneOf(spec.dnsPolicy, dnsPolicies, path.child("dnsPolicy"), errors);
  if (spec.nodeSelector !== undefined) validateLabels(spec.nodeSelector, path.child("nodeSelector"), errors);
  if (spec.securityContext !== undefined) checkPodSecurityContext(spec, path.child("securityContext"), errors);
}

function checkPlacement(spec: PodSpec, path: FieldPath, errors: Errors, rules: PodSpecRules): void {
  if (spec.affinity !== undefined) checkAffinity(spec.affinity, path.child("affinity"), errors, rules);
  checkDnsConfig(spec.dnsConfig, spec.dnsPolicy, path.child("dnsConfig"), errors);
  checkEach(spec.readinessGates, path.child("readinessGates"), errors, ({ conditionType }, at) => {
    checkQualifiedName(conditionType, at.child("conditionType"), errors);
  });
  const gates = new Set<string>();
  checkEach(spec.schedulingGates, path.child("schedulingGates"), errors, ({ name }, at) => {
    checkQualifiedName(name, at, errors);
    checkUnique(gates, name, at, errors);
  });
  const constraints = spec.topologySpreadConstraints;
  if (constraints !== undefined) checkSpreadConstraints(constraints, path.child("topologySpreadConstraints"), errors);
}

function checkName(
  spec: PodSpec,
  field: "serviceAccountName" | "nodeName" | "priorityClassName",
  path: FieldPath,
  errors: Errors,
): void {
  const name = spec[field] ?? "";
  if (name !== "") checkObjectName(name, path.child(field), errors);
}

function checkIdentity(spec: PodSpec, path: FieldPath, errors: Errors): void {
  checkName(spec, "serviceAccountName", path, errors);
  checkName(spec, "nodeName", path, errors);
  const { activeDeadlineSeconds: deadline, hostname = "", subdomain = "" } = spec;
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32)) {
    errors.push(invalid(path.child("activeDeadlineSeconds"), deadline, inclusiveRangeError(1, maxInt32)));
  }
  if (hostname !== "") checkLabel(hostname, path.child("hostname"), errors);
  if (subdomain !== "") checkLabel(subdomain, path.child("subdomain"), errors);
  if (spec.tolerations !== undefined) checkTolerations(spec.tolerations, path.child("tolerations"), errors);
  checkEach(spec.hostAliases, path.child("hostAliases"), errors, ({ ip, hostnames }, at) => {
    validateLegacyIp(ip, at.child("ip"), errors);
    checkEach(hostnames, at.child("hostnames"), errors, checkSubdomain);
  });
}

function checkClasses(spec: PodSpec, path: FieldPath, errors: Errors): void {
  checkName(spec, "priorityClassName", path, errors);
  const { runtimeClassName, preemptionPolicy, overhead } = spec;
  if (runtimeClassName !== undefined) checkObjectName(runtimeClassName, path.child("runtimeClassName"), errors);
  if (preemptionPolicy !== undefined) {
    checkRequiredOneOf(preemptionPolicy, ["PreemptLowerPriority", "Never"], path.child("preemptionPolicy"), errors);
  }
  if (overhead !== undefined) {
    checkContainerResources({ limits: overhead }, new Set(), path.child("overhead"), errors);
  }
}

function checkHostnameOverride(spec: PodSpec, name: string, path: FieldPath, errors: Errors): void {
  if (spec.setHostnameAsFQDN === true)
    errors.push(forbidden(path, "may not be specified when setHostnameAsFQDN is true"));
  if (spec.hostNetwork === true) errors.push(forbidden(path, "may not be specified when hostNetwork is true"));
  if (name.length > 64) errors.push(tooLong(path, 64));
  checkSubdomain(name, path, errors);
}

const nameserversMax = 3;
const searchPathsMax = 32;
const searchListMax = 2048;

function checkDnsConfig(
  config: PodDNSConfig | undefined,
  policy: string | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (policy === "None" && config === undefined) {
    errors.push(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
    return;
  }
  if (config === undefined) return;
  const { nameservers = [], searches = [], options = [] } = config;
  if (policy === "None" && nameservers.length === 0) {
    errors.push(
      required(path.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None"),
    );
    return;
  }
  if (nameservers.length > nameserversMax) {
    errors.push(
      invalid(path.child("nameservers"), nameservers, `must not have more than ${nameserversMax} nameservers`),
    );
  }
  checkEach(nameservers, path.child("nameservers"), errors, validateLegacyIpHere);
  const at = path.child("searches");
  if (searches.length > searchPathsMax)
    errors.push(invalid(at, searches, `must not have more than ${searchPathsMax} search paths`));
  if (searches.join(" ").length > searchListMax) {
    const detail = `must not have more than ${searchListMax} characters (including spaces) in the search list`;
    errors.push(invalid(at, searches, detail));
  }
  checkEach(searches, at, errors, (search, searchPath) => {
    if (search === ".") return;
    const bare = search.endsWith(".") ? search.slice(0, -1) : search;
    addMessages(isDns1123SubdomainWithUnderscore(bare), bare, searchPath, errors);
  });
  checkEach(options, path.child("options"), errors, ({ name = "" }, optionPath) => {
    if (name === "") errors.push(required(optionPath, "must not be empty"));
  });
}

function validateLegacyIpHere(value: string, path: FieldPath, errors: Errors): void {
  validateLegacyIp(value, path, errors);
}

function checkHostNetworkPorts(spec: PodSpec, path: FieldPath, errors: Errors, { isPod }: PodSpecRules): void {
  if (spec.hostNetwork !== true) return;
  checkEach(spec.containers, path.child("containers"), errors, ({ ports }, containerPath) => {
    checkEach(ports, containerPath.child("ports"), errors, ({ hostPort = 0, containerPort }, at) => {
      if ((!isPod && hostPort === 0) || hostPort === containerPort) return;
      errors.push(invalid(at.child("hostPort"), hostPort, "must match `containerPort` when `hostNetwork` is true"));
    });
  });
}

function checkPodClaims(
  claims: readonly PodResourceClaim[],
  path: FieldPath,
  errors: Errors,
  rules: PodSpecRules,
): void {
  const names = new Set<string>();
  claims.forEach((claim, index) => {
    const at = path.index(index);
    if (rules.isMirrorPod === true) {
      errors.push(forbidden("", "static pods do not support resource claims"));
      return;
    }
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (name === "") errors.push(required(at.child("name")));
    else if (names.has(name)) errors.push(duplicate(at.child("name"), name));
    else {
      checkLabel(name, at.child("name"), errors);
      names.add(name);
    }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
      errors.push(invalid(at, claim, detail));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      errors.push(invalid(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    }
    if (resourceClaimName !== undefined) checkObjectName(resourceClaimName, at.child("resourceClaimName"), errors);
    if (resourceClaimTemplateName !== undefined) {
      checkObjectName(resourceClaimTemplateName, at.child("resourceClaimTemplateName"), errors);
    }
  });
}

/** Files for environment variables come from an emptyDir of the pod. */
function checkFileKeyVolumes(spec: PodSpec, path: FieldPath, errors: Errors): void {
  visitContainers(spec, path, ({ env }, containerPath) => {
    checkEach(env, containerPath.child("env"), errors, ({ valueFrom }, at) => {
      const name = valueFrom?.fileKeyRef?.volumeName;
      if (name === undefined) return;
      const field = at.child("valueFrom").child("fileKeyRef").child("volumeName");
      const volume = (spec.volumes ?? []).find((candidate) => candidate.name === name);
      if (volume === undefined) errors.push(notFound(field, name));
      else if (volume.emptyDir === undefined)
        errors.push(invalid(field, name, "referenced volume must be of type emptyDir"));
    });
  });
}
