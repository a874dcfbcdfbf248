import type { FieldError, KubeObject } from "../../apimachinery/index.ts";
import type { Correlation } from "./schema/correlation.ts";

/** What there was before an update. */
export interface Before {
  readonly old: KubeObject;
  readonly correlation: Correlation;
  /** Takes what is wrong but stands unchanged. */
  warn(text: string): void;
}

/** `x-kubernetes-validations` of one version, compiled. */
export interface RuleChecker {
  /** `before` is there on updates; rules with `oldSelf` are about both. */
  check(object: KubeObject, before: Before | undefined): readonly FieldError[];
}
