import { type Container, internalFormOf, type Pod, podQos, type ResourceRequirements } from "../../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  quote,
  semanticEqual,
} from "../../../../apimachinery/index.ts";
import type { Strategy } from "../../contract.ts";
import type { Errors } from "../../common/check.ts";
import { jsonDiff } from "../../common/diff.ts";
import { collect, countGeneration } from "../../common/lifecycle.ts";
import { checkPodAnnotationUpdates, mirrorAnnotation } from "../../common/pod-annotations.ts";
import { checkPod } from "./validation.ts";

const specPath = fieldPath("spec");

type Subresource = NonNullable<Strategy<Pod>["subresources"]>[string];

/** `ephemeralcontainers`: adds debugging containers to a running pod. */
export const ephemeralContainers: Subresource = {
  prepareForUpdate(pod, old) {
    const spec = { ...old.spec };
    delete spec.ephemeralContainers;
    const { ephemeralContainers: wanted } = pod.spec;
    if (wanted !== undefined) spec.ephemeralContainers = wanted;
    restore(pod, old, spec);
  },
  validateUpdate(pod, old) {
    if (old.metadata.annotations?.[mirrorAnnotation] !== undefined) {
      return [forbidden("", "static pods do not support ephemeral containers")];
    }
    return collect((errors) => {
      checkPod(pod, errors, old);
      checkPodAnnotationUpdates(pod.metadata, old.metadata, fieldPath("metadata", "annotations"), errors);
      checkKept(pod, old, errors);
    });
  },
};

/** Everything but the new spec comes from the stored pod. */
function restore(pod: Pod, old: Pod, spec: Pod["spec"]): void {
  const { resourceVersion, managedFields } = pod.metadata;
  pod.metadata = { ...old.metadata };
  if (resourceVersion !== undefined) pod.metadata.resourceVersion = resourceVersion;
  if (managedFields !== undefined) pod.metadata.managedFields = managedFields;
  pod.spec = spec;
  if (old.status === undefined) delete pod.status;
  else pod.status = old.status;
  countGeneration(pod, old, !semanticEqual(spec, old.spec));
}

function checkKept(pod: Pod, old: Pod, errors: Errors): void {
  const at = specPath.child("ephemeralContainers");
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find(({ name }) => name === before.name);
    const subject = `existing ephemeral containers ${quote(before.name)}`;
    if (now === undefined) errors.push(forbidden(at, `${subject} may not be removed\n`));
    else if (!semanticEqual(now, before)) {
      errors.push(
        forbidden(
          at,
          `${subject} may not be changed\n${jsonDiff(before, now, internalFormOf("core/v1", "EphemeralContainer"))}`,
        ),
      );
    }
  }
}

/** `resize`: changes cpu and memory of a running pod and of its containers. */
export const resize: Subresource = {
  prepareForUpdate(pod, old) {
    const spec = { ...old.spec, containers: resized(old.spec.containers, pod.spec.containers) ?? [] };
    const initContainers = resized(old.spec.initContainers, pod.spec.initContainers);
    if (initContainers === undefined) delete spec.initContainers;
    else spec.initContainers = initContainers;
    if (pod.spec.resources === undefined) delete spec.resources;
    else spec.resources = pod.spec.resources;
    restore(pod, old, spec);
  },
  validateUpdate: validateResize,
};

/** The old containers with the new resources; lists that do not fit are left to validation. */
function resized(old: Container[] | undefined, now: Container[] | undefined): Container[] | undefined {
  if (old === undefined || now === undefined || old.length !== now.length) return now;
  if (old.some(({ name }, index) => now[index]?.name !== name)) return now;
  return old.map((container, index) => {
    const { resources, resizePolicy } = now[index] ?? container;
    const { resources: _resources, resizePolicy: _resizePolicy, ...result }: Container = container;
    const changed: Container = result;
    if (resources !== undefined) changed.resources = resources;
    if (resizePolicy !== undefined) changed.resizePolicy = resizePolicy;
    return changed;
  });
}

function validateResize(pod: Pod, old: Pod): readonly FieldError[] {
  const refusal = resizeRefusal(old);
  if (refusal !== undefined) return [forbidden("", refusal)];
  return collect((errors) => {
    checkPod(pod, errors, old);
    if ((old.status?.qosClass ?? podQos(old)) !== podQos(pod)) {
      const detail = "Pod QOS Class may not change as a result of resizing";
      errors.push(invalid(specPath, pod.status?.qosClass ?? "", detail));
    }
    const running = old.status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
    if (running !== undefined && running.resources === undefined) {
      errors.push(forbidden(specPath, "Pod running on node without support for resize"));
    }
    if (hasPodResources(pod) || hasPodResources(old)) checkPodResources(pod.spec.resources, old.spec.resources, errors);
    if ((old.status?.nodeAllocatableResourceClaimStatuses ?? []).length > 0) {
      errors.push(forbidden(specPath, "pods with node allocatable resource claims cannot be resized"));
    }
    const ordered = [checkOrder(pod, old, "containers", errors), checkOrder(pod, old, "initContainers", errors)];
    if (!ordered.includes(false)) checkMutable(pod, old, errors);
  });
}

function resizeRefusal({ metadata, spec }: Pod): string | undefined {
  if (metadata.annotations?.[mirrorAnnotation] !== undefined) return "static pods cannot be resized";
  return spec.os?.name === "windows" ? "windows pods cannot be resized" : undefined;
}

function hasPodResources({ spec: { resources } }: Pod): boolean {
  return Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;
}

/** What is asked for the pod as a whole. */
function checkPodResources(
  now: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
  errors: Errors,
): void {
  const path = specPath.child("resources");
  if (now === undefined) {
    errors.push(forbidden(path, "pod-level resources cannot be removed"));
    return;
  }
  checkNothingRemoved(now, before, path, "pod-level resource", errors);
  if (!semanticEqual({ ...now, ...withoutCompute(now, before) }, before ?? {})) {
    errors.push(forbidden(specPath, "only cpu and memory resources are mutable at pod-level"));
  }
}

function checkOrder(pod: Pod, old: Pod, field: "containers" | "initContainers", errors: Errors): boolean {
  const [now, before] = [pod.spec[field] ?? [], old.spec[field] ?? []];
  const at = specPath.child(field);
  if (now.length !== before.length) {
    errors.push(forbidden(at, `${field} may not be added or removed on resize`));
    return false;
  }
  let same = true;
  before.forEach(({ name }, index) => {
    if (now[index]?.name === name) return;
    same = false;
    errors.push(forbidden(at.index(index).child("name"), `${field} may not be renamed or reordered on resize`));
  });
  return same;
}

function checkMutable(pod: Pod, old: Pod, errors: Errors): void {
  const pairs = (["initContainers", "containers"] as const).map((field) =>
    (old.spec[field] ?? []).flatMap((before, index) => {
      const now = pod.spec[field]?.[index];
      return now === undefined ? [] : [{ now, before, path: specPath.child(field).index(index) }];
    }),
  );
  for (const { now, before, path } of pairs.flat()) {
    checkNothingRemoved(now.resources, before.resources, path.child("resources"), "resource", errors);
  }
  const [initial = [], regular = []] = pairs;
  for (const { now, before } of regular) {
    if (isResized(now, before)) continue;
    errors.push(forbidden(specPath, "only cpu and memory resources are mutable"));
  }
  for (const { now, before, path } of initial) {
    if (!isResized(now, before)) {
      errors.push(forbidden(path, "only cpu and memory resources for init or sidecar containers are mutable"));
    }
    const restarts = now.resizePolicy?.some(({ restartPolicy }) => restartPolicy === "RestartContainer") ?? false;
    if (now.restartPolicy !== "Always" && restarts && !semanticEqual(now, before)) {
      const detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
      errors.push(forbidden(path, detail));
    }
  }
}

/** Both are the same but for cpu and memory. */
function isResized(now: Container, before: Container): boolean {
  const resources = before.resources ?? {};
  return semanticEqual(
    { ...now, resources: withoutCompute(now.resources, before.resources) },
    { ...before, resources },
  );
}

function checkNothingRemoved(
  now: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
  path: FieldPath,
  subject: string,
  errors: Errors,
): void {
  for (const field of ["requests", "limits"] as const) {
    const removed = Object.keys(before?.[field] ?? {}).some((name) => now?.[field]?.[name] === undefined);
    if (removed) errors.push(forbidden(path.child(field), `${subject} ${field} cannot be removed`));
  }
}

/** The limits and requests with cpu and memory as they were; without claims, so that what has them cannot be resized. */
function withoutCompute(
  now: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
): ResourceRequirements {
  const result: ResourceRequirements = {};
  for (const field of ["limits", "requests"] as const) {
    const { cpu: _cpu, memory: _memory, ...rest } = now?.[field] ?? {};
    const { cpu, memory } = before?.[field] ?? {};
    result[field] = { ...rest, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  }
  return result;
}
