import { type DownwardFacts, fieldValue, resourceValue } from "../runtime/downward.ts";
import type { ConfigMap, Container, KeyToPath, Pod, Secret, Volume } from "../types.ts";

export interface PayloadFile {
  readonly data: Uint8Array;
  readonly mode: number;
}

/** Files of a volume by relative path. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface PayloadSources {
  configMap(name: string): Promise<ConfigMap>;
  secret(name: string): Promise<Secret>;
  token(request: TokenRequest): Promise<string>;
  readonly isNotFound: (error: unknown) => boolean;
  readonly facts: DownwardFacts;
}

export interface TokenRequest {
  readonly audience: string;
  readonly expirationSeconds: number;
}

const defaultFileMode = 0o644;
const defaultTokenSeconds = 3600;

/** The files of a configMap, secret, downwardAPI or projected volume; `undefined` for other kinds. */
export async function payloadOf(pod: Pod, volume: Volume, sources: PayloadSources): Promise<Payload | undefined> {
  if (volume.configMap) return configMapPayload(volume.configMap, volume.configMap.defaultMode, sources);
  if (volume.secret) {
    const { secretName: name, items, optional, defaultMode } = volume.secret;
    return secretPayload({ name, items, optional }, defaultMode, sources);
  }
  if (volume.downwardAPI)
    return downwardPayload(pod, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode, sources);
  if (volume.projected) return projectedPayload(pod, volume.projected, sources);
  return undefined;
}

interface KeyedSource {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

async function configMapPayload(
  source: KeyedSource,
  mode: number | undefined,
  sources: PayloadSources,
): Promise<Payload> {
  const found = await optionally(source, sources, () => sources.configMap(source.name ?? ""));
  const entries = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(found?.data ?? {})) entries.set(key, Buffer.from(text, "utf8"));
  for (const [key, text] of Object.entries(found?.binaryData ?? {})) entries.set(key, Buffer.from(text, "base64"));
  return pick(entries, source, mode, found !== undefined, "config");
}

async function secretPayload(source: KeyedSource, mode: number | undefined, sources: PayloadSources): Promise<Payload> {
  const found = await optionally(source, sources, () => sources.secret(source.name ?? ""));
  const entries = new Map(Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64")]));
  return pick(entries, source, mode, found !== undefined, "secret");
}

async function optionally<T>(
  source: KeyedSource,
  sources: PayloadSources,
  get: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (source.optional === true && sources.isNotFound(error)) return undefined;
    throw error;
  }
}

function pick(
  entries: ReadonlyMap<string, Uint8Array>,
  source: KeyedSource,
  defaultMode: number | undefined,
  found: boolean,
  what: string,
): Payload {
  const mode = defaultMode ?? defaultFileMode;
  if (source.items === undefined || source.items.length === 0) {
    return new Map([...entries].map(([key, data]) => [key, { data, mode }]));
  }
  const payload = new Map<string, PayloadFile>();
  for (const item of source.items) {
    const data = entries.get(item.key);
    if (data !== undefined) payload.set(item.path, { data, mode: item.mode ?? mode });
    else if (found && source.optional !== true) throw new Error(`references non-existent ${what} key: ${item.key}`);
  }
  return payload;
}

type DownwardItem = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function downwardPayload(
  pod: Pod,
  items: readonly DownwardItem[],
  defaultMode: number | undefined,
  sources: PayloadSources,
): Payload {
  const payload = new Map<string, PayloadFile>();
  for (const item of items) {
    const text = item.fieldRef
      ? fieldValue(pod, item.fieldRef.fieldPath, sources.facts)
      : resourceValue(
          containerNamed(pod, item.resourceFieldRef?.containerName),
          item.resourceFieldRef ?? { resource: "" },
          sources.facts,
        );
    payload.set(item.path, { data: Buffer.from(text, "utf8"), mode: item.mode ?? defaultMode ?? defaultFileMode });
  }
  return payload;
}

function containerNamed(pod: Pod, name: string | undefined): Container {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const found = all.find((container) => container.name === name);
  if (found === undefined) throw new Error(`couldn't find container "${name}"`);
  return found;
}

async function projectedPayload(
  pod: Pod,
  projected: NonNullable<Volume["projected"]>,
  sources: PayloadSources,
): Promise<Payload> {
  const mode = projected.defaultMode;
  const merged = new Map<string, PayloadFile>();
  for (const source of projected.sources ?? []) {
    const part = await projectedPart(pod, source, mode, sources);
    for (const [path, file] of part) merged.set(path, file);
  }
  return merged;
}

type Projection = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number];

async function projectedPart(
  pod: Pod,
  source: Projection,
  mode: number | undefined,
  sources: PayloadSources,
): Promise<Payload> {
  if (source.configMap) return configMapPayload(source.configMap, mode, sources);
  if (source.secret) return secretPayload(source.secret, mode, sources);
  if (source.downwardAPI) return downwardPayload(pod, source.downwardAPI.items ?? [], mode, sources);
  if (!source.serviceAccountToken) return new Map();
  const { audience = "", expirationSeconds = defaultTokenSeconds, path } = source.serviceAccountToken;
  const token = await sources.token({ audience, expirationSeconds });
  return new Map([[path, { data: Buffer.from(token, "utf8"), mode: tokenMode(pod, mode) }]]);
}

/** Tokens are for the pod's own user where it is one user, and for its group where there is one. */
function tokenMode(pod: Pod, mode: number | undefined): number {
  if (pod.spec?.securityContext?.fsGroup !== undefined) return 0o600;
  return commonUser(pod) === undefined ? (mode ?? defaultFileMode) : 0o600;
}

/** The user that all containers of the pod run as, if it is one. */
export function commonUser(pod: Pod): number | undefined {
  const shared = pod.spec?.securityContext?.runAsUser;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const users = new Set(all.map((container) => container.securityContext?.runAsUser ?? shared));
  const [user] = users;
  return users.size === 1 ? user : undefined;
}
