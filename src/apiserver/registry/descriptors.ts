import type { Scheme, ServedResource as SchemeResource } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import type { Ownership, ResourceDescriptor, Strategy } from "./contract.ts";
import { fallbackStrategy } from "./fallback-strategy.ts";
import { builtInPrefix } from "./storage-prefix.ts";

export type StrategyTable = ReadonlyMap<string, Strategy>;

/** Turns objects of one version into another of the same resource; a new object. */
export interface Converter {
  convert(object: KubeObject, from: string, to: string): KubeObject;
}

/** What the server needs to know of one built-in resource: facts, codec, strategy, and where it is stored. */
export function describeBuiltIn(
  scheme: Scheme,
  resource: SchemeResource,
  strategies: StrategyTable,
  converters: ReadonlyMap<string, Converter>,
): ResourceDescriptor {
  const { group, version, facts, kind } = resource;
  const codec = lazyCodec(() => scheme.codec<KubeObject>(kind));
  const home = scheme.storageVersion(group, facts.name);
  const storageVersion = { ...home, kind: kind.kind };
  const same = home.group === group && home.version === version;
  const storageCodec = same ? codec : lazyCodec(() => scheme.codec<KubeObject>(storageVersion));
  const strategy =
    strategies.get(`${group}/${version}/${facts.name}`) ??
    strategies.get(`${group}/${facts.name}`) ??
    fallbackStrategy(facts, codec);
  const deprecation = deprecations[`${apiVersionOf(kind)} ${kind.kind}`];
  const ownership = ownershipOf(scheme, resource, converters.get(kind.kind));
  const base = {
    group,
    version,
    facts,
    gvk: kind,
    codec,
    strategy,
    storagePrefix: builtInPrefix(home.group, facts.name),
    storageCodec,
    storageVersion,
    ...(deprecation === undefined ? {} : { deprecation }),
    ...(ownership === undefined ? {} : { ownership }),
  };
  return same
    ? base
    : { ...base, convert: conversion(converters.get(kind.kind), apiVersionOf(kind), apiVersionOf(storageVersion)) };
}

/** Upstream: `APILifecycleDeprecated` of what v1.36 serves by default. */
const deprecations: Readonly<Record<string, string>> = {
  "v1 ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
  "v1 Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

function conversion(
  converter: Converter | undefined,
  served: string,
  stored: string,
): NonNullable<ResourceDescriptor["convert"]> {
  const convert = converter?.convert ?? renamed;
  return {
    toStorage: (object) => convert(object, served, stored),
    fromStorage: (objects) => objects.map((object) => convert(object, stored, served)),
  };
}

/** Between all versions of its group that serve a resource. */
function ownershipOf(
  scheme: Scheme,
  { group, facts, kind }: SchemeResource,
  converter: Converter | undefined,
): Ownership | undefined {
  const versions = scheme.groupVersions().flatMap((one) => {
    const served = one.group === group ? scheme.resource(group, one.version, facts.name) : undefined;
    return served?.kind.kind === kind.kind ? [served.kind] : [];
  });
  if (versions.length < 2) return undefined;
  const kinds = new Map(versions.map((version) => [apiVersionOf(version), version]));
  const convert = converter?.convert ?? renamed;
  return {
    apiVersions: [...kinds.keys()],
    to(object, apiVersion) {
      const target = kinds.get(apiVersion);
      if (target === undefined) return undefined;
      const { schema } = scheme.codec(target);
      const isSame = object.apiVersion === undefined || object.apiVersion === apiVersion;
      return { object: isSame ? object : convert(object, object.apiVersion ?? apiVersion, apiVersion), schema };
    },
  };
}

/** Where two versions have the same fields only the version's name changes. */
function renamed(object: KubeObject, _from: string, to: string): KubeObject {
  return { ...structuredClone(object), apiVersion: to };
}

/** Compiles at first use, so that a server starts without compiling what nobody asks for. */
function lazyCodec<T>(make: () => ResourceDescriptor["codec"]): ResourceDescriptor["codec"] & T {
  let made: ResourceDescriptor["codec"] | undefined;
  const codec = (): ResourceDescriptor["codec"] => {
    made ??= make();
    return made;
  };
  const lazy: ResourceDescriptor["codec"] = {
    get schema() {
      return codec().schema;
    },
    decode: (json, options) => codec().decode(json, options),
    decodeValue: (value, options) => codec().decodeValue(value, options),
    normalize: (object) => codec().normalize(object),
    applyDefaults: (object) => codec().applyDefaults(object),
    encode: (object) => codec().encode(object),
    encodeProtobuf: (object) => codec().encodeProtobuf(object),
    decodeProtobuf: (bytes) => codec().decodeProtobuf(bytes),
  };
  return lazy as ResourceDescriptor["codec"] & T;
}
