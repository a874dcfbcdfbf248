import { type KindCodec, type KubeObject, type ResourceFacts, semanticEqual } from "../../apimachinery/index.ts";
import type { Strategy } from "./contract.ts";

type Fields = Record<string, unknown>;

/** For kinds without a strategy of their own: status is the system's, generations count changes of the spec. */
export function fallbackStrategy(facts: ResourceFacts, codec: KindCodec): Strategy {
  const hasStatus = facts.subresources?.some((subresource) => subresource.name === "status") ?? false;
  const counts = codec.schema.fields.has("spec") && hasStatus;
  return {
    prepareForCreate(object) {
      if (hasStatus) delete (object as unknown as Fields)["status"];
      if (counts) object.metadata.generation = 1;
    },
    prepareForUpdate(object, old) {
      if (hasStatus) keep(object, old, "status");
      if (counts && !semanticEqual((object as unknown as Fields)["spec"], (old as unknown as Fields)["spec"])) {
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
  };
}

function keep(object: KubeObject, old: KubeObject, field: string): void {
  const before = (old as unknown as Fields)[field];
  if (before === undefined) delete (object as unknown as Fields)[field];
  else (object as unknown as Fields)[field] = before;
}
