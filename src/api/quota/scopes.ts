import type { ScopedResourceSelectorRequirement } from "../core/v1/types.ts";

/** Whether one of the values, or none if there are none, fits. Upstream: `ScopedResourceSelectorRequirementsAsSelector`. */
export function matchesValues(
  { operator, values = [] }: Pick<ScopedResourceSelectorRequirement, "operator" | "values">,
  actual: readonly string[],
): boolean {
  switch (operator) {
    case "Exists":
      return actual.length > 0;
    case "DoesNotExist":
      return actual.length === 0;
    case "In":
      return actual.some((value) => values.includes(value));
    case "NotIn":
      return actual.length === 0 || actual.some((value) => !values.includes(value));
  }
}
