import type { GroupVersionFacts, ResourceFacts, SubresourceFacts } from "../facts.ts";
import type { Definitions, OpenApiObject, OpenApiVersion } from "./definitions.ts";
import {
  deleteOptionsDefinition,
  type Operation,
  patchDefinition,
  statusDefinition,
  watchEventDefinition,
  writeOperation,
} from "./operations.ts";
import {
  deleteCollectionParameters,
  deleteParameters,
  listParameters,
  pathParameter,
  queryParameter,
  writeParameters,
} from "./parameters.ts";

/** `rbac.authorization.k8s.io` is `rbacAuthorization`; the core group is `core`. */
export function groupWord(group: string): string {
  if (group === "") return "core";
  const [first = "", ...rest] = group.replace(/\.k8s\.io$/, "").split(/[.-]/);
  return [first, ...rest.map(capitalized)].join("");
}

export function rootPath(group: string, version: string): string {
  return group === "" ? `/api/${version}/` : `/apis/${group}/${version}/`;
}

/** Writes the paths of one group version. */
export class PathWriter {
  readonly #folder: string;
  readonly #facts: GroupVersionFacts;
  readonly #definitions: Definitions;
  readonly #version: OpenApiVersion;
  readonly #groupVersionOf: (folder: string) => GroupVersionFacts;
  readonly #paths: Record<string, OpenApiObject> = {};
  readonly #prefix: string;
  readonly #tag: string;

  constructor(options: {
    readonly folder: string;
    readonly groupVersions: ReadonlyMap<string, GroupVersionFacts>;
    readonly definitions: Definitions;
    readonly version: OpenApiVersion;
  }) {
    this.#folder = options.folder;
    this.#groupVersionOf = (folder) => {
      const facts = options.groupVersions.get(folder);
      if (facts === undefined) throw new Error(`no group version ${folder}`);
      return facts;
    };
    this.#facts = this.#groupVersionOf(options.folder);
    this.#definitions = options.definitions;
    this.#version = options.version;
    const word = groupWord(this.#facts.group);
    this.#tag = `${word}_${this.#facts.version}`;
    this.#prefix = `${capitalized(word)}${capitalized(this.#facts.version)}`;
  }

  paths(): Record<string, OpenApiObject> {
    const root = rootPath(this.#facts.group, this.#facts.version);
    const answer = "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList";
    const description = "List the resources of this version.";
    const id = `get${this.#prefix}APIResources`;
    this.#paths[root] = { get: this.#write({ id, tag: this.#tag, description, answer, codes: [200] }) };
    for (const resource of this.#facts.resources) this.#addResource(root, resource);
    return Object.fromEntries(Object.entries(this.#paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #write(operation: Operation): OpenApiObject {
    return writeOperation(operation, this.#version);
  }

  #addResource(root: string, resource: ResourceFacts): void {
    const scope = resource.namespaced ? "Namespaced" : "";
    const collection = `${root}${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.name}`;
    const names = resource.namespaced ? ["namespace"] : [];
    this.#add(collection, resource.kind, names, this.#collectionOperations(resource, scope));
    const object = `${collection}/{name}`;
    this.#add(object, resource.kind, ["name", ...names], this.#objectOperations(resource, scope));
    for (const subresource of resource.subresources ?? []) {
      this.#addSubresource(`${object}/${subresource.name}`, resource, subresource, scope, names);
    }
    if (resource.namespaced && resource.verbs.includes("list")) {
      const id = `list${this.#prefix}${resource.kind}ForAllNamespaces`;
      this.#add(
        `${root}${resource.name}`,
        resource.kind,
        [],
        { get: this.#listOperation(resource, id) },
        listParameters,
      );
    }
    if (resource.verbs.includes("watch")) this.#addWatches(root, resource, scope, names);
  }

  #add(
    path: string,
    kind: string,
    names: readonly string[],
    operations: Readonly<Record<string, Operation | undefined>>,
    query: readonly string[] = [],
  ): void {
    const written = Object.entries(operations).flatMap(([method, operation]) =>
      operation === undefined ? [] : [[method, this.#write(operation)] as const],
    );
    if (written.length === 0) return;
    const parameters = [
      ...names.map((name) => pathParameter(name, kind, this.#version)),
      ...[...new Set([...query, "pretty"])].sort().map((name) => queryParameter(name, this.#version)),
    ];
    this.#paths[path] = { ...Object.fromEntries(written), parameters };
  }

  #collectionOperations(resource: ResourceFacts, scope: string): Record<string, Operation | undefined> {
    const { kind, verbs } = resource;
    const id = (verb: string): string =>
      `${verb}${this.#prefix}${verb === "delete" ? "Collection" : ""}${scope}${kind}`;
    const common = { tag: this.#tag, kind: this.#kind(kind) };
    const list = verbs.includes("list")
      ? { ...this.#listOperation(resource, id("list")), query: listParameters }
      : undefined;
    return {
      get: list,
      post: verbs.includes("create")
        ? {
            ...{
              ...common,
              id: id("create"),
              description: `Create a ${kind}.`,
              action: "post",
              query: writeParameters,
            },
            ...{ body: this.#name(kind), bodyRequired: true, answer: this.#name(kind), codes: [200, 201, 202] },
          }
        : undefined,
      delete: verbs.includes("deletecollection")
        ? {
            ...{
              ...common,
              id: id("delete"),
              description: `Delete every ${kind} that matches.`,
              action: "deletecollection",
            },
            ...{ query: deleteCollectionParameters, body: deleteOptionsDefinition },
            ...{ answer: statusDefinition, codes: [200] },
          }
        : undefined,
    };
  }

  #listOperation(resource: ResourceFacts, id: string): Operation {
    const { kind, list = `${kind}List` } = resource;
    return {
      ...{ id, tag: this.#tag, description: `List or watch objects of kind ${kind}.`, action: "list", isList: true },
      ...{ kind: this.#kind(kind), answer: this.#name(list), codes: [200] },
    };
  }

  #objectOperations(resource: ResourceFacts, scope: string): Record<string, Operation | undefined> {
    const { kind, verbs } = resource;
    return {
      ...this.#readAndWrite(kind, kind, verbs, `${scope}${kind}`),
      delete: verbs.includes("delete")
        ? {
            ...{ id: `delete${this.#prefix}${scope}${kind}`, tag: this.#tag, description: `Delete a ${kind}.` },
            ...{ action: "delete", kind: this.#kind(kind), query: deleteParameters, body: deleteOptionsDefinition },
            ...{ answer: deletionAnswer(kind) ?? this.#name(kind), codes: [200, 202] },
          }
        : undefined,
    };
  }

  /** `about` is what the descriptions call the thing, `idTail` how its operations are called. */
  #readAndWrite(
    kind: string,
    about: string,
    verbs: readonly string[],
    idTail: string,
  ): Record<string, Operation | undefined> {
    const answer = this.#name(kind);
    const common = { tag: this.#tag, kind: this.#kind(kind), answer };
    const id = (verb: string): string => `${verb}${this.#prefix}${idTail}`;
    const read = { id: id("read"), description: `Read the ${about}.`, action: "get", codes: [200] };
    const replace = { id: id("replace"), description: `Replace the ${about}.`, action: "put", codes: [200, 201] };
    const patch = { id: id("patch"), description: `Change part of the ${about}.`, action: "patch", codes: [200, 201] };
    const patchQuery = [...writeParameters, "force"];
    const isCustom = Object.keys(this.#facts.types).length === 0;
    return {
      get: verbs.includes("get") ? { ...common, ...read } : undefined,
      put: verbs.includes("update")
        ? { ...common, ...replace, query: writeParameters, body: answer, bodyRequired: true }
        : undefined,
      patch: verbs.includes("patch")
        ? { ...common, ...patch, query: patchQuery, body: patchDefinition, bodyRequired: true, isPatch: true, isCustom }
        : undefined,
    };
  }

  #addSubresource(
    path: string,
    resource: ResourceFacts,
    subresource: SubresourceFacts,
    scope: string,
    names: readonly string[],
  ): void {
    const { kind, verbs, name } = subresource;
    const idTail = `${scope}${resource.kind}${capitalized(name)}`;
    const about = `${name} of a ${resource.kind}`;
    if (name === "log") {
      const description = `Read the ${about}.`;
      const common = { tag: this.#tag, kind: this.#kind(resource.kind), codes: [200], mediaTypes: ["text/plain"] };
      this.#add(path, resource.kind, ["name", ...names], {
        get: { ...common, id: `read${this.#prefix}${idTail}`, description, action: "get", answer: "string" },
      });
    } else if (kind.endsWith("Options")) {
      this.#addConnect(path, resource, subresource, idTail, names);
    } else {
      const operations = this.#readAndWrite(kind, about, verbs, idTail);
      const create: Operation | undefined = verbs.includes("create")
        ? {
            ...{
              id: `create${this.#prefix}${idTail}`,
              tag: this.#tag,
              description: `Create the ${about}.`,
              action: "post",
            },
            ...{ kind: this.#kind(kind), query: writeParameters, body: this.#name(kind), bodyRequired: true },
            ...{ answer: this.#name(kind), codes: [200, 201, 202] },
          }
        : undefined;
      this.#add(path, resource.kind, ["name", ...names], { ...operations, post: create });
    }
  }

  /** Subresources that are streams: the verbs stand for methods, whatever is spoken over them. */
  #addConnect(
    path: string,
    resource: ResourceFacts,
    subresource: SubresourceFacts,
    idTail: string,
    names: readonly string[],
  ): void {
    const methods =
      subresource.name === "proxy" ? ["get", "post", "put", "patch", "delete", "head", "options"] : ["get", "post"];
    const options = Object.keys(this.#facts.types[subresource.kind]?.fields ?? {});
    const write = (tail: string): Record<string, Operation> =>
      Object.fromEntries(
        methods.map((method) => [
          method,
          {
            ...{
              id: `connect${this.#prefix}${capitalized(method)}${idTail}${tail}`,
              tag: this.#tag,
              action: "connect",
            },
            ...{
              description: `Connect ${method.toUpperCase()} requests to the ${subresource.name} of a ${resource.kind}.`,
            },
            ...{ kind: this.#kind(subresource.kind), answer: "string", codes: [200], mediaTypes: ["*/*"] },
          },
        ]),
      );
    this.#add(path, resource.kind, ["name", ...names], write(""), options);
    if (subresource.name === "proxy") {
      this.#add(`${path}/{path}`, resource.kind, ["name", ...names, "path"], write("WithPath"), options);
    }
  }

  /** Addresses from before lists could be watched by a parameter; still served. */
  #addWatches(root: string, resource: ResourceFacts, scope: string, names: readonly string[]): void {
    const { kind } = resource;
    const common = { tag: this.#tag, kind: this.#kind(kind), answer: watchEventDefinition, codes: [200], isList: true };
    const description = `Deprecated: list ${resource.name} with the parameter watch instead.`;
    const collection = `${root}watch/${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.name}`;
    const watchList = { ...common, description, action: "watchlist" };
    const watchOne = { ...common, description, action: "watch", id: `watch${this.#prefix}${scope}${kind}` };
    this.#add(
      collection,
      kind,
      names,
      { get: { ...watchList, id: `watch${this.#prefix}${scope}${kind}List` } },
      listParameters,
    );
    this.#add(`${collection}/{name}`, kind, ["name", ...names], { get: watchOne }, listParameters);
    if (!resource.namespaced) return;
    const id = `watch${this.#prefix}${kind}ListForAllNamespaces`;
    this.#add(`${root}watch/${resource.name}`, kind, [], { get: { ...watchList, id } }, listParameters);
  }

  /** Definition of a kind, which may be of another group version: `autoscaling/v1.Scale`. */
  #name(kind: string): string {
    const dot = kind.indexOf(".");
    return dot < 0
      ? this.#definitions.nameOf(this.#folder, kind)
      : this.#definitions.nameOf(kind.slice(0, dot), kind.slice(dot + 1));
  }

  #kind(kind: string): { group: string; version: string; kind: string } {
    const dot = kind.indexOf(".");
    const { group, version } = dot < 0 ? this.#facts : this.#groupVersionOf(kind.slice(0, dot));
    return { group, version, kind: dot < 0 ? kind : kind.slice(dot + 1) };
  }
}

/** Most kinds answer a deletion with a Status; these give the object back. */
function deletionAnswer(kind: string): string | undefined {
  const giveObject = [
    "Pod",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodTemplate",
    "ResourceQuota",
    "Service",
    "ServiceAccount",
  ];
  const giveObjectToo = ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"];
  return giveObject.includes(kind) || giveObjectToo.includes(kind) ? undefined : statusDefinition;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
