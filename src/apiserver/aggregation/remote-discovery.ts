import type { ResourceFacts } from "../../apimachinery/index.ts";
import type { DiscoveredResource } from "../discovery/plain.ts";
import type { GroupVersion } from "./api-services.ts";
import { isObject } from "./untrusted-json.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The resources of another server's `APIResourceList`, in the form in which discovery lists its own. */
export function discoveredResources({ group, version }: GroupVersion, list: unknown): readonly DiscoveredResource[] {
  const all = isObject(list) && Array.isArray(list["resources"]) ? list["resources"] : [];
  const resources = all.filter(isObject);
  const subresources = new Map<string, Fields[]>();
  for (const resource of resources) {
    const [name = "", subresource] = textOf(resource["name"]).split("/");
    if (subresource !== undefined) subresources.set(name, [...(subresources.get(name) ?? []), resource]);
  }
  return resources
    .filter((resource) => /^[^/]+$/.test(textOf(resource["name"])))
    .map((resource) => ({
      group,
      version,
      facts: factsOf(resource, subresources.get(textOf(resource["name"])) ?? []),
    }));
}

function factsOf(resource: Fields, subresources: readonly Fields[]): ResourceFacts {
  const kind = textOf(resource["kind"]);
  const shortNames = textsOf(resource["shortNames"]);
  const categories = textsOf(resource["categories"]);
  return {
    name: textOf(resource["name"]),
    singular: textOf(resource["singularName"]) || kind.toLowerCase(),
    kind,
    namespaced: resource["namespaced"] === true,
    verbs: textsOf(resource["verbs"]),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources: subresources.map(subresourceOf) }),
  };
}

function subresourceOf(resource: Fields) {
  const name = textOf(resource["name"]).replace(/^[^/]*\//, "");
  const [group, version, kind] = [textOf(resource["group"]), textOf(resource["version"]), textOf(resource["kind"])];
  return { name, kind: version === "" ? kind : `${group}/${version}.${kind}`, verbs: textsOf(resource["verbs"]) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
