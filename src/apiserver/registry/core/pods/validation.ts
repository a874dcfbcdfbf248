import { internalFormOf, type Pod, type Toleration } from "../../../../api/index.ts";
import {
  type FieldError,
  fieldPath,
  forbidden,
  inclusiveRangeError,
  invalid,
  required,
  semanticEqual,
} from "../../../../apimachinery/index.ts";
import { type Errors, checkEach } from "../../common/check.ts";
import { checkImageSpace } from "../../common/containers.ts";
import { jsonDiff } from "../../common/diff.ts";
import { collect } from "../../common/lifecycle.ts";
import {
  checkPodAnnotations,
  checkPodAnnotationUpdates,
  checkProfilesAgree,
  mirrorAnnotation,
} from "../../common/pod-annotations.ts";
import { checkPodSpec } from "../../common/pod-spec.ts";
import { checkTolerations } from "../../common/scheduling.ts";
import { checkGatedAffinity } from "./gated-affinity.ts";

const specPath = fieldPath("spec");
const annotationsPath = fieldPath("metadata", "annotations");
const maxInt32 = 2147483647;

/** Metadata and spec, as every write checks them. */
export function checkPod(pod: Pod, errors: Errors, old?: Pod): void {
  const { metadata, spec } = pod;
  const isMirrorPod = metadata.annotations?.[mirrorAnnotation] !== undefined;
  checkPodAnnotations(metadata.annotations, spec, annotationsPath, errors);
  const before = old === undefined ? {} : { old: old.spec };
  checkPodSpec(spec, specPath, errors, { isPod: true, podName: metadata.name ?? "", isMirrorPod, ...before });
  if ((spec.serviceAccountName ?? "") === "") forbidTokens(pod, errors);
  for (const field of ["containers", "initContainers"] as const) {
    checkEach(spec[field], specPath.child(field), errors, ({ image = "" }, at) => checkImageSpace(image, at, errors));
  }
}

function forbidTokens({ spec }: Pod, errors: Errors): void {
  checkEach(spec.volumes, specPath.child("volumes"), errors, ({ projected }, at) => {
    checkEach(projected?.sources, at.child("projected").child("sources"), errors, (source, sourcePath) => {
      if (source.serviceAccountToken === undefined) return;
      const detail = "must not be specified when serviceAccountName is not set";
      errors.push(forbidden(sourcePath.child("serviceAccountToken"), detail));
    });
  });
}

export function validatePod(pod: Pod): readonly FieldError[] {
  return collect((errors) => {
    checkPod(pod, errors);
    const { spec } = pod;
    if ((spec.ephemeralContainers ?? []).length > 0) {
      errors.push(forbidden(specPath.child("ephemeralContainers"), "cannot be set on create"));
    }
    if ((spec.nodeName ?? "") !== "" && (spec.schedulingGates ?? []).length > 0) {
      errors.push(forbidden(specPath.child("nodeName"), "cannot be set until all schedulingGates have been cleared"));
    }
    checkProfilesAgree(pod.metadata.annotations, spec, specPath, errors);
  });
}

const mutableFields = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

export function validatePodUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  return collect((errors) => {
    checkPod(pod, errors, old);
    checkPodAnnotationUpdates(pod.metadata, old.metadata, annotationsPath, errors);
    for (const field of ["containers", "initContainers"] as const) if (!sameContainers(pod, old, field, errors)) return;
    checkDeadline(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds, errors);
    checkAddedTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? [], errors);
    const known = (old.spec.schedulingGates ?? []).map(({ name }) => name);
    // Of gates that stand there twice the last one counts.
    const gates = new Map((pod.spec.schedulingGates ?? []).map(({ name }, index) => [name, index]));
    for (const [name, index] of gates) {
      if (known.includes(name)) continue;
      const at = specPath.child("schedulingGates").index(index).child("name");
      errors.push(forbidden(at, `only deletion is allowed, but found new scheduling gate '${name}'`));
    }
    checkOtherChanges(pod, old, errors);
  });
}

function sameContainers(pod: Pod, old: Pod, field: "containers" | "initContainers", errors: Errors): boolean {
  const [now, before] = [pod.spec[field] ?? [], old.spec[field] ?? []];
  const at = specPath.child(field);
  if (now.length !== before.length) {
    errors.push(forbidden(at, "pod updates may not add or remove containers"));
    return false;
  }
  checkEach(now, at, errors, ({ image = "" }, path) => {
    if (image === "") errors.push(required(path.child("image")));
    checkImageSpace(image, path, errors);
  });
  return true;
}

function checkDeadline(now: number | undefined, before: number | undefined, errors: Errors): void {
  const at = specPath.child("activeDeadlineSeconds");
  if (now === undefined) {
    if (before !== undefined) errors.push(invalid(at, null, "must not update from a positive integer to nil value"));
    return;
  }
  if (now < 0 || now > maxInt32) errors.push(invalid(at, now, inclusiveRangeError(0, maxInt32)));
  if (before !== undefined && before < now)
    errors.push(invalid(at, now, "must be less than or equal to previous value"));
}

function checkAddedTolerations(now: readonly Toleration[], before: readonly Toleration[], errors: Errors): void {
  const at = specPath.child("tolerations");
  for (const old of before) {
    const kept = now.some((one) => semanticEqual({ ...one, tolerationSeconds: 0 }, { ...old, tolerationSeconds: 0 }));
    if (!kept) errors.push(forbidden(at, "existing toleration can not be modified except its tolerationSeconds"));
  }
  checkTolerations(now, at, errors);
}

/** Puts back whatever may change; then nothing else may differ. */
function checkOtherChanges(pod: Pod, old: Pod, errors: Errors): void {
  const spec = { ...pod.spec };
  for (const field of ["containers", "initContainers"] as const) {
    const list = pod.spec[field];
    if (list !== undefined)
      spec[field] = list.map((one, index) => ({ ...one, image: old.spec[field]?.[index]?.image ?? "" }));
  }
  spec.activeDeadlineSeconds = old.spec.activeDeadlineSeconds;
  spec.schedulingGates = old.spec.schedulingGates;
  spec.tolerations = old.spec.tolerations;
  const grace = old.spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0 && spec.terminationGracePeriodSeconds === 1)
    spec.terminationGracePeriodSeconds = grace;
  if ((old.spec.schedulingGates ?? []).length > 0) checkGatedAffinity(spec, old.spec, specPath, errors);
  if (semanticEqual(spec, old.spec)) return;
  errors.push(
    forbidden(
      specPath,
      `pod updates may not change fields other than ${mutableFields}\n${jsonDiff(old.spec, spec, internalFormOf("core/v1", "PodSpec"))}`,
    ),
  );
}
