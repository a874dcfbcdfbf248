import type { AppArmorProfile, PodSpec } from "../../../api/index.ts";
import { type FieldPath, forbidden, invalid, type ObjectMeta, quote } from "../../../apimachinery/index.ts";
import { checkRelativePath, type Errors } from "./check.ts";
import { visitContainers } from "./pod-os.ts";

export const mirrorAnnotation = "kubernetes.io/config.mirror";
const deletionCost = "controller.kubernetes.io/pod-deletion-cost";
export const seccompPod = "seccomp.security.alpha.kubernetes.io/pod";
export const seccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
export const appArmorContainer = "container.apparmor.security.beta.kubernetes.io/";
const int32 = /^(0|-?[1-9][0-9]*)$/;

type Annotations = Readonly<Record<string, string>>;

/** Annotations that mean something for pods. */
export function checkPodAnnotations(
  annotations: Annotations | undefined,
  spec: PodSpec,
  path: FieldPath,
  errors: Errors,
): void {
  for (const key in annotations) {
    const value = annotations[key] ?? "";
    if (key === mirrorAnnotation && (spec.nodeName ?? "") === "") {
      errors.push(invalid(path.key(key), value, "must set spec.nodeName if mirror pod annotation is set"));
    } else if (key === deletionCost && (!int32.test(value) || Math.abs(Number(value)) > 2147483647)) {
      errors.push(invalid(path.key(key), value, "must be a 32bit integer"));
    } else if (key === seccompPod || key.startsWith(seccompContainer)) checkSeccompText(value, path.child(key), errors);
    else if (key.startsWith(appArmorContainer)) checkAppArmorText(key, value, spec, path, errors);
  }
}

function checkSeccompText(profile: string, path: FieldPath, errors: Errors): void {
  if (profile === "runtime/default" || profile === "docker/default" || profile === "unconfined") return;
  if (profile.startsWith("localhost/")) checkRelativePath(profile.slice("localhost/".length), path, errors);
  else errors.push(invalid(path, profile, "must be a valid seccomp profile"));
}

function checkAppArmorText(key: string, profile: string, spec: PodSpec, path: FieldPath, errors: Errors): void {
  const name = key.slice(appArmorContainer.length);
  let found = false;
  visitContainers(spec, path, (container) => {
    if (container.name === name) found = true;
  });
  if (!found) errors.push(invalid(path.key(key), name, "container not found"));
  if (["", "runtime/default", "unconfined"].includes(profile) || profile.startsWith("localhost/")) return;
  errors.push(invalid(path.key(key), profile, `invalid AppArmor profile name: ${quote(profile)}`));
}

/** The field that says what the annotation says; undefined for a text that means nothing. */
export function appArmorField(annotation: string): AppArmorProfile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const localhostProfile = annotation.startsWith("localhost/") ? annotation.slice("localhost/".length) : "";
  return localhostProfile === "" ? undefined : { type: "Localhost", localhostProfile };
}

/** What may not change once a pod is there. */
export function checkPodAnnotationUpdates(meta: ObjectMeta, old: ObjectMeta, path: FieldPath, errors: Errors): void {
  const [now, before] = [meta.annotations ?? {}, old.annotations ?? {}];
  for (const key in before) {
    if (now[key] === before[key]) continue;
    if (key.startsWith(appArmorContainer))
      errors.push(forbidden(path.key(key), "may not remove or update AppArmor annotations"));
    if (key === mirrorAnnotation)
      errors.push(forbidden(path.key(key), "may not remove or update mirror pod annotation"));
  }
  for (const key in now) {
    if (key in before) continue;
    if (key.startsWith(appArmorContainer)) errors.push(forbidden(path.key(key), "may not add AppArmor annotations"));
    if (key === mirrorAnnotation) errors.push(forbidden(path.key(key), "may not add mirror pod annotation"));
  }
}

interface Profile {
  readonly type?: string;
  readonly localhostProfile?: string;
}

/** Old annotations and the fields that replaced them must agree. */
export function checkProfilesAgree(
  annotations: Annotations | undefined,
  spec: PodSpec,
  path: FieldPath,
  errors: Errors,
): void {
  if (annotations === undefined) return;
  const context = spec.securityContext;
  const seccomp = path.child("securityContext").child("seccompProfile");
  compareProfile("seccomp", annotations[seccompPod], context?.seccompProfile, seccomp, errors);
  visitContainers(spec, path, ({ name, securityContext }, containerPath) => {
    const at = containerPath.child("securityContext");
    const own = securityContext?.seccompProfile;
    compareProfile("seccomp", annotations[seccompContainer + name], own, at.child("seccompProfile"), errors);
    if (spec.os?.name === "windows") return;
    const armor = securityContext?.appArmorProfile ?? context?.appArmorProfile;
    compareProfile("apparmor", annotations[appArmorContainer + name], armor, at.child("appArmorProfile"), errors);
  });
}

function compareProfile(
  what: "seccomp" | "apparmor",
  annotation: string | undefined,
  profile: Profile | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (annotation === undefined || profile === undefined) return;
  const typeDiffers = () =>
    errors.push(forbidden(path.child("type"), `${what} type in annotation and field must match`));
  if (profile.type === "Unconfined" && annotation !== "unconfined") typeDiffers();
  if (profile.type === "RuntimeDefault" && annotation !== "runtime/default") {
    if (what === "apparmor" || annotation !== "docker/default") typeDiffers();
  }
  if (profile.type !== "Localhost") return;
  if (!annotation.startsWith("localhost/")) typeDiffers();
  else if (annotation.slice("localhost/".length) !== profile.localhostProfile) {
    errors.push(forbidden(path.child("localhostProfile"), `${what} profile in annotation and field must match`));
  }
}
