import type { ObjectMeta } from "../../../apimachinery/index.ts";
import { duplicate, fieldPath, required } from "../../../apimachinery/index.ts";
import { checkEach, type Errors } from "../common/check.ts";
import { collect, keep } from "../common/lifecycle.ts";
import type { Strategy } from "../contract.ts";

interface Conditioned {
  metadata: ObjectMeta;
  spec: unknown;
  status?: { readonly conditions?: readonly { readonly type?: string }[] };
}

export function checkConditions({ status }: Conditioned, errors: Errors): void {
  const seen = new Set<string>();
  checkEach(status?.conditions, fieldPath("status", "conditions"), errors, ({ type = "" }, path) => {
    const at = path.child("type");
    if (seen.has(type)) errors.push(duplicate(at, type));
    seen.add(type);
    if (type === "") errors.push(required(at));
  });
}

/** Writes to the status leave all metadata as it was but who manages what. */
export function statusRules<T extends Conditioned>(): NonNullable<Strategy<T>["status"]> {
  return {
    prepareForUpdate(object, old) {
      keep(object, old, "spec");
      const { managedFields, resourceVersion } = object.metadata;
      object.metadata = {
        ...old.metadata,
        ...(managedFields === undefined ? {} : { managedFields }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      };
    },
    validateUpdate: (object) => collect((errors) => checkConditions(object, errors)),
  };
}
