import { isQualifiedName } from "../../apimachinery/index.ts";
import type { AdmissionAttributes } from "./contract.ts";

/** Adds an audit annotation. A key that is not `domain/name` is left out. Upstream: `AddAnnotationWithLevel`. */
export function annotate(
  { context }: Pick<AdmissionAttributes, "context">,
  key: string,
  value: string,
  level: "Metadata" | "Request" = "Metadata",
): void {
  if (key.split("/").length !== 2 || isQualifiedName(key).length > 0) return;
  context.annotate(key, value, level);
}
