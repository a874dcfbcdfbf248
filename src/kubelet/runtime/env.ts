import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from "../types.ts";
import { type DownwardFacts, fieldValue, resourceValue } from "./downward.ts";
import { expand } from "./expand.ts";
import { serviceEnv } from "./service-env.ts";

/** Where referenced objects come from. Both reject with the API server's error when the object cannot be had. */
export interface ReferencedObjects {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
}

export interface EnvInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly services: Iterable<Service>;
  readonly facts: DownwardFacts;
  readonly objects: ReferencedObjects;
  /** Whether an error means that the object is not there. */
  readonly isNotFound: (error: unknown) => boolean;
}

/** The environment of a container, later entries having won. Rejects with upstream's message when something is missing. */
export async function environment(input: EnvInput): Promise<Map<string, string>> {
  const { pod, container } = input;
  const namespace = pod.metadata.namespace ?? "";
  const services = serviceEnv(input.services, namespace, pod.spec?.enableServiceLinks ?? true);
  const env = new Map<string, string>();
  for (const source of container.envFrom ?? []) await addSource(input, source, namespace, env);
  const lookup = (name: string): string | undefined => env.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    const value = await valueOf(input, variable, namespace, lookup);
    if (value !== undefined) env.set(variable.name, value);
  }
  for (const [name, value] of services) if (!env.has(name)) env.set(name, value);
  return env;
}

type EnvFrom = NonNullable<Container["envFrom"]>[number];

async function addSource(input: EnvInput, source: EnvFrom, namespace: string, env: Map<string, string>): Promise<void> {
  const prefix = source.prefix ?? "";
  if (source.configMapRef !== undefined) {
    const found = await optionally(input, source.configMapRef.optional, () =>
      input.objects.configMap(namespace, source.configMapRef?.name ?? ""),
    );
    for (const [key, value] of sorted(found?.data)) env.set(prefix + key, value);
  }
  if (source.secretRef !== undefined) {
    const found = await optionally(input, source.secretRef.optional, () =>
      input.objects.secret(namespace, source.secretRef?.name ?? ""),
    );
    for (const [key, value] of sorted(found?.data)) env.set(prefix + key, fromBase64(value));
  }
}

async function valueOf(
  input: EnvInput,
  variable: EnvVar,
  namespace: string,
  lookup: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom;
  if (variable.value) return expand(variable.value, lookup);
  if (from === undefined || from === null) return variable.value ?? "";
  if (from.fieldRef) return fieldValue(input.pod, from.fieldRef.fieldPath, input.facts);
  if (from.resourceFieldRef) {
    const name = from.resourceFieldRef.containerName;
    return resourceValue(containerNamed(input, name), from.resourceFieldRef, input.facts);
  }
  if (from.configMapKeyRef) {
    const { name = "", key, optional } = from.configMapKeyRef;
    const found = await optionally(input, optional, () => input.objects.configMap(namespace, name));
    return keyOf(
      found?.data?.[key],
      found !== undefined,
      optional,
      `couldn't find key ${key} in ConfigMap ${namespace}/${name}`,
    );
  }
  if (from.secretKeyRef) {
    const { name = "", key, optional } = from.secretKeyRef;
    const found = await optionally(input, optional, () => input.objects.secret(namespace, name));
    const value = keyOf(
      found?.data?.[key],
      found !== undefined,
      optional,
      `couldn't find key ${key} in Secret ${namespace}/${name}`,
    );
    return value === undefined ? undefined : fromBase64(value);
  }
  return "";
}

function keyOf(
  value: string | undefined,
  found: boolean,
  optional: boolean | undefined,
  missing: string,
): string | undefined {
  if (value === undefined && found && optional !== true) throw new Error(missing);
  return value;
}

function containerNamed({ pod, container }: EnvInput, name: string | undefined): Container {
  if (!name) return container;
  const all: readonly Container[] = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return all.find((candidate) => candidate.name === name) ?? container;
}

async function optionally<T>(
  input: EnvInput,
  optional: boolean | undefined,
  get: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (optional === true && input.isNotFound(error)) return undefined;
    throw error;
  }
}

function sorted(data: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
