import type {
  Affinity,
  Container,
  ContainerPort,
  EphemeralContainer,
  EnvVar,
  Pod,
  PodSpec,
  PodTemplateSpec,
} from "../../../api/index.ts";
import {
  type FieldPath,
  fieldPath,
  goList,
  isDns1123Label,
  quote,
  warningsForIp,
} from "../../../apimachinery/index.ts";
import { claimSpecWarnings, fractionWarnings } from "./claim-warnings.ts";
import { nodeLabelWarning, nodeTermWarnings } from "./node-label-warnings.ts";
import { annotationWarnings } from "./pod-annotation-warnings.ts";
import { visitContainers } from "./pod-os.ts";
import { volumePathWarnings } from "./volume-path-warnings.ts";

type Warnings = string[];

/** Likely mistakes in a pod; upstream's texts. */
export function podWarnings({ metadata, spec }: Pod): readonly string[] {
  return warningsOf(spec, metadata.annotations, fieldPath("spec"), fieldPath("metadata", "annotations"), false);
}

/** The same in the template of a workload, which stands at `path`. */
export function templateWarnings(template: PodTemplateSpec | undefined, path: FieldPath): readonly string[] {
  if (template === undefined) return [];
  const { metadata, spec = { containers: [] } } = template;
  return warningsOf(spec, metadata?.annotations, path.child("spec"), path.child("metadata").child("annotations"), true);
}

/** Names that become, or become part of, the names of pods. */
export function hostnameWarnings(name = "", use = "Pod names and hostnames"): readonly string[] {
  const messages = isDns1123Label(name);
  if (messages.length === 0) return [];
  const advice = "which can result in surprising behavior; a DNS label is recommended";
  return [`metadata.name: this is used in ${use}, ${advice}: ${goList(messages)}`];
}

function warningsOf(
  spec: PodSpec,
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
  annotationsPath: FieldPath,
  isTemplate: boolean,
): readonly string[] {
  const warnings: Warnings = [];
  deprecatedLabels(spec, path, warnings);
  annotationWarnings(annotations, spec, annotationsPath, isTemplate, warnings);
  volumeWarnings(spec, path, warnings);
  volumePathWarnings(spec.volumes ?? [], warnings);
  lists(spec, path, warnings);
  visitContainers(spec, path, (container, at) => containerWarnings(container, at, warnings));
  portWarnings(spec, path, warnings);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const text = "must be >= 0; negative values are invalid and will be treated as 1";
    warnings.push(`${path.child("terminationGracePeriodSeconds")}: ${text}`);
  }
  if (spec.affinity !== undefined) affinityWarnings(spec.affinity, path.child("affinity"), warnings);
  addressWarnings(spec, path, warnings);
  return warnings;
}

function deprecatedLabels(spec: PodSpec, path: FieldPath, warnings: Warnings): void {
  for (const key in spec.nodeSelector) {
    const message = nodeLabelWarning(key);
    if (message !== undefined) warnings.push(`${path.child("nodeSelector").key(key)}: ${message}`);
  }
  const node = spec.affinity?.nodeAffinity;
  const nodePath = path.child("affinity").child("nodeAffinity");
  node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, index) => {
    const terms = nodePath.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
    warnings.push(...nodeTermWarnings(term, false, terms.index(index)));
  });
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference }, index) => {
    const at = nodePath.child("preferredDuringSchedulingIgnoredDuringExecution").index(index).child("preference");
    warnings.push(...nodeTermWarnings(preference, true, at));
  });
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, index) => {
    const at = path.child("topologySpreadConstraints").index(index);
    const message = nodeLabelWarning(topologyKey);
    if (message !== undefined) warnings.push(`${at.child("topologyKey")}: ${topologyKey} is ${message}`);
    if (labelSelector === undefined) warnings.push(`${at.child("labelSelector")}: ${nullSelector}`);
  });
}

const oldVolumes = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
} as const;

function volumeWarnings(spec: PodSpec, path: FieldPath, warnings: Warnings): void {
  spec.volumes?.forEach((volume, index) => {
    const claim = volume.ephemeral?.volumeClaimTemplate;
    if (claim !== undefined) {
      const at = path.child("volumes").index(index).child("ephemeral").child("volumeClaimTemplate").child("spec");
      warnings.push(...claimSpecWarnings(claim.spec, at));
    }
    for (const field of Object.keys(oldVolumes) as (keyof typeof oldVolumes)[]) {
      if (volume[field] === undefined) continue;
      const name = field === "storageos" ? "storageOS" : field;
      warnings.push(`${path.child("volumes").index(index).child(name)}: ${oldVolumes[field]}`);
    }
  });
}

function lists(spec: PodSpec, path: FieldPath, warnings: Warnings): void {
  const ips = new Set<string>();
  spec.hostAliases?.forEach(({ ip }, index) => {
    if (ips.has(ip)) warnings.push(`${path.child("hostAliases").index(index).child("ip")}: duplicate ip ${quote(ip)}`);
    ips.add(ip);
  });
  const names = new Set<string>();
  const unnamed: Warnings = [];
  spec.imagePullSecrets?.forEach(({ name = "" }, index) => {
    const at = path.child("imagePullSecrets").index(index).child("name");
    if (names.has(name)) warnings.push(`${at}: duplicate name ${quote(name)}`);
    if (name === "") unnamed.push(`${at}: invalid empty name ""`);
    names.add(name);
  });
  warnings.push(...unnamed);
  fractions(spec.overhead, path.child("overhead"), warnings);
}

function fractions(list: Readonly<Record<string, string>> | undefined, path: FieldPath, warnings: Warnings): void {
  for (const name of ["memory", "ephemeral-storage"]) warnings.push(...fractionWarnings(list?.[name], path.key(name)));
}

function containerWarnings(
  { resources, env = [] }: Container | EphemeralContainer,
  path: FieldPath,
  warnings: Warnings,
): void {
  fractions(resources?.limits, path.child("resources").child("limits"), warnings);
  fractions(resources?.requests, path.child("resources").child("requests"), warnings);
  const names = new Set<string>();
  env.forEach((variable, index) => {
    if (names.has(variable.name) && hidesPrevious(variable)) {
      const text = `hides previous definition of ${quote(variable.name)}, which may be dropped when using apply`;
      warnings.push(`${path.child("env").index(index)}: ${text}`);
    }
    names.add(variable.name);
  });
}

/** A variable may be defined again by way of itself: `PATH=$(PATH):/more`. */
function hidesPrevious({ name, value = "", valueFrom }: EnvVar): boolean {
  const reference = `$(${name})`;
  return valueFrom !== undefined || value === reference || !value.includes(reference);
}

interface PlacedPort {
  readonly path: FieldPath;
  readonly port: ContainerPort;
}

function portWarnings(spec: PodSpec, path: FieldPath, warnings: Warnings): void {
  const byNumber = new Map<string, PlacedPort[]>();
  const byName = new Map<string, FieldPath>();
  const named: Warnings = [];
  visitContainers(spec, path, ({ ports = [] }, at) => {
    ports.forEach((port, index) => {
      const own = { path: at.child("ports").index(index), port };
      if ((port.hostIP ?? "") !== "" && (port.hostPort ?? 0) === 0) {
        warnings.push(`${own.path}: hostIP set without hostPort: ${goPort(port)}`);
      }
      const key = `${port.containerPort}/${port.protocol}`;
      const others = byNumber.get(key) ?? [];
      for (const other of others) comparePorts(own, other, warnings);
      byNumber.set(key, [...others, own]);
      const { name = "" } = port;
      const first = byName.get(name);
      if (name === "") return;
      if (first === undefined) byName.set(name, own.path);
      else {
        const use = `services and probes that select ports by name will use ${first}`;
        named.push(`${own.path}: duplicate port name ${quote(name)} with ${first}, ${use}`);
      }
    });
  });
  warnings.push(...named);
}

/** As Go's `%+v` shows it. */
function goPort({ name = "", hostPort = 0, containerPort, protocol, hostIP = "" }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol ?? ""} HostIP:${hostIP}}`;
}

function comparePorts(own: PlacedPort, other: PlacedPort, warnings: Warnings): void {
  const { hostIP = "", hostPort = 0 } = own.port;
  const { hostIP: otherIp = "", hostPort: otherPort = 0 } = other.port;
  const say = (what: string) => warnings.push(`${own.path}: ${what} port definition with ${other.path}`);
  if (hostIP === otherIp && hostPort === otherPort) say("duplicate");
  else if (hostPort === 0 || otherPort === 0) say("overlapping");
  else if (hostPort === otherPort && (hostIP === "") !== (otherIp === "")) say("dangerously ambiguous");
}

const nullSelector = "a null labelSelector results in matching no pod";

function affinityWarnings(affinity: Affinity, path: FieldPath, warnings: Warnings): void {
  for (const field of ["podAffinity", "podAntiAffinity"] as const) {
    const at = path.child(field);
    affinity[field]?.requiredDuringSchedulingIgnoredDuringExecution?.forEach(({ labelSelector }, index) => {
      if (labelSelector !== undefined) return;
      const term = at.child("requiredDuringSchedulingIgnoredDuringExecution").index(index);
      warnings.push(`${term.child("labelSelector")}: ${nullSelector}`);
    });
    affinity[field]?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ podAffinityTerm }, index) => {
      if (podAffinityTerm.labelSelector !== undefined) return;
      const term = at.child("preferredDuringSchedulingIgnoredDuringExecution").index(index);
      warnings.push(`${term.child("podAffinityTerm").child("labelSelector")}: ${nullSelector}`);
    });
  }
}

function addressWarnings(spec: PodSpec, path: FieldPath, warnings: Warnings): void {
  spec.dnsConfig?.nameservers?.forEach((ip, index) => {
    warnings.push(...warningsForIp(ip, path.child("dnsConfig").child("nameservers").index(index)));
  });
  spec.hostAliases?.forEach(({ ip }, index) => {
    warnings.push(...warningsForIp(ip, path.child("hostAliases").index(index).child("ip")));
  });
}
