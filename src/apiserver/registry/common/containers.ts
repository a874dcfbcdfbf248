import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  EphemeralContainer,
  PodOS,
  PodSpec,
  VolumeDevice,
  VolumeMount,
} from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  forbidden,
  invalid,
  isValidPortName,
  isValidPortNumber,
  notFound,
  notSupported,
  required,
  tooMany,
} from "../../../apimachinery/index.ts";
import {
  addMessages,
  checkEach,
  checkLabel,
  checkNoBacksteps,
  checkOneOf,
  checkRelativePath,
  checkRequired,
  checkRequiredOneOf,
  checkUnique,
  type Errors,
} from "./check.ts";
import { checkEnvFrom, checkEnvVar } from "./environment.ts";
import { checkLifecycle, checkLivenessProbe, checkReadinessProbe, checkStartupProbe } from "./probes.ts";
import { checkContainerResources } from "./resources.ts";
import { checkSecurityContext } from "./security-context.ts";
import { checkPullPolicy, type VolumesByName } from "./volumes.ts";

/** What containers share with their pod. */
export interface PodContext {
  readonly spec: PodSpec;
  readonly volumes: VolumesByName;
  readonly claimNames: ReadonlySet<string>;
  /** Seconds. */
  readonly grace: number | undefined;
  readonly hostUsers: boolean;
  readonly os: PodOS | undefined;
  /** Init containers that end may be restarted to resize them: of pods stored when that was allowed. */
  readonly keepsRestartingInit: boolean;
}

/** Whether a pod has what only pods of old may have. */
export function hasRestartingInit({ initContainers = [] }: PodSpec): boolean {
  return initContainers.some(
    ({ restartPolicy, resizePolicy = [] }) =>
      restartPolicy !== "Always" && resizePolicy.some((policy) => policy.restartPolicy === "RestartContainer"),
  );
}

type AnyContainer = Omit<Container, "restartPolicy"> & { readonly restartPolicy?: string };

export function checkContainers(
  containers: readonly Container[],
  pod: PodContext,
  path: FieldPath,
  errors: Errors,
): void {
  if (containers.length === 0) errors.push(required(path));
  const names = new Set<string>();
  containers.forEach((container, index) => {
    const at = path.index(index);
    checkCommon(container, pod, at, errors);
    checkUnique(names, container.name, at.child("name"), errors);
    checkRunning(container, pod, at, errors);
    checkRestartPolicy(container, at, errors);
  });
  checkHostPorts(containers, path, errors);
}

export function checkInitContainers(
  containers: readonly Container[],
  pod: PodContext,
  path: FieldPath,
  errors: Errors,
): void {
  const names = new Set((pod.spec.containers ?? []).map(({ name }) => name));
  containers.forEach((container, index) => {
    const at = path.index(index);
    checkCommon(container, pod, at, errors);
    const { restartPolicy } = container;
    if (restartPolicy !== undefined) checkRestartPolicy(container, at, errors);
    else if ((container.restartPolicyRules ?? []).length > 0)
      errors.push(required(at.child("restartPolicy"), ruleless));
    if (names.has(container.name)) errors.push(duplicate(at.child("name"), container.name));
    else if (container.name !== "") names.add(container.name);
    checkHostPorts([container], path, errors);
    if (restartPolicy === "Always") {
      checkRunning(container, pod, at, errors);
      return;
    }
    forbidRunning(container, at, errors);
    if (pod.keepsRestartingInit) return;
    checkEach(container.resizePolicy, at.child("resizePolicy"), errors, ({ restartPolicy: policy }, policyPath) => {
      if (policy !== "RestartContainer") return;
      const detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
      errors.push(invalid(policyPath.child("restartPolicy"), policy, detail));
    });
  });
}

/** Lifecycle and probes, of containers that run as long as the pod. */
function checkRunning(container: AnyContainer, { grace, os }: PodContext, path: FieldPath, errors: Errors): void {
  if (container.lifecycle !== undefined)
    checkLifecycle(container.lifecycle, grace, os, path.child("lifecycle"), errors);
  checkLivenessProbe(container.livenessProbe, grace, path.child("livenessProbe"), errors);
  checkReadinessProbe(container.readinessProbe, grace, path.child("readinessProbe"), errors);
  checkStartupProbe(container.startupProbe, grace, path.child("startupProbe"), errors);
}

function forbidRunning(container: Container, path: FieldPath, errors: Errors): void {
  for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[field] === undefined) continue;
    errors.push(forbidden(path.child(field), "may not be set for init containers without restartPolicy=Always"));
  }
}

/** What ephemeral containers may not have, in upstream's order. */
const refusedFields = [
  ...(["ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules"] as const),
  ...(["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const),
] as const;

export function checkEphemeralContainers(
  containers: readonly EphemeralContainer[],
  pod: PodContext,
  path: FieldPath,
  errors: Errors,
): void {
  if (containers.length === 0) return;
  const others = new Set([...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  containers.forEach((container, index) => {
    const at = path.index(index);
    checkCommon(container, pod, at, errors);
    checkImageSpace(container.image ?? "", at, errors);
    checkUnique(names, container.name, at.child("name"), errors);
    const target = container.targetContainerName ?? "";
    if (target !== "" && !others.has(target)) errors.push(notFound(at.child("targetContainerName"), target));
    for (const field of refusedFields) {
      const value = container[field];
      if (value === undefined || (field === "resources" && Object.keys(value).length === 0)) continue;
      errors.push(forbidden(at.child(field), "cannot be set for an Ephemeral Container"));
    }
    checkEach(container.volumeMounts, at.child("volumeMounts"), errors, (mount, mountPath) => {
      for (const field of ["subPath", "subPathExpr"] as const) {
        if ((mount[field] ?? "") === "") continue;
        errors.push(forbidden(mountPath.child(field), "cannot be set for an Ephemeral Container"));
      }
    });
  });
}

/** Pods, unlike templates, refuse images with space around them. */
export function checkImageSpace(image: string, path: FieldPath, errors: Errors): void {
  if (image.trim() === image) return;
  errors.push(invalid(path.child("image"), image, "must not have leading or trailing whitespace"));
}

const messagePolicies = ["File", "FallbackToLogsOnError"];

function checkCommon(container: AnyContainer, pod: PodContext, path: FieldPath, errors: Errors): void {
  if (container.name === "") errors.push(required(path.child("name")));
  else checkLabel(container.name, path.child("name"), errors);
  checkRequired(container.image, path.child("image"), errors);
  checkRequiredOneOf(
    container.terminationMessagePolicy,
    messagePolicies,
    path.child("terminationMessagePolicy"),
    errors,
  );
  if (container.ports !== undefined) checkPorts(container.ports, path.child("ports"), errors);
  checkEach(container.env, path.child("env"), errors, checkEnvVar);
  if (container.envFrom !== undefined) checkEnvFrom(container.envFrom, path.child("envFrom"), errors);
  if (container.volumeMounts !== undefined)
    checkMounts(container, container.volumeMounts, pod, path.child("volumeMounts"), errors);
  if (container.volumeDevices !== undefined) {
    checkDevices(container, container.volumeDevices, pod, path.child("volumeDevices"), errors);
  }
  checkPullPolicy(container.imagePullPolicy, path.child("imagePullPolicy"), errors);
  checkContainerResources(container.resources, pod.claimNames, path.child("resources"), errors);
  if (container.resizePolicy !== undefined) {
    checkResizePolicy(container.resizePolicy, pod.spec.restartPolicy, path.child("resizePolicy"), errors);
  }
  if (container.securityContext !== undefined) {
    checkSecurityContext(container.securityContext, pod.hostUsers, path.child("securityContext"), errors);
  }
}

const protocols = ["SCTP", "TCP", "UDP"];

function checkPorts(ports: readonly ContainerPort[], path: FieldPath, errors: Errors): void {
  const names = new Set<string>();
  ports.forEach(({ name = "", containerPort = 0, hostPort = 0, protocol }, index) => {
    const at = path.index(index);
    if (name !== "") {
      const messages = isValidPortName(name);
      if (messages.length > 0) addMessages(messages, name, at.child("name"), errors);
      else checkUnique(names, name, at.child("name"), errors);
    }
    if (containerPort === 0) errors.push(required(at.child("containerPort")));
    else addMessages(isValidPortNumber(containerPort), containerPort, at.child("containerPort"), errors);
    if (hostPort !== 0) addMessages(isValidPortNumber(hostPort), hostPort, at.child("hostPort"), errors);
    checkRequiredOneOf(protocol, protocols, at.child("protocol"), errors);
  });
}

function checkHostPorts(containers: readonly Container[], path: FieldPath, errors: Errors): void {
  const seen = new Set<string>();
  containers.forEach((container, index) => {
    checkEach(
      container.ports,
      path.index(index).child("ports"),
      errors,
      ({ hostPort = 0, hostIP = "", protocol = "" }, at) => {
        if (hostPort !== 0) checkUnique(seen, `${protocol}/${hostIP}/${hostPort}`, at.child("hostPort"), errors);
      },
    );
  });
}

const propagations = ["Bidirectional", "HostToContainer", "None"];

function checkMounts(
  container: AnyContainer,
  mounts: readonly VolumeMount[],
  { volumes }: PodContext,
  path: FieldPath,
  errors: Errors,
): void {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  mounts.forEach((mount, index) => {
    const at = path.index(index);
    const { name, mountPath, subPath = "", subPathExpr = "" } = mount;
    if (name === "") errors.push(required(at.child("name")));
    if (!volumes.has(name)) errors.push(notFound(at.child("name"), name));
    if (mountPath === "") errors.push(required(at.child("mountPath")));
    if (paths.has(mountPath)) errors.push(invalid(at.child("mountPath"), mountPath, "must be unique"));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      errors.push(invalid(at.child("name"), name, "must not already exist in volumeDevices"));
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      errors.push(invalid(at.child("mountPath"), mountPath, "must not already exist as a path in volumeDevices"));
    }
    if (subPath !== "") checkRelativePath(subPath, path.child("subPath"), errors);
    if (subPathExpr !== "") {
      if (subPath !== "") {
        errors.push(invalid(at.child("subPathExpr"), subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      }
      checkRelativePath(subPathExpr, path.child("subPathExpr"), errors);
    }
    checkMountModes(mount, container.securityContext?.privileged === true, path, errors);
  });
}

/** Upstream names these errors by the list, not by the item. */
function checkMountModes(mount: VolumeMount, privileged: boolean, path: FieldPath, errors: Errors): void {
  const { mountPropagation: propagation, recursiveReadOnly: recursive } = mount;
  if (propagation !== undefined) {
    checkOneOf(propagation, propagations, path.child("mountPropagation"), errors);
    if (propagation === "Bidirectional" && !privileged) {
      const detail = "Bidirectional mount propagation is available only to privileged containers";
      errors.push(forbidden(path.child("mountPropagation"), detail));
    }
  }
  const at = path.child("recursiveReadOnly");
  if (recursive === undefined || recursive === "Disabled") return;
  if (recursive !== "Enabled" && recursive !== "IfPossible") {
    errors.push(notSupported(at, recursive, ["Disabled", "Enabled", "IfPossible"]));
    return;
  }
  if (mount.readOnly !== true) errors.push(forbidden(at, "may only be specified when readOnly is true"));
  if (propagation !== undefined && propagation !== "None") {
    errors.push(forbidden(at, "may only be specified when mountPropagation is None or not specified"));
  }
}

function checkDevices(
  container: AnyContainer,
  devices: readonly VolumeDevice[],
  { volumes }: PodContext,
  path: FieldPath,
  errors: Errors,
): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  devices.forEach(({ name, devicePath }, index) => {
    const at = path.index(index);
    const volume = volumes.get(name);
    if (name === "") errors.push(required(at.child("name")));
    if (names.has(name)) errors.push(invalid(at.child("name"), name, "must be unique"));
    if (volume === undefined) errors.push(notFound(at.child("name"), name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
      errors.push(invalid(at.child("name"), name, detail));
    }
    if (devicePath === "") errors.push(required(at.child("devicePath")));
    if (paths.has(devicePath)) errors.push(invalid(at.child("devicePath"), devicePath, "must be unique"));
    const steps: Errors = [];
    checkNoBacksteps(devicePath, at, steps);
    if (steps.length > 0) errors.push(invalid(at.child("devicePath"), devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) {
      errors.push(invalid(at.child("name"), name, "must not already exist in volumeMounts"));
    }
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      errors.push(invalid(at.child("devicePath"), devicePath, "must not already exist as a path in volumeMounts"));
    }
    if (name !== "") names.add(name);
  });
}

const resizeResources = ["cpu", "memory"];
const resizePolicies = ["NotRequired", "RestartContainer"];

function checkResizePolicy(
  policies: readonly ContainerResizePolicy[],
  podRestartPolicy: string | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  const seen = new Set<string>();
  policies.forEach(({ resourceName, restartPolicy }, index) => {
    checkUnique(seen, resourceName, path.index(index), errors);
    checkRequiredOneOf(resourceName, resizeResources, path, errors);
    checkRequiredOneOf(restartPolicy, resizePolicies, path, errors);
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired") {
      errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    }
  });
}

const restartPolicies = ["Always", "Never", "OnFailure"];
const restartRulesMax = 20;
const exitCodesMax = 255;
const ruleless = "must specify restartPolicy when restart rules are used";

function checkRestartPolicy(
  { restartPolicy, restartPolicyRules: rules = [] }: AnyContainer,
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("restartPolicy");
  if (restartPolicy !== undefined) checkOneOf(restartPolicy, restartPolicies, at, errors);
  else if (rules.length > 0) errors.push(required(at, ruleless));
  if (rules.length > restartRulesMax) {
    errors.push(tooMany(path.child("restartPolicyRules"), rules.length, restartRulesMax));
  }
  checkEach(rules, path.child("restartPolicyRules"), errors, checkRestartRule);
}

function checkRestartRule({ action, exitCodes }: ContainerRestartRule, path: FieldPath, errors: Errors): void {
  checkOneOf(action ?? "", ["Restart", "RestartAllContainers"], path.child("action"), errors);
  const at = path.child("exitCodes");
  if (exitCodes === undefined) {
    errors.push(required(at, "must be specified"));
    return;
  }
  checkOneOf(exitCodes.operator ?? "", ["In", "NotIn"], at.child("operator"), errors);
  const count = (exitCodes.values ?? []).length;
  if (count > exitCodesMax) errors.push(tooMany(at.child("values"), count, exitCodesMax));
}
