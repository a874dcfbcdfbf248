import type { PodTemplateSpec } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  type ObjectMeta,
  validateAnnotations,
  validateLabels,
} from "../../../apimachinery/index.ts";
import type { Errors } from "./check.ts";
import { checkPodAnnotations, checkProfilesAgree } from "./pod-annotations.ts";
import { checkPodSpec } from "./pod-spec.ts";
import type { SchedulingRules } from "./scheduling.ts";

export function checkPodTemplate(
  template: PodTemplateSpec,
  path: FieldPath,
  errors: Errors,
  rules: SchedulingRules = {},
): void {
  const meta: ObjectMeta = template.metadata ?? {};
  const { spec = { containers: [] } } = template;
  if (meta.labels !== undefined) validateLabels(meta.labels, path.child("labels"), errors);
  if (meta.annotations !== undefined) validateAnnotations(meta.annotations, path.child("annotations"), errors);
  checkPodAnnotations(meta.annotations, spec, path.child("annotations"), errors);
  const specPath = path.child("spec");
  checkPodSpec(spec, specPath, errors, { ...rules, isPod: false });
  checkProfilesAgree(meta.annotations, spec, specPath, errors);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.push(forbidden(specPath.child("ephemeralContainers"), "ephemeral containers not allowed in pod template"));
  }
}
