import type { FieldError, KubeObject } from "../../apimachinery/index.ts";

/** `x-kubernetes-validations` of one version, compiled. */
export interface RuleChecker {
  /** `old` is there on updates; rules with `oldSelf` are about both. */
  check(object: KubeObject, old: KubeObject | undefined): readonly FieldError[];
}
