import type { CelType, GroupVersionKind } from "../../apimachinery/index.ts";
import type { Client } from "../../client/index.ts";
import { type OpenApiSchemas, SchemaTypes } from "./schema-types.ts";

/** A group and version as expressions can know it. */
interface KnownVersion {
  /** Kinds by resource. */
  readonly kinds: ReadonlyMap<string, string>;
  typeOf(kind: string): CelType | undefined;
}

/** Which kinds stand behind resources, and what their objects look like: what the server itself says, read once. */
export class ServedTypes {
  readonly #client: Client;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<string, Promise<KnownVersion | undefined>>();

  constructor(client: Client, signal?: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  async kindOf(group: string, version: string, resource: string): Promise<GroupVersionKind | undefined> {
    const kind = (await this.#version(group, version))?.kinds.get(resource);
    return kind === undefined ? undefined : { group, version, kind };
  }

  async typeOf({ group, version, kind }: GroupVersionKind): Promise<CelType | undefined> {
    return (await this.#version(group, version))?.typeOf(kind);
  }

  #version(group: string, version: string): Promise<KnownVersion | undefined> {
    const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
    const known = this.#known.get(path) ?? this.#read(group, version, path);
    this.#known.set(path, known);
    return known;
  }

  async #read(group: string, version: string, path: string): Promise<KnownVersion | undefined> {
    const list = (await this.#get(`/${path}`)) as { resources?: readonly { name: string; kind: string }[] } | undefined;
    const document = (await this.#get(`/openapi/v3/${path}`)) as
      | { components?: { schemas?: OpenApiSchemas } }
      | undefined;
    if (list === undefined || document === undefined) return undefined;
    const schemas = document.components?.schemas ?? {};
    const types = new SchemaTypes(schemas);
    const resources = list.resources ?? [];
    return {
      kinds: new Map(resources.flatMap(({ name, kind }) => (name.includes("/") ? [] : [[name, kind]]))),
      typeOf(kind) {
        const found = Object.entries(schemas).find(([, schema]) =>
          schema["x-kubernetes-group-version-kind"]?.some(
            (one) => one.group === group && one.version === version && one.kind === kind,
          ),
        );
        return found === undefined ? undefined : types.of(found[1], found[0], true);
      },
    };
  }

  async #get(path: string): Promise<unknown> {
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    const headers = { accept: "application/json" };
    const { status, body } = await this.#client.raw({ method: "GET", path, headers, ...signal });
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${path}: the server answered with ${status}`);
    return JSON.parse(Buffer.from(body).toString());
  }
}
