import type { ContainerStatus, Pod, PodSpec } from "../../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  fieldPath,
  forbidden,
  internal,
  invalid,
  parseIpAddress,
  validateImmutableField,
  validateLegacyIp,
} from "../../../../apimachinery/index.ts";
import { checkEach, checkObjectName, checkQualifiedName, checkUnique, type Errors } from "../../common/check.ts";
import { collect } from "../../common/lifecycle.ts";
import { checkPodAnnotationUpdates } from "../../common/pod-annotations.ts";
import { checkContainerStatuses, checkExtendedClaim } from "./container-status-validation.ts";

const path = fieldPath("status");
const systemConditions: ReadonlySet<string> = new Set(["PodScheduled", "Ready", "Initialized"]);

export function validatePodStatusUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  return collect((errors) => {
    checkPodAnnotationUpdates(pod.metadata, old.metadata, fieldPath("metadata", "annotations"), errors);
    const { status: now = {}, spec } = pod;
    const { status: before = {} } = old;
    checkEach(now.conditions, path.child("conditions"), errors, ({ type, observedGeneration = 0 }, at) => {
      if (observedGeneration < 0)
        errors.push(invalid(at.child("observedGeneration"), observedGeneration, "must be a non-negative integer"));
      if (!systemConditions.has(type)) checkQualifiedName(type, at.child("Type"), errors);
    });
    if ((spec.nodeName ?? "") !== (old.spec.nodeName ?? "")) {
      errors.push(forbidden(path.child("nodeName"), "may not be changed directly"));
    }
    checkNominatedNode(pod, old, errors);
    const { observedGeneration = 0 } = now;
    if (observedGeneration < 0)
      errors.push(invalid(path.child("observedGeneration"), observedGeneration, "must be a non-negative integer"));
    validateImmutableField(now.qosClass ?? "", before.qosClass ?? "", path.child("qosClass"), errors);
    checkTransitions("containerStatuses", now.containerStatuses, before.containerStatuses, old.spec, errors);
    checkTransitions(
      "initContainerStatuses",
      now.initContainerStatuses,
      before.initContainerStatuses,
      old.spec,
      errors,
    );
    checkTransitions(
      "ephemeralContainerStatuses",
      now.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      old.spec,
      errors,
    );
    checkClaimStatuses(pod, errors);
    checkExtendedClaim(pod, errors);
    checkIps(now.podIPs, before.podIPs, path.child("podIPs"), errors);
    checkHostIps(pod, old, errors);
    checkContainerStatuses(pod, errors);
  });
}

function checkNominatedNode(pod: Pod, old: Pod, errors: Errors): void {
  const name = pod.status?.nominatedNodeName ?? "";
  const at = path.child("nominatedNodeName");
  if (name === "" || name === (old.status?.nominatedNodeName ?? "")) return;
  checkObjectName(name, at, errors);
  if ((old.spec.nodeName ?? "") !== "") {
    errors.push(forbidden(at, "may not be set on pods that are already bound to a node"));
  }
}

type StatusField = "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses";

/** A container that ended for good stays ended. */
function checkTransitions(
  field: StatusField,
  now: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  spec: PodSpec,
  errors: Errors,
): void {
  checkEach(before, path.child(field), errors, (old, at) => {
    const exitCode = old.state?.terminated?.exitCode;
    if (exitCode === undefined || mayRestart(field, old.name, exitCode, spec)) return;
    const runs = (now ?? []).some((status) => status.name === old.name && status.state?.terminated === undefined);
    if (runs) errors.push(forbidden(at.child("state"), "may not be transitioned to non-terminated state"));
  });
}

function mayRestart(field: StatusField, name: string, exitCode: number, spec: PodSpec): boolean {
  if (couldAllRestart(spec)) return true;
  if (field === "ephemeralContainerStatuses") return false;
  const list = field === "containerStatuses" ? spec.containers : (spec.initContainers ?? []);
  const container = list.find((candidate) => candidate.name === name);
  const rule = container?.restartPolicyRules?.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes?.operator === "In" ? listed : !listed;
  });
  if (rule?.action === "Restart") return true;
  const policy = container?.restartPolicy ?? spec.restartPolicy;
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** One container's exit may restart all of them. */
function couldAllRestart({ containers, initContainers = [] }: PodSpec): boolean {
  return [...containers, ...initContainers].some(({ restartPolicyRules: rules = [] }) =>
    rules.some(({ action }) => action === "RestartAllContainers"),
  );
}

function checkClaimStatuses({ status, spec }: Pod, errors: Errors): void {
  const names = new Set<string>();
  checkEach(
    status?.resourceClaimStatuses,
    path.child("resourceClaimStatuses"),
    errors,
    ({ name, resourceClaimName }, at) => {
      if (!(spec.resourceClaims ?? []).some((claim) => claim.name === name)) {
        errors.push(invalid(at.child("name"), name, "must match the name of an entry in `spec.resourceClaims`"));
      }
      checkUnique(names, name, at.child("name"), errors);
      if (resourceClaimName !== undefined) checkObjectName(resourceClaimName, at.child("resourceClaimName"), errors);
    },
  );
}

interface Ip {
  readonly ip?: string;
}

function checkIps(
  now: readonly Ip[] | undefined,
  before: readonly Ip[] | undefined,
  at: FieldPath,
  errors: Errors,
): void {
  const known = (before ?? []).map(({ ip = "" }) => ip);
  checkEach(now, at, errors, ({ ip = "" }, ipPath) => validateLegacyIp(ip, ipPath, errors, known));
  if (now === undefined || now.length < 2) return;
  const families = new Set(now.map(({ ip = "" }) => parseIpAddress(ip)?.family));
  const broken = now.findIndex(({ ip = "" }) => parseIpAddress(ip) === undefined);
  if (broken >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${broken}]: ${now[broken]?.ip ?? ""}`;
    errors.push(internal(at, why), invalid(at, now, "may specify no more than one IP for each IP family"));
  } else if (now.length > 2 || families.size < 2) {
    errors.push(invalid(at, now, "may specify no more than one IP for each IP family"));
  }
}

function checkHostIps({ status = {} }: Pod, old: Pod, errors: Errors): void {
  const at = path.child("hostIPs");
  if ((status.hostIPs ?? []).length === 0) return;
  const first = status.hostIPs?.[0]?.ip ?? "";
  if ((status.hostIP ?? "") !== first)
    errors.push(invalid(at.index(0).child("ip"), first, "must be equal to `hostIP`"));
  checkIps(status.hostIPs, old.status?.hostIPs, at, errors);
}
