import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Scheme } from "../../api/index.ts";
import type { KindCodec, KubeObject, ResourceFacts } from "../../apimachinery/index.ts";
import type { ResourceDescriptor } from "../registry/contract.ts";
import { customPrefix } from "../registry/storage-prefix.ts";
import { CustomCodec } from "./codec.ts";
import type { RuleChecker } from "./rules.ts";
import { structuralOf } from "./schema/structural.ts";
import { customStrategy } from "./strategy.ts";

/** Turns objects of one version into another. All of one call come from the same version. */
export interface VersionConverter {
  convert(objects: readonly KubeObject[], toApiVersion: string): Promise<readonly KubeObject[]>;
}

export interface DescriptorInputs {
  readonly scheme: Scheme;
  /** Compiles `x-kubernetes-validations`. */
  readonly rulesOf?: (version: CustomResourceDefinitionVersion) => RuleChecker | undefined;
  readonly converterOf?: (definition: CustomResourceDefinition) => VersionConverter | undefined;
}

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const readWrite = ["get", "patch", "update"];

/** What the server needs to serve each served version of a definition. */
export function describeCustom(definition: CustomResourceDefinition, inputs: DescriptorInputs): ResourceDescriptor[] {
  const { spec } = definition;
  const metadata = inputs.scheme.codec({ group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata" });
  const codecs = new Map(spec.versions.map((version) => [version.name, codecOf(definition, version, metadata)]));
  const storage = spec.versions.find((version) => version.storage) ?? spec.versions[0];
  const storageCodec = codecs.get(storage?.name ?? "");
  if (storage === undefined || storageCodec === undefined) return [];
  return spec.versions
    .filter((version) => version.served)
    .map((version) => {
      const codec = codecs.get(version.name) ?? storageCodec;
      const gvk = { group: spec.group, version: version.name, kind: spec.names.kind };
      const base: ResourceDescriptor = {
        group: spec.group,
        version: version.name,
        facts: factsOf(definition, version),
        gvk,
        codec,
        strategy: customStrategy(version, inputs.rulesOf?.(version)),
        storagePrefix: customPrefix(spec.group, spec.names.plural),
        storageCodec,
        storageVersion: { ...gvk, version: storage.name },
      };
      if (version.name === storage.name) return base;
      return { ...base, convert: conversionOf(definition, inputs, version.name, storage.name) };
    });
}

function codecOf(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  metadata: KindCodec,
): KindCodec<KubeObject> {
  const schema = version.schema?.openAPIV3Schema;
  return new CustomCodec({
    apiVersion: `${definition.spec.group}/${version.name}`,
    kind: definition.spec.names.kind,
    structural: schema === undefined ? undefined : structuralOf(schema),
    preserveUnknown: definition.spec.preserveUnknownFields === true,
    metadata,
  }) as unknown as KindCodec<KubeObject>;
}

function factsOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): ResourceFacts {
  const { names } = spec;
  const { status, scale } = version.subresources ?? {};
  const subresources = [
    ...(scale === undefined ? [] : [{ name: "scale", kind: "autoscaling/v1.Scale", verbs: readWrite }]),
    ...(status === undefined ? [] : [{ name: "status", kind: names.kind, verbs: readWrite }]),
  ];
  return {
    name: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    list: names.listKind ?? `${names.kind}List`,
    namespaced: spec.scope === "Namespaced",
    ...(names.shortNames?.length ? { shortNames: names.shortNames } : {}),
    ...(names.categories?.length ? { categories: names.categories } : {}),
    verbs,
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

function conversionOf(
  definition: CustomResourceDefinition,
  inputs: DescriptorInputs,
  served: string,
  stored: string,
): NonNullable<ResourceDescriptor["convert"]> {
  const apiVersion = (version: string) => `${definition.spec.group}/${version}`;
  const converter = inputs.converterOf?.(definition);
  if (converter === undefined) {
    const renamed = (object: KubeObject, version: string): KubeObject => ({
      ...object,
      apiVersion: apiVersion(version),
    });
    return {
      toStorage: (object) => renamed(object, stored),
      fromStorage: (objects) => objects.map((object) => renamed(object, served)),
    };
  }
  return {
    toStorage: async (object) => (await converter.convert([object], apiVersion(stored)))[0] ?? object,
    fromStorage: (objects) => converter.convert(objects, apiVersion(served)),
  };
}
