import type { Request } from "../../cri/index.ts";
import { describePod } from "../pods/names.ts";
import type { Container, Pod } from "../types.ts";

const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** The user that the image asks for: a number, a name, or nothing (root). */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

export interface SecurityOptions {
  readonly imageUser: ImageUser;
  /** Where `localhostProfile` paths start. */
  readonly seccompRoot: string;
  readonly seccompDefault: boolean;
  readonly supplementalGroups: readonly number[];
  /** The container whose processes an ephemeral container joins. */
  readonly targetContainerId?: string;
}

type LinuxContainerSecurityContext = Request<"LinuxContainerSecurityContext">;

export function containerSecurity(
  pod: Pod,
  container: Container,
  options: SecurityOptions,
): LinuxContainerSecurityContext {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const user = own.runAsUser ?? shared.runAsUser ?? options.imageUser.uid;
  const group = own.runAsGroup ?? shared.runAsGroup;
  const privileged = own.privileged === true;
  const unmasked = own.procMount === "Unmasked";
  return {
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    privileged,
    namespaceOptions: namespaceOptions(pod, options.targetContainerId),
    ...selinux(own.seLinuxOptions ?? shared.seLinuxOptions),
    ...(user === undefined ? {} : { runAsUser: { value: user } }),
    ...(user === undefined && options.imageUser.username !== "" ? { runAsUsername: options.imageUser.username } : {}),
    ...(group === undefined ? {} : { runAsGroup: { value: group } }),
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    supplementalGroups: options.supplementalGroups,
    ...(shared.supplementalGroupsPolicy === "Strict" ? { supplementalGroupsPolicy: "Strict" } : {}),
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccomp(own.seccompProfile ?? shared.seccompProfile, options, privileged),
    ...apparmor(own.appArmorProfile ?? shared.appArmorProfile),
  };
}

export function namespaceOptions(pod: Pod, targetContainerId?: string): Request<"NamespaceOption"> {
  const spec = pod.spec;
  const pid = spec?.hostPID ? "NODE" : spec?.shareProcessNamespace ? "POD" : "CONTAINER";
  return {
    network: spec?.hostNetwork ? "NODE" : "POD",
    ipc: spec?.hostIPC ? "NODE" : "POD",
    ...(targetContainerId === undefined ? { pid } : { pid: "TARGET", targetId: targetContainerId }),
  };
}

interface Profile {
  readonly type?: string;
  readonly localhostProfile?: string;
}

function seccomp(
  profile: Profile | undefined,
  options: SecurityOptions,
  privileged: boolean,
): Request<"SecurityProfile"> {
  if (privileged) return { profileType: "Unconfined" };
  if (profile?.type === "Localhost") {
    return { profileType: "Localhost", localhostRef: `${options.seccompRoot}/${profile.localhostProfile ?? ""}` };
  }
  const byDefault = profile === undefined && options.seccompDefault;
  return { profileType: profile?.type === "RuntimeDefault" || byDefault ? "RuntimeDefault" : "Unconfined" };
}

function apparmor(profile: Profile | undefined): Pick<LinuxContainerSecurityContext, "apparmor"> {
  if (profile === undefined) return {};
  if (profile.type === "Localhost")
    return { apparmor: { profileType: "Localhost", localhostRef: profile.localhostProfile ?? "" } };
  return { apparmor: { profileType: profile.type === "Unconfined" ? "Unconfined" : "RuntimeDefault" } };
}

export function selinux(
  options:
    | { readonly user?: string; readonly role?: string; readonly type?: string; readonly level?: string }
    | undefined,
): Pick<LinuxContainerSecurityContext, "selinuxOptions"> {
  if (options === undefined) return {};
  const { user = "", role = "", type = "", level = "" } = options;
  return { selinuxOptions: { user, role, type, level } };
}

/** Throws upstream's message when `runAsNonRoot` cannot be kept. */
export function verifyRunAsNonRoot(pod: Pod, container: Container, image: ImageUser): void {
  const own = container.securityContext;
  const shared = pod.spec?.securityContext;
  if ((own?.runAsNonRoot ?? shared?.runAsNonRoot) !== true) return;
  const where = `(pod: "${describePod(pod)}", container: ${container.name})`;
  const user = own?.runAsUser ?? shared?.runAsUser;
  if (user !== undefined) {
    if (user === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === 0 || (image.uid === undefined && image.username === "")) {
    throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
  }
  if (image.uid === undefined) {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
}

/** Groups that every process of the pod is in: `fsGroup`, then `supplementalGroups`. */
export function podSupplementalGroups(pod: Pod): number[] {
  const context = pod.spec?.securityContext;
  const groups = [...(context?.fsGroup === undefined ? [] : [context.fsGroup]), ...(context?.supplementalGroups ?? [])];
  return [...new Set(groups)];
}
