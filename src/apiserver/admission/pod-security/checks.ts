import type { Container, Pod, PodSpec, Volume } from "../../../api/index.ts";

export type Level = "privileged" | "baseline" | "restricted";

/** One rule of the Pod Security Standards that a pod breaks. */
export interface Violation {
  /** Short: `privileged`, `host namespaces`. */
  readonly reason: string;
  readonly detail: string;
}

type Check = (pod: Pod, spec: PodSpec) => Violation | undefined;

const quoted = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(", ");
const plural = (count: number, word: string): string => (count === 1 ? word : `${word}s`);

function containersOf(spec: PodSpec): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as Container[])];
}

/** `container "a"` or `containers "a", "b"`. */
function named(containers: readonly Container[]): string {
  return `${plural(containers.length, "container")} ${quoted(containers.map(({ name }) => name))}`;
}

function badContainers(spec: PodSpec, bad: (container: Container) => boolean): Container[] {
  return containersOf(spec).filter(bad);
}

const privileged: Check = (_pod, spec) => {
  const bad = badContainers(spec, ({ securityContext }) => securityContext?.privileged === true);
  return bad.length === 0
    ? undefined
    : { reason: "privileged", detail: `${named(bad)} must not set securityContext.privileged=true` };
};

const hostNamespaces: Check = (_pod, spec) => {
  const set = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true);
  return set.length === 0
    ? undefined
    : { reason: "host namespaces", detail: set.map((field) => `${field}=true`).join(", ") };
};

const hostPathVolumes: Check = (_pod, spec) => {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  return bad.length === 0
    ? undefined
    : { reason: "hostPath volumes", detail: `${plural(bad.length, "volume")} ${quoted(bad)}` };
};

const hostPorts: Check = (_pod, spec) => {
  const ports = new Set<number>();
  const bad = badContainers(spec, (container) => {
    const used = (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
    for (const port of used) ports.add(port);
    return used.length > 0;
  });
  if (bad.length === 0) return undefined;
  const list = [...ports].toSorted((a, b) => a - b).join(", ");
  return {
    reason: "hostPort",
    detail: `${named(bad)} ${bad.length === 1 ? "uses" : "use"} ${plural(ports.size, "hostPort")} ${list}`,
  };
};

const baselineCapabilities = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const capabilitiesBaseline: Check = (_pod, spec) => {
  const extra = new Set<string>();
  const bad = badContainers(spec, ({ securityContext }) => {
    const beyond = (securityContext?.capabilities?.add ?? []).filter(
      (capability) => !baselineCapabilities.has(capability),
    );
    for (const capability of beyond) extra.add(capability);
    return beyond.length > 0;
  });
  if (bad.length === 0) return undefined;
  return {
    reason: "non-default capabilities",
    detail: `${named(bad)} must not include ${quoted([...extra].toSorted())} in securityContext.capabilities.add`,
  };
};

const seLinuxTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);

const seLinux: Check = (_pod, spec) => {
  const options = [
    spec.securityContext?.seLinuxOptions,
    ...containersOf(spec).map(({ securityContext }) => securityContext?.seLinuxOptions),
  ];
  const bad = options.filter(
    (option) => option !== undefined && (!seLinuxTypes.has(option.type ?? "") || option.user || option.role),
  );
  return bad.length === 0 ? undefined : { reason: "seLinuxOptions", detail: "forbidden SELinux options are set" };
};

const procMount: Check = (_pod, spec) => {
  const bad = badContainers(
    spec,
    ({ securityContext }) => securityContext?.procMount === "Unmasked" && spec.hostUsers !== false,
  );
  return bad.length === 0
    ? undefined
    : { reason: "procMount", detail: `${named(bad)} must not set securityContext.procMount to "Unmasked"` };
};

const seccompBaseline: Check = (_pod, spec) => {
  const podBad = spec.securityContext?.seccompProfile?.type === "Unconfined";
  const bad = badContainers(spec, ({ securityContext }) => securityContext?.seccompProfile?.type === "Unconfined");
  if (!podBad && bad.length === 0) return undefined;
  const who = [...(podBad ? ["pod"] : []), ...(bad.length === 0 ? [] : [named(bad)])].join(" and ");
  return {
    reason: "seccompProfile",
    detail: `${who} must not set securityContext.seccompProfile.type to "Unconfined"`,
  };
};

const appArmor: Check = (pod, spec) => {
  const annotations = Object.entries(pod.metadata.annotations ?? {}).filter(
    ([key, value]) =>
      key.startsWith("container.apparmor.security.beta.kubernetes.io/") &&
      value !== "" &&
      value !== "runtime/default" &&
      !value.startsWith("localhost/"),
  );
  const profiles = [
    spec.securityContext?.appArmorProfile,
    ...containersOf(spec).map(({ securityContext }) => securityContext?.appArmorProfile),
  ];
  const bad = profiles.some((profile) => profile?.type === "Unconfined");
  if (annotations.length === 0 && !bad) return undefined;
  return {
    reason: annotations.length > 1 ? "forbidden AppArmor profiles" : "forbidden AppArmor profile",
    detail: [
      ...annotations.map(([key, value]) => `${key}=${JSON.stringify(value)}`),
      ...(bad ? ['appArmorProfile.type "Unconfined"'] : []),
    ].join(", "),
  };
};

const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);

const sysctls: Check = (_pod, spec) => {
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.has(name));
  return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
};

const windowsHostProcess: Check = (_pod, spec) => {
  const bad = badContainers(spec, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
  const podBad = spec.securityContext?.windowsOptions?.hostProcess === true;
  if (bad.length === 0 && !podBad) return undefined;
  return {
    reason: "hostProcess",
    detail: `${[...(podBad ? ["pod"] : []), ...(bad.length === 0 ? [] : [named(bad)])].join(" and ")} must not set securityContext.windowsOptions.hostProcess=true`,
  };
};

const hostProbes: Check = (_pod, spec) => {
  const hosts = new Set<string>();
  const bad = badContainers(spec, ({ livenessProbe, readinessProbe, startupProbe, lifecycle }) => {
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    const used = handlers
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host) => host);
    for (const host of used) hosts.add(host ?? "");
    return used.length > 0;
  });
  if (bad.length === 0) return undefined;
  return {
    reason: "probe or lifecycle host",
    detail: `${named(bad)} ${bad.length === 1 ? "uses" : "use"} ${plural(hosts.size, "host")} ${quoted([...hosts].toSorted())}`,
  };
};

const restrictedVolumeTypes = new Set([
  "configMap",
  "downwardAPI",
  "emptyDir",
  "projected",
  "secret",
  "csi",
  "persistentVolumeClaim",
  "ephemeral",
  "image",
]);

const restrictedVolumes: Check = (_pod, spec) => {
  const typeOf = (volume: Volume) => Object.keys(volume).find((key) => key !== "name") ?? "unknown";
  const bad = (spec.volumes ?? []).filter((volume) => !restrictedVolumeTypes.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map(typeOf))].toSorted();
  return {
    reason: "restricted volume types",
    detail: `${plural(bad.length, "volume")} ${quoted(bad.map(({ name }) => name))} ${bad.length === 1 ? "uses" : "use"} restricted volume ${plural(types.length, "type")} ${quoted(types)}`,
  };
};

const isWindows = (spec: PodSpec): boolean => spec.os?.name === "windows";

const allowPrivilegeEscalation: Check = (_pod, spec) => {
  if (isWindows(spec)) return undefined;
  const bad = badContainers(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  return bad.length === 0
    ? undefined
    : {
        reason: "allowPrivilegeEscalation != false",
        detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
};

const capabilitiesRestricted: Check = (_pod, spec) => {
  if (isWindows(spec)) return undefined;
  const notDropped = badContainers(
    spec,
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"),
  );
  const added = new Set<string>();
  const adding = badContainers(spec, ({ securityContext }) => {
    const beyond = (securityContext?.capabilities?.add ?? []).filter((capability) => capability !== "NET_BIND_SERVICE");
    for (const capability of beyond) added.add(capability);
    return beyond.length > 0;
  });
  const details = [
    ...(notDropped.length === 0 ? [] : [`${named(notDropped)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0
      ? []
      : [`${named(adding)} must not include ${quoted([...added].toSorted())} in securityContext.capabilities.add`]),
  ];
  return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
};

const runAsNonRoot: Check = (_pod, spec) => {
  if (spec.hostUsers === false) return undefined;
  const podTrue = spec.securityContext?.runAsNonRoot === true;
  const explicit = badContainers(spec, ({ securityContext }) => securityContext?.runAsNonRoot === false);
  const implicit = podTrue
    ? []
    : badContainers(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (spec.securityContext?.runAsNonRoot === false || explicit.length > 0) {
    const who = [
      ...(spec.securityContext?.runAsNonRoot === false ? ["pod"] : []),
      ...(explicit.length === 0 ? [] : [named(explicit)]),
    ];
    return {
      reason: "runAsNonRoot != true",
      detail: `${who.join(" and ")} must not set securityContext.runAsNonRoot=false`,
    };
  }
  return implicit.length === 0
    ? undefined
    : {
        reason: "runAsNonRoot != true",
        detail: `pod or ${named(implicit)} must set securityContext.runAsNonRoot=true`,
      };
};

const runAsUser: Check = (_pod, spec) => {
  if (spec.hostUsers === false) return undefined;
  const bad = badContainers(spec, ({ securityContext }) => securityContext?.runAsUser === 0);
  const podBad = spec.securityContext?.runAsUser === 0;
  if (bad.length === 0 && !podBad) return undefined;
  const who = [...(podBad ? ["pod"] : []), ...(bad.length === 0 ? [] : [named(bad)])];
  return { reason: "runAsUser=0", detail: `${who.join(" and ")} must not set runAsUser=0` };
};

const seccompRestricted: Check = (pod, spec) => {
  if (isWindows(spec)) return undefined;
  const unconfined = seccompBaseline(pod, spec);
  if (unconfined !== undefined) return unconfined;
  const fine = (type: string | undefined) => type === "RuntimeDefault" || type === "Localhost";
  if (fine(spec.securityContext?.seccompProfile?.type)) return undefined;
  const bad = badContainers(spec, ({ securityContext }) => !fine(securityContext?.seccompProfile?.type));
  if (bad.length === 0) return undefined;
  return {
    reason: "seccompProfile",
    detail: `pod or ${named(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

const baseline: readonly Check[] = [
  appArmor,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinux,
  seccompBaseline,
  sysctls,
  windowsHostProcess,
];
/** What restricted adds; two baseline rules are replaced by stricter ones. */
const restricted: readonly Check[] = [
  ...baseline.filter((check) => check !== capabilitiesBaseline && check !== seccompBaseline),
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
];

/** Which rules of a level a pod breaks. Upstream: "Pod Security Standards", latest version. */
export function violations(level: Level, pod: Pod): readonly Violation[] {
  const { spec } = pod;
  if (level === "privileged" || spec === undefined) return [];
  return (level === "baseline" ? baseline : restricted).flatMap((check) => check(pod, spec) ?? []);
}
