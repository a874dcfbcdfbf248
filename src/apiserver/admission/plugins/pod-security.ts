import type { Namespace, Pod, PodTemplateSpec } from "../../../api/index.ts";
import { type Level, type Violation, violations } from "../pod-security/checks.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const prefix = "pod-security.kubernetes.io/";
const levels: readonly string[] = ["privileged", "baseline", "restricted"];
const podMakers: Readonly<Record<string, string>> = {
  "/podtemplates": "template",
  "/replicationcontrollers": "spec.template",
  "apps/replicasets": "spec.template",
  "apps/deployments": "spec.template",
  "apps/statefulsets": "spec.template",
  "apps/daemonsets": "spec.template",
  "batch/jobs": "spec.template",
  "batch/cronjobs": "spec.jobTemplate.spec.template",
};

/** The Pod Security Standards, by the labels of the namespace. Upstream: "Pod Security Admission". */
export function podSecurity(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "PodSecurity",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      (isResource(resource, "", "pods")
        ? subresource === "" || subresource === "ephemeralcontainers"
        : subresource === "" &&
          (isResource(resource, "", "namespaces") || `${resource.group}/${resource.resource}` in podMakers)),
    validate(attributes) {
      if (isResource(attributes.resource, "", "namespaces")) return checkNamespace(attributes, objects);
      const labels = objects.get<Namespace>("", "namespaces", "", attributes.namespace)?.metadata.labels ?? {};
      const isPod = isResource(attributes.resource, "", "pods");
      const pod = isPod ? (attributes.object as Pod) : templateOf(attributes);
      if (pod === undefined || (isPod && isUnimportantUpdate(attributes))) return;
      if (isPod) enforce(attributes, levelOf(labels, "enforce"), labels, pod);
      const audit = violations(levelOf(labels, "audit"), pod);
      if (audit.length > 0) attributes.context.annotate(`${prefix}audit-violations`, sentence(labels, "audit", audit));
      const warned = violations(levelOf(labels, "warn"), pod);
      if (warned.length > 0) attributes.context.warn(sentence(labels, "warn", warned));
    },
  };
}

type Labels = Readonly<Record<string, string>>;

function levelOf(labels: Labels, mode: string): Level {
  const value = labels[`${prefix}${mode}`] ?? "privileged";
  // What cannot be understood is taken as the strictest for enforcement's sake.
  return levels.includes(value) ? (value as Level) : "restricted";
}

function versionOf(labels: Labels, mode: string): string {
  return labels[`${prefix}${mode}-version`] ?? "latest";
}

function sentence(labels: Labels, mode: string, found: readonly Violation[]): string {
  return `would violate PodSecurity ${JSON.stringify(`${levelOf(labels, mode)}:${versionOf(labels, mode)}`)}: ${describe(found)}`;
}

function describe(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
}

function enforce(attributes: AdmissionAttributes, level: Level, labels: Labels, pod: Pod): void {
  const found = violations(level, pod);
  attributes.context.annotate(`${prefix}enforce-policy`, `${level}:${versionOf(labels, "enforce")}`);
  if (found.length === 0) return;
  throw refuse(
    attributes,
    `violates PodSecurity ${JSON.stringify(`${level}:${versionOf(labels, "enforce")}`)}: ${describe(found)}`,
  );
}

/** Updates that change neither images nor annotations that matter keep what was admitted. */
function isUnimportantUpdate({ operation, object, oldObject, subresource }: AdmissionAttributes): boolean {
  if (operation !== "UPDATE" || subresource !== "") return false;
  const images = (pod: Pod) =>
    JSON.stringify([...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(({ image }) => image));
  return images(object as Pod) === images(oldObject as Pod);
}

function templateOf({ object, resource }: AdmissionAttributes): Pod | undefined {
  const path = podMakers[`${resource.group}/${resource.resource}`]?.split(".") ?? [];
  let value: unknown = object;
  for (const part of path) value = (value as Record<string, unknown> | undefined)?.[part];
  const template = value as PodTemplateSpec | undefined;
  return template?.spec === undefined ? undefined : ({ metadata: template.metadata ?? {}, spec: template.spec } as Pod);
}

const warningsMax = 20;

/** Says which running pods a stricter label would not have let in; refuses labels that mean nothing. */
function checkNamespace(attributes: AdmissionAttributes, objects: ClusterObjects): void {
  const labels = attributes.object?.metadata.labels ?? {};
  const problems = ["enforce", "audit", "warn"].flatMap((mode) => labelProblems(labels, mode));
  if (problems.length > 0) throw refuse(attributes, problems.join(", "));
  const old = attributes.oldObject?.metadata.labels ?? {};
  const level = levelOf(labels, "enforce");
  if (attributes.operation !== "UPDATE" || level === "privileged" || level === levelOf(old, "enforce")) return;
  const byReason = new Map<string, string[]>();
  for (const pod of objects.list<Pod>("", "pods", attributes.name)) {
    const found = violations(level, pod);
    if (found.length === 0) continue;
    const reason = found.map((violation) => violation.reason).join(", ");
    byReason.set(reason, [...(byReason.get(reason) ?? []), pod.metadata.name ?? ""]);
  }
  if (byReason.size === 0) return;
  attributes.context.warn(
    `existing pods in namespace ${JSON.stringify(attributes.name)} violate the new PodSecurity enforce level ${JSON.stringify(`${level}:${versionOf(labels, "enforce")}`)}`,
  );
  for (const [reason, names] of [...byReason].toSorted().slice(0, warningsMax)) {
    const others = names.length === 1 ? "" : ` (and ${names.length - 1} other ${names.length === 2 ? "pod" : "pods"})`;
    attributes.context.warn(`${names.toSorted()[0]}${others}: ${reason}`);
  }
}

function labelProblems(labels: Labels, mode: string): string[] {
  const level = labels[`${prefix}${mode}`];
  const version = labels[`${prefix}${mode}-version`];
  const problems: string[] = [];
  if (level !== undefined && !levels.includes(level)) {
    problems.push(
      `metadata.labels[${prefix}${mode}]: Invalid value: ${JSON.stringify(level)}: must be one of privileged, baseline, restricted`,
    );
  }
  if (version !== undefined && version !== "latest" && !/^v1\.\d+$/.test(version)) {
    problems.push(
      `metadata.labels[${prefix}${mode}-version]: Invalid value: ${JSON.stringify(version)}: must be "latest" or "v1.x"`,
    );
  }
  return problems;
}
