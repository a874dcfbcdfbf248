import type { Container, EphemeralContainer, PodSpec } from "../../../api/index.ts";
import { type FieldPath, forbidden, invalid, notSupported, required } from "../../../apimachinery/index.ts";
import type { Errors } from "./check.ts";

type Visit = (container: Container | EphemeralContainer, path: FieldPath) => void;

/** Init containers, containers, ephemeral containers, in this order. */
export function visitContainers(spec: PodSpec, path: FieldPath, visit: Visit): void {
  for (const field of ["initContainers", "containers", "ephemeralContainers"] as const) {
    const list: readonly (Container | EphemeralContainer)[] = spec[field] ?? [];
    list.forEach((container, index) => visit(container, path.child(field).index(index)));
  }
}

export function checkPodOs(spec: PodSpec, path: FieldPath, errors: Errors): void {
  if (spec.os === undefined) return;
  const name: string = spec.os.name;
  if (name === "") errors.push(required(path.child("os").child("name")));
  else if (name !== "linux" && name !== "windows")
    errors.push(notSupported(path.child("os"), name, ["linux", "windows"]));
  else if (name === "linux") forbidWindowsOptions(spec, path, errors);
  else forbidLinuxOptions(spec, path, errors);
}

function forbidWindowsOptions(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const detail = "windows options cannot be set for a linux pod";
  if (spec.securityContext?.windowsOptions !== undefined) {
    errors.push(forbidden(path.child("securityContext").child("windowsOptions"), detail));
  }
  visitContainers(spec, path, ({ securityContext }, at) => {
    if (securityContext?.windowsOptions === undefined) return;
    errors.push(forbidden(at.child("securityContext").child("windowsOptions"), detail));
  });
}

/** Of pods, in upstream's order: of their security context, and those that stand beside it. */
const contextFields = {
  first: ["appArmorProfile", "seLinuxOptions"],
  second: ["seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls"],
  third: ["runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"],
} as const;
const containerContextFields = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;
const hostFields = ["hostUsers", "hostPID", "hostIPC"] as const;

function forbidLinuxOptions(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const detail = "cannot be set for a windows pod";
  const forbid = <T extends object>(of: T | undefined, fields: readonly (keyof T & string)[], at: FieldPath) => {
    for (const field of fields) if (isSet(field, of?.[field])) errors.push(forbidden(at.child(field), detail));
  };
  const contextPath = path.child("securityContext");
  forbid(spec.securityContext, contextFields.first, contextPath);
  forbid(spec, hostFields, path);
  forbid(spec.securityContext, contextFields.second, contextPath);
  forbid(spec, ["shareProcessNamespace"], path);
  forbid(spec.securityContext, contextFields.third, contextPath);
  visitContainers(spec, path, ({ securityContext }, at) => {
    forbid(securityContext, containerContextFields, at.child("securityContext"));
  });
}

/** An empty list counts as set, but for sysctls, as upstream. */
function isSet(field: string, value: unknown): boolean {
  return value !== undefined && !(field === "sysctls" && Array.isArray(value) && value.length === 0);
}

/** Windows host processes: all containers or none, and only on the host's network. */
export function checkHostProcess(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const own = spec.securityContext?.windowsOptions?.hostProcess;
  let [count, hostProcesses] = [0, 0];
  visitContainers(spec, path, ({ securityContext }, at) => {
    count++;
    const value = securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && value !== undefined && own !== value) {
      const field = at.child("securityContext").child("windowsOptions").child("hostProcess");
      errors.push(invalid(field, value, `pod hostProcess value must be identical if both are specified, was ${own}`));
    }
    if (value ?? own ?? false) hostProcesses++;
  });
  if (hostProcesses === 0) return;
  if (hostProcesses !== count) {
    const detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
    errors.push(invalid(path, "", detail));
  }
  if (spec.hostNetwork !== true) {
    errors.push(
      invalid(path.child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers"),
    );
  }
}

export function checkHostUsers(spec: PodSpec, path: FieldPath, errors: Errors): void {
  if (spec.hostUsers !== false) return;
  const detail = "when `hostUsers` is false";
  if (spec.hostNetwork === true) errors.push(forbidden(path.child("hostNetwork"), detail));
  if (spec.hostPID === true) errors.push(forbidden(path.child("HostPID"), detail));
  if (spec.hostIPC === true) errors.push(forbidden(path.child("HostIPC"), detail));
  visitContainers(spec, path, ({ volumeDevices = [] }, at) => {
    if (volumeDevices.length > 0) errors.push(forbidden(at.child("volumeDevices"), detail));
  });
}
