import type { ParamKind, ParamRef } from "../../../api/index.ts";
import { type KubeObject, type LabelSelectorObject, selectorFromObject } from "../../../apimachinery/index.ts";
import type { ResourceTable, ServedResource } from "../../handlers/served.ts";

/** The set-up of a policy or a binding does not fit the request or the cluster. */
export class ConfigurationError extends Error {}

/** Objects that policies are parametrized by: any kind that is served, custom ones too. */
export class PolicyParams {
  #table: ResourceTable | undefined;

  attach(table: ResourceTable): void {
    this.#table = table;
  }

  /** Throws `ConfigurationError` for a kind that is not served; undefined where a policy has no parameters. */
  resourceOf(kind: ParamKind | undefined): ServedResource | undefined {
    if (kind === undefined) return undefined;
    const served = this.#find(kind);
    if (served !== undefined) return served;
    throw new ConfigurationError(`failed to find resource referenced by paramKind: '${kindText(kind)}'`);
  }

  #find({ apiVersion = "", kind = "" }: ParamKind): ServedResource | undefined {
    for (const served of this.#table?.all() ?? []) {
      const { gvk } = served.descriptor;
      const own = gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`;
      if (own === apiVersion && gvk.kind === kind) return served;
    }
    return undefined;
  }
}

/**
 * `undefined` in the answer: run once without params. Empty: do not run. Throws `ConfigurationError`. Upstream:
 * `CollectParams`.
 */
export async function collectParams(
  served: ServedResource | undefined,
  reference: ParamRef | undefined,
  requestNamespace: string,
): Promise<readonly (KubeObject | undefined)[]> {
  if (served === undefined || reference === undefined) return [undefined];
  const namespace = namespaceOf(served, reference, requestNamespace);
  const found = reference.name
    ? await one(served, namespace, reference.name)
    : await some(served, namespace, reference);
  if (found.length > 0 || reference.parameterNotFoundAction !== "Deny") return found;
  throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
}

function kindText({ apiVersion = "", kind = "" }: ParamKind): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

function namespaceOf(served: ServedResource, reference: ParamRef, requestNamespace: string): string {
  const given = reference.namespace ?? "";
  if (!served.descriptor.facts.namespaced) {
    if (given !== "")
      throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
    return "";
  }
  const namespace = given === "" ? requestNamespace : given;
  if (namespace === "") {
    throw new ConfigurationError(
      "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
    );
  }
  return namespace;
}

async function one({ registry }: ServedResource, namespace: string, name: string): Promise<readonly KubeObject[]> {
  const key = registry.keyOf(namespace, name);
  let entry = registry.cache.get(key);
  if (entry === undefined) {
    // It may have been made just now.
    await registry.cache.fresh();
    entry = registry.cache.get(key);
  }
  return entry === undefined ? [] : [(await registry.representation.of(entry)).object as KubeObject];
}

async function some(
  { registry }: ServedResource,
  namespace: string,
  { selector }: ParamRef,
): Promise<readonly KubeObject[]> {
  await registry.cache.fresh();
  const wanted = selectorFromObject((selector ?? {}) as LabelSelectorObject);
  const prefix = registry.prefixOf(namespace);
  const entries = registry.cache
    .snapshot()
    .chunks.flatMap((chunk) => chunk.entries)
    .filter(
      ({ key, object }) => key.startsWith(prefix) && wanted.matches((object as KubeObject).metadata.labels ?? {}),
    );
  return (await registry.representation.all(entries)).map(({ object }) => object as KubeObject);
}
