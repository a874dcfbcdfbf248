import type { GroupVersionKind, GroupVersionResource, KubeObject } from "../../../apimachinery/index.ts";
import type { ResourceTable, ServedResource } from "../../handlers/served.ts";
import type { AdmissionAttributes } from "../contract.ts";

/** The request in one of the versions that its resource is served in. */
export interface Variant {
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  convert(object: KubeObject): Promise<KubeObject> | KubeObject;
  /** Back into the version the request came in. */
  revert(object: KubeObject): Promise<KubeObject> | KubeObject;
}

/** `matchPolicy: Equivalent`: a webhook for one version sees requests made through any other. */
export class EquivalentVersions {
  #table: ResourceTable | undefined;

  attach(table: ResourceTable): void {
    this.#table = table;
  }

  same({ kind, resource }: AdmissionAttributes): Variant {
    return { kind, resource, convert: (object) => object, revert: (object) => object };
  }

  others({ resource, subresource }: AdmissionAttributes): readonly Variant[] {
    const own = this.#table?.get(resource.group, resource.version, resource.resource);
    // The objects of most subresources are of a kind of their own, with one version.
    if (own === undefined || (subresource !== "" && subresource !== "status")) return [];
    const variants: Variant[] = [];
    for (const other of this.#table?.all() ?? []) {
      if (other === own || other.descriptor.storagePrefix !== own.descriptor.storagePrefix) continue;
      variants.push({
        kind: other.descriptor.gvk,
        resource: {
          group: other.descriptor.group,
          version: other.descriptor.version,
          resource: other.descriptor.facts.name,
        },
        convert: (object) => between(own, other, object),
        revert: (object) => between(other, own, object),
      });
    }
    return variants;
  }
}

async function between(from: ServedResource, to: ServedResource, object: KubeObject): Promise<KubeObject> {
  const copy = structuredClone(object);
  const stored = from.descriptor.convert === undefined ? copy : await from.descriptor.convert.toStorage(copy);
  if (to.descriptor.convert === undefined) return stored;
  return (await to.descriptor.convert.fromStorage([stored]))[0] ?? stored;
}
