import { FieldManager, type FieldSet, type KubeObject, setOf } from "../../apimachinery/index.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import type { ResourceDescriptor } from "./contract.ts";

const managerLengthMax = 128;

/** Who owns which field of one served kind: a keeper for the object and one for each of its subresources. */
export class FieldManagers {
  readonly #descriptor: ResourceDescriptor;
  readonly #managers = new Map<string, FieldManager>();

  constructor(descriptor: ResourceDescriptor) {
    this.#descriptor = descriptor;
  }

  /** Records in `object` what its writer set; `live` is undefined on create. */
  record(live: KubeObject | undefined, object: KubeObject, manager: string, subresource: string, nowMs: number): void {
    const managedFields = this.for(subresource).update(live, object, manager, nowMs);
    if (managedFields === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = managedFields;
  }

  for(subresource: string): FieldManager {
    let manager = this.#managers.get(subresource);
    if (manager === undefined) {
      const { gvk, codec, ownership } = this.#descriptor;
      const apiVersion = apiVersionOf(gvk);
      const resetFields = this.#resetFields(subresource);
      manager = new FieldManager({
        schema: codec.schema,
        apiVersion,
        kind: gvk.kind,
        ...(subresource === "" ? {} : { subresource }),
        ...(resetFields === undefined
          ? {}
          : { resetFields: inEach(ownership?.apiVersions ?? [apiVersion], resetFields) }),
        ...(ownership === undefined ? {} : { convert: ({ object }, to) => ownership.to(object as KubeObject, to) }),
      });
      this.#managers.set(subresource, manager);
    }
    return manager;
  }

  /** The main endpoint does not write the status, nor the status endpoint the spec. */
  #resetFields(subresource: string): FieldSet | undefined {
    const { strategy, facts } = this.#descriptor;
    const own = strategy.resetFields?.[subresource];
    if (own !== undefined) return setOf(...own.map((path) => path.split(".").map((name) => `f:${name}` as const)));
    if (subresource === "status") return setOf(["f:spec"]);
    const hasStatus = facts.subresources?.some((one) => one.name === "status") ?? false;
    return hasStatus && subresource === "" ? setOf(["f:status"]) : undefined;
  }
}

function inEach(apiVersions: readonly string[], fields: FieldSet): Readonly<Record<string, FieldSet>> {
  return Object.fromEntries(apiVersions.map((apiVersion) => [apiVersion, fields]));
}

/** Upstream: `fieldManager`, or else the first part of the user agent, at most 128 characters. */
export function managerOf(fieldManager: string | undefined, userAgent: string): string {
  if (fieldManager !== undefined && fieldManager !== "") return fieldManager;
  const prefix = userAgent.split("/")[0] ?? "";
  let text = "";
  for (const character of prefix) {
    if (text.length + character.length > managerLengthMax) break;
    if (!/\p{C}/u.test(character)) text += character;
  }
  return text === "" ? "unknown" : text;
}
