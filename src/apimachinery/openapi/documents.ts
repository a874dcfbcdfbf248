import type { GroupVersionFacts } from "../facts.ts";
import { collectReferences, Definitions, type OpenApiObject, type OpenApiVersion } from "./definitions.ts";
import { writeOperation } from "./operations.ts";
import { groupWord, PathWriter } from "./paths.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

const bearerToken = { type: "apiKey", description: "Bearer token", name: "authorization", in: "header" } as const;

/** Definitions that are not made from facts, by name, in both forms of OpenAPI. */
export type GivenDefinitions = Readonly<Record<OpenApiVersion, ReadonlyMap<string, OpenApiObject>>>;

/**
 * The OpenAPI documents of some group versions, made from the facts when first asked for. Documents are plain objects
 * that must not be changed. Custom resources are documented by facts that only say what is served, beside those of
 * meta/v1 and autoscaling/v1, and by definitions that are given: those of the kind and of its list, named as the
 * facts' package says (`example.com/v1` makes `com.example.v1.Widget`).
 */
export class OpenApiDocuments {
  readonly #groupVersions: ReadonlyMap<string, GroupVersionFacts>;
  readonly #info: OpenApiObject;
  readonly #definitions: Readonly<Record<OpenApiVersion, Definitions>>;
  readonly #documents = new Map<string, OpenApiObject>();

  /** `gitVersion` is what `/version` says: `v1.36.0`. */
  constructor(groupVersions: ReadonlyMap<string, GroupVersionFacts>, gitVersion: string, given?: GivenDefinitions) {
    this.#groupVersions = groupVersions;
    this.#info = { title: "Kubernetes", version: gitVersion };
    this.#definitions = {
      2: new Definitions(groupVersions, 2, given?.[2]),
      3: new Definitions(groupVersions, 3, given?.[3]),
    };
  }

  /** What `/openapi/v3` lists, such as `apis/apps/v1`, alphabetically. */
  get paths(): readonly string[] {
    const groups = new Set(this.#served().map(([, { group }]) => (group === "" ? "api" : `apis/${group}`)));
    const versions = this.#served().map(([, facts]) => documentPath(facts));
    return [...new Set([...groups, ...versions, "apis", "version"])].sort();
  }

  /** The document of one of `paths`. */
  v3(path: string): OpenApiObject | undefined {
    let document = this.#documents.get(path);
    if (document === undefined) {
      const paths = this.#pathsOf(path, 3);
      if (paths === undefined) return undefined;
      document = this.#openApi(paths, path);
      this.#documents.set(path, document);
    }
    return document;
  }

  v2(): OpenApiObject {
    let document = this.#documents.get("v2");
    if (document === undefined) {
      const paths: Record<string, OpenApiObject> = {};
      for (const path of this.paths) Object.assign(paths, this.#pathsOf(path, 2));
      document = {
        swagger: "2.0",
        info: this.#info,
        paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
        definitions: this.#definitions[2].closure([...references(paths), ...this.#kinds()]),
        securityDefinitions: { BearerToken: bearerToken },
        security: [{ BearerToken: [] }],
      };
      this.#documents.set("v2", document);
    }
    return document;
  }

  #openApi(paths: OpenApiObject, path: string): OpenApiObject {
    const own = this.#served().find(([, facts]) => path === documentPath(facts));
    const kinds = own === undefined ? [] : this.#kinds(own[0]);
    return {
      openapi: "3.0.0",
      info: this.#info,
      paths,
      components: {
        schemas: this.#definitions[3].closure([...references(paths), ...kinds]),
        securitySchemes: { BearerToken: bearerToken },
      },
    };
  }

  /** Definitions of every kind, or of those of one folder. */
  #kinds(only?: string): string[] {
    return this.#served().flatMap(([folder, facts]) => {
      if (only !== undefined && folder !== only) return [];
      const names = Object.keys(facts.types).filter((name) => facts.types[name]?.kind && !name.endsWith("Options"));
      return names.map((name) => this.#definitions[3].nameOf(folder, name));
    });
  }

  #served(): [folder: string, facts: GroupVersionFacts][] {
    return [...this.#groupVersions].filter(([, facts]) => facts.resources.length > 0);
  }

  #pathsOf(path: string, version: OpenApiVersion): Record<string, OpenApiObject> | undefined {
    const served = this.#served();
    const definitions = this.#definitions[version];
    for (const [folder, { group, version: name }] of served) {
      if (path !== documentPath({ group, version: name })) continue;
      return new PathWriter({ folder, groupVersions: this.#groupVersions, definitions, version }).paths();
    }
    if (path === "version")
      return one("/version/", "version", "getCodeVersion", "io.k8s.apimachinery.pkg.version.Info", version);
    if (path === "api") return one("/api/", "core", "getCoreAPIVersions", `${meta}.APIVersions`, version);
    if (path === "apis") return one("/apis/", "apis", "getAPIVersions", `${meta}.APIGroupList`, version);
    const group = served.find(([, facts]) => path === `apis/${facts.group}`)?.[1].group;
    if (group === undefined) return undefined;
    const word = groupWord(group);
    const id = `get${word.charAt(0).toUpperCase()}${word.slice(1)}APIGroup`;
    return one(`/apis/${group}/`, word, id, `${meta}.APIGroup`, version);
  }
}

/** `apps` and `v1` make `apis/apps/v1`. */
function documentPath({ group, version }: Pick<GroupVersionFacts, "group" | "version">): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function one(
  path: string,
  tag: string,
  id: string,
  answer: string,
  version: OpenApiVersion,
): Record<string, OpenApiObject> {
  const description = tag === "version" ? "Say which version the server is." : "Say which versions there are.";
  const mediaTypes = tag === "version" ? ["application/json"] : undefined;
  const operation = { id, tag, description, answer, codes: [200], ...(mediaTypes === undefined ? {} : { mediaTypes }) };
  return { [path]: { get: writeOperation(operation, version) } };
}

function references(value: unknown): string[] {
  const names: string[] = [];
  collectReferences(value, names);
  return names;
}
