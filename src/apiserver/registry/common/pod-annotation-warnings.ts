import type { PodSpec, SecurityContext } from "../../../api/index.ts";
import { type FieldPath, semanticEqual } from "../../../apimachinery/index.ts";
import { appArmorContainer, appArmorField, seccompContainer, seccompPod } from "./pod-annotations.ts";
import { visitContainers } from "./pod-os.ts";

const withoutFunction: ReadonlyMap<string, string> = new Map([
  ["scheduler.alpha.kubernetes.io/critical-pod", 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ["security.alpha.kubernetes.io/sysctls", 'non-functional in v1.11+; use the "sysctls" field instead'],
  ["security.alpha.kubernetes.io/unsafe-sysctls", 'non-functional in v1.11+; use the "sysctls" field instead'],
]);
const useSeccompField = 'non-functional in v1.27+; use the "seccompProfile" field instead';
export const useAppArmorField = 'deprecated since v1.30; use the "appArmorProfile" field instead';

/** Annotations that fields have replaced. Pods are told of AppArmor where annotation and field are matched. */
export function annotationWarnings(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec,
  path: FieldPath,
  isTemplate: boolean,
  warnings: string[],
): void {
  if (annotations === undefined) return;
  for (const [key, message] of withoutFunction) {
    if (annotations[key] !== undefined) warnings.push(`${path.key(key)}: ${message}`);
  }
  const own = spec.securityContext;
  if (annotations[seccompPod] !== undefined && own?.seccompProfile === undefined) {
    warnings.push(`${path.key(seccompPod)}: ${useSeccompField}`);
  }
  visitContainers(spec, path, ({ name, securityContext }) => {
    const context: SecurityContext = securityContext ?? {};
    const seccomp = seccompContainer + name;
    if (annotations[seccomp] !== undefined && context.seccompProfile === undefined) {
      warnings.push(`${path.key(seccomp)}: ${useSeccompField}`);
    }
    const armor = annotations[appArmorContainer + name];
    if (!isTemplate || armor === undefined || context.appArmorProfile !== undefined) return;
    const same = own?.appArmorProfile !== undefined && semanticEqual(own.appArmorProfile, appArmorField(armor));
    if (!same) warnings.push(`${path.key(appArmorContainer + name)}: ${useAppArmorField}`);
  });
}
