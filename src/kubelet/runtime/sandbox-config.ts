import type { Request } from "../../cri/index.ts";
import { kernelHostname, type PodHostname } from "../network/hosts-file.ts";
import type { DnsConfig } from "../network/resolv-conf.ts";
import { podName, podNamespace, podUid } from "../pods/names.ts";
import type { Container, Pod } from "../types.ts";
import { labels } from "./labels.ts";
import { namespaceOptions, podSupplementalGroups, selinux } from "./security-context.ts";

export interface SandboxInput {
  readonly pod: Pod;
  readonly attempt: number;
  readonly hostname: PodHostname;
  readonly dns: DnsConfig;
  readonly logDirectory: string;
  readonly cgroupParent: string;
}

export function sandboxConfig(input: SandboxInput): Request<"PodSandboxConfig"> {
  const { pod, attempt } = input;
  const name = { name: podName(pod), namespace: podNamespace(pod), uid: podUid(pod) };
  return {
    metadata: { ...name, attempt },
    // On the host's network there is no name of its own to set.
    hostname: pod.spec?.hostNetwork ? "" : kernelHostname(pod, input.hostname),
    logDirectory: input.logDirectory,
    dnsConfig: input.dns,
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations: { ...pod.metadata.annotations },
    linux: {
      cgroupParent: input.cgroupParent,
      securityContext: sandboxSecurity(pod),
      sysctls: sysctls(pod),
    },
  };
}

export function sandboxLabels(pod: Pod): Record<string, string> {
  return {
    ...pod.metadata.labels,
    [labels.podName]: podName(pod),
    [labels.podNamespace]: podNamespace(pod),
    [labels.podUid]: podUid(pod),
  };
}

function sandboxSecurity(pod: Pod): Request<"LinuxSandboxSecurityContext"> {
  const context = pod.spec?.securityContext ?? {};
  const privileged = allContainers(pod).some((container) => container.securityContext?.privileged === true);
  return {
    privileged,
    namespaceOptions: namespaceOptions(pod),
    // Least privilege for the pause process, whatever the containers ask for.
    seccomp: { profileType: "RuntimeDefault" },
    ...selinux(context.seLinuxOptions),
    ...(context.runAsUser === undefined ? {} : { runAsUser: { value: context.runAsUser } }),
    ...(context.runAsUser === undefined || context.runAsGroup === undefined
      ? {}
      : { runAsGroup: { value: context.runAsGroup } }),
    supplementalGroups: podSupplementalGroups(pod),
  };
}

/** The runtime wants dots between the parts of a name; the API takes slashes as well. */
function sysctls(pod: Pod): Record<string, string> {
  const listed = pod.spec?.securityContext?.sysctls ?? [];
  return Object.fromEntries(listed.map(({ name, value }) => [name.replaceAll("/", "."), value]));
}

function portMappings(pod: Pod): Request<"PortMapping">[] {
  if (pod.spec?.hostNetwork) return [];
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({
      protocol: (port.protocol ?? "TCP") as "TCP" | "UDP" | "SCTP",
      containerPort: port.containerPort,
      hostPort: port.hostPort ?? 0,
      hostIp: port.hostIP ?? "",
    }));
}

export function allContainers(pod: Pod): Container[] {
  const ephemeral = (pod.spec?.ephemeralContainers ?? []) as Container[];
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...ephemeral];
}
