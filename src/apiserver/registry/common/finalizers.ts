import { fieldPath, type KubeObject } from "../../../apimachinery/index.ts";
import type { Strategy } from "../contract.ts";
import { checkKubeFinalizers } from "./check.ts";
import { collect } from "./lifecycle.ts";

const metadataPath = fieldPath("metadata");

/** Adds what built-in kinds ask of finalizers beyond their form: those without a domain must be known ones. */
export function withFinalizerRule<T extends KubeObject>(strategy: Strategy<T>): Strategy<T> {
  return {
    ...strategy,
    validate: (object, context) => [
      ...collect((errors) => checkKubeFinalizers(object.metadata.finalizers, metadataPath, errors)),
      ...(strategy.validate?.(object, context) ?? []),
    ],
  };
}
