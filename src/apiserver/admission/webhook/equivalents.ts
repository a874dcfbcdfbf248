import {
  type GroupVersionKind,
  type GroupVersionResource,
  type KubeObject,
  withoutEmpties,
} from "../../../apimachinery/index.ts";
import type { ResourceTable, ServedResource } from "../../handlers/served.ts";
import type { AdmissionAttributes } from "../contract.ts";

/** The request in one of the versions that its resource is served in. */
export interface Variant {
  /** Its `kind` is empty where that version has no such subresource. */
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** Into this version, as JSON has it: without empty lists and maps that are left out of it. */
  convert(object: KubeObject): Promise<KubeObject> | KubeObject;
  /** Back into the version the request came in. */
  revert(object: KubeObject): Promise<KubeObject> | KubeObject;
}

const asItIs = (object: KubeObject): KubeObject => object;
const none: readonly Variant[] = [];

/** `matchPolicy: Equivalent`: a webhook for one version sees requests made through any other. */
export class EquivalentVersions {
  #table: ResourceTable | undefined;
  /** By resource and subresource, for one state of the table. */
  readonly #others = new Map<string, readonly Variant[]>();
  #revision = -1;

  attach(table: ResourceTable): void {
    this.#table = table;
  }

  same({ kind, resource }: AdmissionAttributes): Variant {
    return { kind, resource, convert: withoutEmpties, revert: asItIs };
  }

  others({ resource, subresource, kind }: AdmissionAttributes): readonly Variant[] {
    if (this.#table === undefined) return none;
    if (this.#table.revision !== this.#revision) {
      this.#others.clear();
      this.#revision = this.#table.revision;
    }
    const key = `${resource.group}/${resource.version}/${resource.resource}/${subresource}`;
    let others = this.#others.get(key);
    if (others === undefined) {
      others = othersIn(this.#table, resource, subresource, kind);
      this.#others.set(key, others);
    }
    return others;
  }
}

function othersIn(
  table: ResourceTable,
  resource: GroupVersionResource,
  subresource: string,
  kind: GroupVersionKind,
): readonly Variant[] {
  const own = table.get(resource.group, resource.version, resource.resource);
  if (own === undefined) return none;
  const variants: Variant[] = [];
  for (const other of table.all()) {
    const { group, version, facts, storagePrefix } = other.descriptor;
    if (other === own || storagePrefix !== own.descriptor.storagePrefix) continue;
    const seen = kindIn(other, subresource, own, kind);
    const converts = seen !== kind;
    variants.push({
      kind: seen,
      resource: { group, version, resource: facts.name },
      convert: converts ? (object) => between(own, other, object) : withoutEmpties,
      revert: converts ? (object) => between(other, own, object) : asItIs,
    });
  }
  return variants;
}

/** The kind that stands for the object in another version: its own there, or that of the subresource. */
function kindIn(
  other: ServedResource,
  subresource: string,
  own: ServedResource,
  kind: GroupVersionKind,
): GroupVersionKind {
  if (subresource !== "" && !other.subresources.has(subresource)) return { group: "", version: "", kind: "" };
  const isObject = kind.kind === own.descriptor.gvk.kind && kind.group === own.descriptor.gvk.group;
  // What most subresources take (`Scale`, `Eviction`) is the same wherever they are.
  return isObject ? other.descriptor.gvk : kind;
}

async function between(from: ServedResource, to: ServedResource, object: KubeObject): Promise<KubeObject> {
  const copy = structuredClone(withoutEmpties(object));
  const stored = from.descriptor.convert === undefined ? copy : await from.descriptor.convert.toStorage(copy);
  if (to.descriptor.convert === undefined) return stored;
  return (await to.descriptor.convert.fromStorage([stored]))[0] ?? stored;
}
