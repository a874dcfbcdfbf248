import type { Namespace, Pod, PodTemplateSpec } from "../../../api/index.ts";
import { aggregateFieldErrors, newInvalid, semanticEqual } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { violations } from "../pod-security/checks.ts";
import {
  defaultSettings,
  type Labels,
  type LevelVersion,
  minorOf,
  policyIn,
  type PodSecuritySettings,
  type Policy,
  prefix,
  textOf,
} from "../pod-security/policy.ts";
import { isResource, refuse } from "../refuse.ts";
import { warnOfPods } from "./pod-security-namespaces.ts";

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

const noLabels: Labels = {};
const enforceKey = `${prefix}enforce-policy`;

/** The Pod Security Standards, by the labels of the namespace. Upstream: "Pod Security Admission". */
export function podSecurity(objects: ClusterObjects, settings: PodSecuritySettings = defaultSettings): AdmissionPlugin {
  return {
    name: "PodSecurity",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      (isResource(resource, "", "pods")
        ? subresource === "" || subresource === "ephemeralcontainers" || subresource === "resize"
        : subresource === "" &&
          (isResource(resource, "", "namespaces") || `${resource.group}/${resource.resource}` in podMakers)),
    validate(attributes) {
      if (isResource(attributes.resource, "", "namespaces")) return checkNamespace(attributes, objects, settings);
      const isPod = isResource(attributes.resource, "", "pods");
      const exemption = exemptionFrom(settings, attributes);
      if (exemption !== undefined) return attributes.context.annotate(`${prefix}exempt`, exemption);
      const namespace = objects.get<Namespace>("", "namespaces", "", attributes.namespace);
      const { policy, problems } = policyIn(namespace?.metadata.labels ?? noLabels, settings.defaults);
      const isFree = (of: LevelVersion) => of.level === "privileged";
      if (problems.length === 0 && isFree(policy.warn) && isFree(policy.audit) && (!isPod || isFree(policy.enforce))) {
        if (isPod) attributes.context.annotate(enforceKey, textOf(policy.enforce));
        return;
      }
      const pod = isPod ? (attributes.object as Pod) : templateOf(attributes);
      if (pod === undefined || (isPod && isUnimportant(attributes))) return;
      if (settings.exemptions.runtimeClasses.has(pod.spec?.runtimeClassName ?? ""))
        return attributes.context.annotate(`${prefix}exempt`, "runtimeClass");
      if (problems.length > 0)
        attributes.context.annotate(`${prefix}error`, `Failed to parse policy: ${aggregateFieldErrors(problems)}`);
      judge(attributes, policy, pod, isPod);
    },
  };
}

function exemptionFrom({ exemptions }: PodSecuritySettings, { namespace, context }: AdmissionAttributes) {
  if (exemptions.namespaces.has(namespace)) return "namespace";
  return exemptions.usernames.has(context.user.name) ? "user" : undefined;
}

function judge(attributes: AdmissionAttributes, policy: Policy, pod: Pod, enforced: boolean): void {
  const refusal = enforced ? enforce(attributes, policy.enforce, pod) : undefined;
  const noted = breaches(policy.audit, pod);
  if (noted !== undefined) attributes.context.annotate(`${prefix}audit-violations`, `would violate ${noted}`);
  if (refusal !== undefined) throw refusal;
  const warned = breaches(policy.warn, pod);
  if (warned !== undefined) attributes.context.warn(`would violate ${warned}`);
}

function enforce(attributes: AdmissionAttributes, of: LevelVersion, pod: Pod): Error | undefined {
  attributes.context.annotate(enforceKey, textOf(of));
  const found = breaches(of, pod);
  return found === undefined ? undefined : refuse(attributes, `violates ${found}`);
}

/** `PodSecurity "baseline:latest": host namespaces (hostPID=true)`. */
function breaches(of: LevelVersion, pod: Pod): string | undefined {
  const found = violations(of.level, pod, minorOf(of));
  if (found.length === 0) return undefined;
  const list = found.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
  return `PodSecurity ${JSON.stringify(textOf(of))}: ${list}`;
}

const seccompAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
const containerAnnotations = [
  "container.apparmor.security.beta.kubernetes.io/",
  "container.seccomp.security.alpha.kubernetes.io/",
];

/** Updates that change nothing the standards look at keep what was admitted. */
function isUnimportant({ operation, object, oldObject }: AdmissionAttributes): boolean {
  if (operation !== "UPDATE") return false;
  const seen = ({ metadata, spec }: Pod) => {
    const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
    const annotations = Object.entries(metadata.annotations ?? {}).filter(
      ([key]) => key === seccompAnnotation || containerAnnotations.some((head) => key.startsWith(head)),
    );
    const images = [containers, initContainers].map((list) => list.map(({ image }) => image));
    // Ephemeral containers come one by one, each with a security context of its own.
    return [images, ephemeralContainers, Object.fromEntries(annotations)];
  };
  return semanticEqual(seen(object as Pod), seen(oldObject as Pod));
}

function templateOf({ object, resource }: AdmissionAttributes): Pod | undefined {
  const path = podMakers[`${resource.group}/${resource.resource}`]?.split(".") ?? [];
  let value: unknown = object;
  for (const part of path) value = (value as Record<string, unknown> | undefined)?.[part];
  const template = value as PodTemplateSpec | undefined;
  return template?.spec === undefined ? undefined : ({ metadata: template.metadata ?? {}, spec: template.spec } as Pod);
}

/** Says which running pods a stricter label would not have let in; refuses labels that mean nothing. */
function checkNamespace(attributes: AdmissionAttributes, objects: ClusterObjects, settings: PodSecuritySettings): void {
  const { operation, object, oldObject, name } = attributes;
  const next = policyIn(object?.metadata.labels ?? noLabels, settings.defaults);
  const before = policyIn(oldObject?.metadata.labels ?? noLabels, settings.defaults);
  const isNew = operation === "CREATE" || !semanticEqual(next.problems, before.problems);
  if (next.problems.length > 0 && isNew) throw newInvalid({ group: "", kind: "Namespace" }, name, next.problems);
  const [now, old] = [next.policy.enforce, before.policy.enforce];
  if (operation !== "UPDATE" || now.level === "privileged" || textOf(now) === textOf(old)) return;
  const relaxed = now.version === old.version && strictness(now) <= strictness(old);
  if (relaxed || settings.exemptions.namespaces.has(name)) return;
  warnOfPods(attributes, objects, now, settings.exemptions.runtimeClasses);
}

function strictness({ level }: LevelVersion): number {
  return ["privileged", "baseline", "restricted"].indexOf(level);
}
