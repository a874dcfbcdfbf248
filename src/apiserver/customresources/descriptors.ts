import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Scheme } from "../../api/index.ts";
import { type KindCodec, type KubeObject, newForbidden, type ResourceFacts } from "../../apimachinery/index.ts";
import { compareVersions } from "../discovery/version-order.ts";
import type { Ownership, ResourceDescriptor, Strategy } from "../registry/contract.ts";
import { customPrefix } from "../registry/storage-prefix.ts";
import { CustomCodec } from "./codec.ts";
import { Conversion } from "./conversion/conversion.ts";
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

/** In upstream's order, which is not that of built-in kinds. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const readWrite = ["get", "patch", "update"];

/** What changes while a definition is served as it is. */
export interface LiveDefinition {
  /** Its objects are being deleted; no more may come. */
  isTerminating(): boolean;
}

/** The definition with the names that were accepted, which may lag behind those asked for. */
export function withAcceptedNames(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { acceptedNames } = definition.status ?? {};
  if (!acceptedNames?.plural || !acceptedNames.kind) return definition;
  return { ...definition, spec: { ...definition.spec, names: acceptedNames } };
}

/** What the server needs to serve each served version of a definition, under the names that were accepted. */
export function describeCustom(
  defined: CustomResourceDefinition,
  inputs: DescriptorInputs,
  live: LiveDefinition,
): ResourceDescriptor[] {
  const definition = withAcceptedNames(defined);
  const { spec } = definition;
  const metadata = inputs.scheme.codec({ group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata" });
  const codecs = new Map(spec.versions.map((version) => [version.name, codecOf(definition, version, metadata)]));
  const storage = spec.versions.find((version) => version.storage) ?? spec.versions[0];
  const storageCodec = codecs.get(storage?.name ?? "");
  if (storage === undefined || storageCodec === undefined) return [];
  const storedIn = [...codecs].flatMap(([version, codec]) =>
    version === storage.name ? [] : [{ gvk: { group: spec.group, version, kind: spec.names.kind }, codec }],
  );
  const ownership = ownershipOf(spec, codecs);
  const conversion = new Conversion(definition, inputs.converterOf?.(definition), codecs, storage.name);
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
        strategy: refusingWhile(live, customStrategy(version, inputs.rulesOf?.(version))),
        storagePrefix: customPrefix(spec.group, spec.names.plural),
        storageCodec,
        storageVersion: { ...gvk, version: storage.name },
        storedIn,
        jsonOnly: true,
        ...(ownership === undefined ? {} : { ownership }),
        ...(version.deprecated === true ? { deprecation: deprecationOf(definition, version) } : {}),
      };
      const direct = version.name === storage.name && onlyStoredIn(definition, storage.name);
      return direct ? base : { ...base, convert: conversion.of(version.name) };
    });
}

/**
 * Who owns what in which version. Fields are told apart by their paths; webhooks are not asked, since owners are looked
 * after within every write.
 */
function ownershipOf(
  { group, versions }: CustomResourceDefinition["spec"],
  codecs: ReadonlyMap<string, KindCodec<KubeObject>>,
): Ownership | undefined {
  const served = versions.filter((version) => version.served);
  if (served.length < 2) return undefined;
  const schemas = new Map(served.map(({ name }) => [`${group}/${name}`, codecs.get(name)?.schema]));
  return {
    apiVersions: [...schemas.keys()],
    to(object, apiVersion) {
      const schema = schemas.get(apiVersion);
      if (schema === undefined) return undefined;
      const isSame = object.apiVersion === undefined || object.apiVersion === apiVersion;
      return { object: isSame ? object : { ...object, apiVersion }, schema };
    },
  };
}

/** No object can be stored in another version, so that what is stored is what is served. */
function onlyStoredIn({ status }: CustomResourceDefinition, storage: string): boolean {
  return (status?.storedVersions ?? []).every((version) => version === storage);
}

/** Upstream: nothing is created any more once a definition terminates. */
function refusingWhile(live: LiveDefinition, strategy: Strategy): Strategy {
  return {
    ...strategy,
    prepareForCreate(object, context) {
      if (live.isTerminating()) {
        const { apiGroup: group, resource } = context.request.info;
        const why = "create not allowed while custom resource definition is terminating";
        throw newForbidden({ group, resource }, object.metadata.name ?? "", why);
      }
      strategy.prepareForCreate?.(object, context);
    },
  };
}

function deprecationOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string {
  const { group, names } = spec;
  const better = spec.versions
    .filter(({ name, served, deprecated }) => served && deprecated !== true && compareVersions(name, version.name) < 0)
    .sort((a, b) => compareVersions(a.name, b.name))[0];
  const instead = better === undefined ? "" : `; use ${group}/${better.name} ${names.kind}`;
  return version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated${instead}`;
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

/** What discovery and OpenAPI say of one version. */
export function factsOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): ResourceFacts {
  const { names } = spec;
  const { status, scale } = version.subresources ?? {};
  const subresources = [
    ...(status === undefined ? [] : [{ name: "status", kind: names.kind, verbs: readWrite }]),
    ...(scale === undefined ? [] : [{ name: "scale", kind: "autoscaling/v1.Scale", verbs: readWrite }]),
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
