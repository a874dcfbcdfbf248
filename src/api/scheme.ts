import {
  type ComputedDefaults,
  compile,
  FactsSchemas,
  type GroupVersionFacts,
  type GroupVersionKind,
  type KindCodec,
  type ObjectSchema,
  type ResourceFacts,
  TypeFamily,
} from "../apimachinery/index.ts";
import { computedDefaults } from "./defaults.ts";
import { groupVersions } from "./group-versions.ts";

/** A resource of one group version, as discovery lists it. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly facts: ResourceFacts;
  /** Of its objects. */
  readonly kind: GroupVersionKind;
}

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Which kinds there are, where they are served and how they are read and written. */
export interface Scheme {
  /** Of served group versions, in discovery's order. */
  groupVersions(): readonly GroupVersion[];
  /** All built-in resources, group version by group version, by name within each. */
  resources(): readonly ServedResource[];
  resource(group: string, version: string, name: string): ServedResource | undefined;
  /** The resource whose objects are of this kind. */
  resourceOf(kind: GroupVersionKind): ServedResource | undefined;
  /** Where objects of this resource are stored: the preferred version, and for events the core group. */
  storageVersion(group: string, resource: string): GroupVersion;
  /**
   * Compiled at first use. Kinds of meta/v1 (`Status`, `DeleteOptions`, `Table`…) are found in every group version.
   * Throws for an unknown kind.
   */
  codec<T = unknown>(kind: GroupVersionKind): KindCodec<T>;
  schema(kind: GroupVersionKind): ObjectSchema | undefined;
  facts(group: string, version: string): GroupVersionFacts | undefined;
  /** The kind a subresource takes, which may be of another group version. */
  subresourceKind(resource: ServedResource, subresource: string): GroupVersionKind | undefined;
}

let loaded: Scheme | undefined;

/** The scheme of all built-in kinds. One for the process: it is immutable but for what it has compiled. */
export function loadScheme(): Scheme {
  loaded ??= new BuiltInScheme(computedDefaults());
  return loaded;
}

class BuiltInScheme implements Scheme {
  readonly #schemas: FactsSchemas;
  readonly #family: TypeFamily;
  readonly #folders = new Map<string, string>();
  readonly #resources: ServedResource[] = [];
  readonly #byName = new Map<string, ServedResource>();
  readonly #byKind = new Map<string, ServedResource>();
  readonly #codecs = new Map<string, KindCodec>();

  constructor(computed: ComputedDefaults) {
    this.#schemas = new FactsSchemas(factsOf);
    this.#family = new TypeFamily(computed);
    for (const [folder, facts] of groupVersions) this.#add(folder, facts);
  }

  #add(folder: string, facts: GroupVersionFacts): void {
    const { group, version } = facts;
    this.#folders.set(`${group}/${version}`, folder);
    for (const resource of facts.resources) {
      const served = { group, version, facts: resource, kind: { group, version, kind: resource.kind } };
      this.#resources.push(served);
      this.#byName.set(`${group}/${version}/${resource.name}`, served);
      this.#byKind.set(`${group}/${version}/${resource.kind}`, served);
    }
  }

  groupVersions(): readonly GroupVersion[] {
    return [...groupVersions.values()].filter((facts) => facts.resources.length > 0);
  }

  resources(): readonly ServedResource[] {
    return this.#resources;
  }

  resource(group: string, version: string, name: string): ServedResource | undefined {
    return this.#byName.get(`${group}/${version}/${name}`);
  }

  resourceOf(kind: GroupVersionKind): ServedResource | undefined {
    return this.#byKind.get(`${kind.group}/${kind.version}/${kind.kind}`);
  }

  storageVersion(group: string, resource: string): GroupVersion {
    if (group === "events.k8s.io" && resource === "events") return { group: "", version: "v1" };
    const first = this.#resources.find((served) => served.group === group && served.facts.name === resource);
    if (first === undefined) throw new Error(`no resource ${resource}.${group}`);
    return { group, version: first.version };
  }

  codec<T = unknown>(kind: GroupVersionKind): KindCodec<T> {
    const key = `${kind.group}/${kind.version}/${kind.kind}`;
    const known = this.#codecs.get(key);
    if (known !== undefined) return known as KindCodec<T>;
    const schema = this.schema(kind);
    if (schema === undefined)
      throw new Error(`no kind "${kind.kind}" is registered for version "${kind.group}/${kind.version}"`);
    const codec = compile<T>(schema, this.#family);
    this.#codecs.set(key, codec as KindCodec);
    return codec;
  }

  schema(kind: GroupVersionKind): ObjectSchema | undefined {
    const folder = this.#folders.get(`${kind.group}/${kind.version}`);
    if (folder === undefined) return undefined;
    if (isKind(folder, kind.kind)) return this.#schemas.object(folder, kind.kind);
    return isKind("meta/v1", kind.kind) ? this.#schemas.object("meta/v1", kind.kind) : undefined;
  }

  facts(group: string, version: string): GroupVersionFacts | undefined {
    const folder = this.#folders.get(`${group}/${version}`);
    return folder === undefined ? undefined : groupVersions.get(folder);
  }

  subresourceKind(resource: ServedResource, subresource: string): GroupVersionKind | undefined {
    const facts = resource.facts.subresources?.find((candidate) => candidate.name === subresource);
    if (facts === undefined) return undefined;
    const dot = facts.kind.indexOf(".");
    if (dot < 0) return { group: resource.group, version: resource.version, kind: facts.kind };
    const { group, version } = factsOf(facts.kind.slice(0, dot));
    return { group, version, kind: facts.kind.slice(dot + 1) };
  }
}

function factsOf(folder: string): GroupVersionFacts {
  const facts = groupVersions.get(folder);
  if (facts === undefined) throw new Error(`no group version ${folder}`);
  return facts;
}

function isKind(folder: string, name: string): boolean {
  return Object.hasOwn(factsOf(folder).types, name) && factsOf(folder).types[name]?.kind === true;
}
