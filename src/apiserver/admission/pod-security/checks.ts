import { type Container, containersOf, type Pod, type PodSpec, type Volume } from "../../../api/index.ts";

export type Level = "privileged" | "baseline" | "restricted";

/** One rule of the Pod Security Standards that a pod breaks. */
export interface Violation {
  /** Short: `privileged`, `host namespaces`. */
  readonly reason: string;
  readonly detail: string;
}

/** `minor` is the version of the standards that is asked for: 1.minor. */
type Check = (pod: Pod, spec: PodSpec, minor: number) => Violation | undefined;

const quoted = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(", ");
const plural = (count: number, word: string): string => (count === 1 ? word : `${word}s`);

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

const seLinuxTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t"]);

const seLinux: Check = (_pod, spec, minor) => {
  const isFine = (type: string) => seLinuxTypes.has(type) || (minor >= 31 && type === "container_engine_t");
  const options = [
    spec.securityContext?.seLinuxOptions,
    ...containersOf(spec).map(({ securityContext }) => securityContext?.seLinuxOptions),
  ];
  const bad = options.filter(
    (option) => option !== undefined && (!isFine(option.type ?? "") || option.user || option.role),
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

/** By the version that took them in. */
const safeSysctls = new Map([
  ["kernel.shm_rmid_forced", 0],
  ["net.ipv4.ip_local_port_range", 0],
  ["net.ipv4.ip_unprivileged_port_start", 0],
  ["net.ipv4.tcp_syncookies", 0],
  ["net.ipv4.ping_group_range", 0],
  ["net.ipv4.ip_local_reserved_ports", 27],
  ["net.ipv4.tcp_keepalive_time", 29],
  ["net.ipv4.tcp_fin_timeout", 29],
  ["net.ipv4.tcp_keepalive_intvl", 29],
  ["net.ipv4.tcp_keepalive_probes", 29],
  ["net.ipv4.tcp_rmem", 32],
  ["net.ipv4.tcp_wmem", 32],
]);

const sysctls: Check = (_pod, spec, minor) => {
  const isSafe = (name: string) => (safeSysctls.get(name) ?? Number.POSITIVE_INFINITY) <= minor;
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !isSafe(name));
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

/** What only means something to Linux is asked of Linux only. */
const isWindows = (spec: PodSpec, minor: number): boolean => minor >= 25 && spec.os?.name === "windows";

const allowPrivilegeEscalation: Check = (_pod, spec, minor) => {
  if (isWindows(spec, minor)) return undefined;
  const bad = badContainers(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  return bad.length === 0
    ? undefined
    : {
        reason: "allowPrivilegeEscalation != false",
        detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
};

const capabilitiesRestricted: Check = (_pod, spec, minor) => {
  if (isWindows(spec, minor)) return undefined;
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

const seccompRestricted: Check = (pod, spec, minor) => {
  if (isWindows(spec, minor)) return undefined;
  const unconfined = seccompBaseline(pod, spec, minor);
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

interface Rule {
  readonly check: Check;
  /** The version of the standards that brought it. */
  readonly since: number;
  /** A baseline rule that it takes the place of. */
  readonly insteadOf?: Check;
}

const baseline: readonly Rule[] = [
  { check: appArmor, since: 0 },
  { check: capabilitiesBaseline, since: 0 },
  { check: hostNamespaces, since: 0 },
  { check: hostPathVolumes, since: 0 },
  { check: hostPorts, since: 0 },
  { check: hostProbes, since: 34 },
  { check: privileged, since: 0 },
  { check: procMount, since: 0 },
  { check: seLinux, since: 0 },
  { check: seccompBaseline, since: 19 },
  { check: sysctls, since: 0 },
  { check: windowsHostProcess, since: 0 },
];
/** What restricted adds. */
const restricted: readonly Rule[] = [
  { check: allowPrivilegeEscalation, since: 8 },
  { check: capabilitiesRestricted, since: 22, insteadOf: capabilitiesBaseline },
  { check: restrictedVolumes, since: 0 },
  { check: runAsNonRoot, since: 0 },
  { check: runAsUser, since: 23 },
  { check: seccompRestricted, since: 19, insteadOf: seccompBaseline },
];

/** Rules by level and version; there are few. */
const checksOf = new Map<string, readonly Check[]>();

function checksFor(level: Level, minor: number): readonly Check[] {
  const key = `${level}:${minor}`;
  const known = checksOf.get(key);
  if (known !== undefined) return known;
  const stricter = level === "restricted" ? restricted.filter(({ since }) => since <= minor) : [];
  const replaced = new Set(stricter.map(({ insteadOf }) => insteadOf));
  const basic = baseline.filter(({ check, since }) => since <= minor && !replaced.has(check));
  const checks = [...basic, ...stricter].map(({ check }) => check);
  if (checksOf.size < versionsMax) checksOf.set(key, checks);
  return checks;
}

const versionsMax = 200;

/** Which rules of a level a pod breaks. Upstream: "Pod Security Standards". `minor`: of version 1.minor; default the latest. */
export function violations(level: Level, pod: Pod, minor: number = Number.POSITIVE_INFINITY): readonly Violation[] {
  const { spec } = pod;
  if (level === "privileged" || spec === undefined) return [];
  return checksFor(level, minor).flatMap((check) => check(pod, spec, minor) ?? []);
}
