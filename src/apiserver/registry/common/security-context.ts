import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  invalid,
  isValidGroupId,
  isValidUserId,
  notSupported,
  required,
  tooLong,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkOneOf, checkRelativePath, type Errors } from "./check.ts";
import { checkWindowsOptions } from "./windows-options.ts";

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];
/** PATH_MAX - 1 */
const localhostProfileMax = 4095;

export function checkPodSecurityContext(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const context = spec.securityContext ?? {};
  const { fsGroup, runAsUser, runAsGroup } = context;
  if (fsGroup !== undefined) addMessages(isValidGroupId(fsGroup), fsGroup, path.child("fsGroup"), errors);
  checkIds(runAsUser, runAsGroup, path, errors);
  checkEach(context.supplementalGroups, path.child("supplementalGroups"), errors, (group, at) => {
    addMessages(isValidGroupId(group), group, at, errors);
  });
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalid(path.child("shareProcessNamespace"), true, detail));
  }
  if (context.sysctls !== undefined) checkSysctls(context.sysctls, spec, path.child("sysctls"), errors);
  checkPodPolicies(context, path, errors);
}

function checkPodPolicies(context: PodSecurityContext, path: FieldPath, errors: Errors): void {
  const { fsGroupChangePolicy, supplementalGroupsPolicy, seLinuxChangePolicy } = context;
  if (fsGroupChangePolicy !== undefined) {
    checkOneOf(fsGroupChangePolicy, ["Always", "OnRootMismatch"], path.child("fsGroupChangePolicy"), errors);
  }
  checkSeccomp(context.seccompProfile, path.child("seccompProfile"), errors);
  checkWindowsOptions(context.windowsOptions, path.child("windowsOptions"), errors);
  checkAppArmor(context.appArmorProfile, path.child("appArmorProfile"), errors);
  if (supplementalGroupsPolicy !== undefined) {
    checkOneOf(supplementalGroupsPolicy, ["Merge", "Strict"], path.child("supplementalGroupsPolicy"), errors);
  }
  if (seLinuxChangePolicy !== undefined) {
    // `MountOption` waits for the gate SELinuxMount, which is off by default.
    checkOneOf(seLinuxChangePolicy, ["Recursive"], path.child("seLinuxChangePolicy"), errors);
  }
}

function checkIds(user: number | undefined, group: number | undefined, path: FieldPath, errors: Errors): void {
  if (user !== undefined) addMessages(isValidUserId(user), user, path.child("runAsUser"), errors);
  if (group !== undefined) addMessages(isValidGroupId(group), group, path.child("runAsGroup"), errors);
}

/** `hostUsers` false means that the pod has a user namespace of its own. */
export function checkSecurityContext(
  context: SecurityContext,
  hostUsers: boolean,
  path: FieldPath,
  errors: Errors,
): void {
  checkIds(context.runAsUser, context.runAsGroup, path, errors);
  const { procMount, allowPrivilegeEscalation, privileged, capabilities } = context;
  if (procMount !== undefined) {
    checkOneOf(procMount, ["Default", "Unmasked"], path.child("procMount"), errors);
    if (hostUsers && procMount === "Unmasked") {
      errors.push(invalid(path.child("procMount"), procMount, "`hostUsers` must be false to use `Unmasked`"));
    }
  }
  checkSeccomp(context.seccompProfile, path.child("seccompProfile"), errors);
  if (allowPrivilegeEscalation === false) {
    const prefix = "cannot set `allowPrivilegeEscalation` to false and";
    if (privileged === true) errors.push(invalid(path, context, `${prefix} \`privileged\` to true`));
    if (capabilities?.add?.includes("CAP_SYS_ADMIN") === true) {
      errors.push(invalid(path, context, `${prefix} \`capabilities.Add\` CAP_SYS_ADMIN`));
    }
  }
  checkWindowsOptions(context.windowsOptions, path.child("windowsOptions"), errors);
  checkAppArmor(context.appArmorProfile, path.child("appArmorProfile"), errors);
}

function checkSeccomp(profile: SeccompProfile | undefined, path: FieldPath, errors: Errors): void {
  if (profile === undefined) return;
  const type: string = profile.type ?? "";
  const { localhostProfile } = profile;
  if (type === "") errors.push(required(path.child("type"), "type is required when seccompProfile is set"));
  else checkOneOf(type, profileTypes, path.child("type"), errors);
  const at = path.child("localhostProfile");
  if (type !== "Localhost") {
    if (localhostProfile !== undefined)
      errors.push(invalid(at, profile, "can only be set when seccomp type is Localhost"));
  } else if (localhostProfile === undefined) errors.push(required(at, "must be set when seccomp type is Localhost"));
  else checkRelativePath(localhostProfile, at, errors);
}

function checkAppArmor(profile: AppArmorProfile | undefined, path: FieldPath, errors: Errors): void {
  if (profile === undefined) return;
  const type: string = profile.type ?? "";
  const at = path.child("localhostProfile");
  if (type === "Localhost") checkLocalhostProfile(profile.localhostProfile, at, errors);
  else if (type === "") errors.push(required(path.child("type"), "type is required when appArmorProfile is set"));
  else if (!profileTypes.includes(type)) errors.push(notSupported(path.child("type"), type, profileTypes));
  else if (profile.localhostProfile !== undefined) {
    errors.push(invalid(at, profile.localhostProfile, "can only be set when AppArmor type is Localhost"));
  }
}

function checkLocalhostProfile(profile: string | undefined, path: FieldPath, errors: Errors): void {
  const missing = "must be set when AppArmor type is Localhost";
  if (profile === undefined) {
    errors.push(required(path, missing));
    return;
  }
  if (profile.trim() !== profile) errors.push(invalid(path, profile, "must not be padded with whitespace"));
  else if (profile === "") errors.push(required(path, missing));
  if (profile.length > localhostProfileMax) errors.push(tooLong(path, localhostProfileMax));
}

const sysctlMaxLength = 253;
const sysctlFormat = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const sysctlName = new RegExp(sysctlFormat);
const ipcSysctl = /^(kernel[./](shmall|shmmax|shmmni|shm_rmid_forced|sem|msg)|kernel[./](shm|msg)|fs[./]mqueue[./])/;

function checkSysctls(sysctls: readonly Sysctl[], spec: PodSpec, path: FieldPath, errors: Errors): void {
  const seen = new Set<string>();
  sysctls.forEach(({ name }, index) => {
    const at = path.index(index).child("name");
    if (name === "") errors.push(required(at));
    else if (name.length > sysctlMaxLength || !sysctlName.test(name)) {
      errors.push(invalid(at, name, `must have at most ${sysctlMaxLength} characters and match regex ${sysctlFormat}`));
    } else if (seen.has(name)) errors.push(duplicate(at, name));
    if (spec.hostNetwork === true && /^net[./]/.test(name)) {
      errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    } else if (spec.hostIPC === true && ipcSysctl.test(name)) {
      errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
    seen.add(name);
  });
}
