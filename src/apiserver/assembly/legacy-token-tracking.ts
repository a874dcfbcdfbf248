import type { ConfigMap } from "../../api/index.ts";
import { type Clock, type Log, messageOf } from "../../base/index.ts";
import { type Client, isAlreadyExists, isConflict, isNotFound, kinds } from "../../client/index.ts";
import { followCache } from "../cacher/follow.ts";
import type { ResourceCache } from "../cacher/resource-cache.ts";
import { dateOf } from "./legacy-tokens.ts";

export interface LegacyTokenTrackingOptions {
  readonly client: Client;
  /** Of config maps. */
  readonly cache: ResourceCache;
  readonly clock: Clock;
  readonly log: Log;
}

const namespace = "kube-system";
const name = "kube-apiserver-legacy-service-account-token-tracking";
/** So that servers of which only some keep it do not fight over it. */
const creationIntervalMs = 30 * 60_000;

/**
 * Keeps the config map that says since when uses of secret-based tokens are noted. Returns when it is there for the
 * first time; goes on until the signal aborts.
 */
export async function trackLegacyTokens(options: LegacyTokenTrackingOptions, signal: AbortSignal): Promise<void> {
  const { client, cache, clock, log } = options;
  const maps = client.resource<ConfigMap>(kinds.configmaps).namespace(namespace);
  const key = `${cache.prefix}${namespace}/${name}`;
  let createdAt = Number.NEGATIVE_INFINITY;
  const create = async (): Promise<void> => {
    const waitMs = createdAt + creationIntervalMs - clock.monotonic();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    if (cache.get(key) !== undefined) return;
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name } };
    await maps.create({ ...object, data: { since: dateOf(clock.now()) } });
    createdAt = clock.monotonic();
  };
  const repair = async (map: ConfigMap): Promise<void> => {
    if (isDate(map.data?.["since"])) return;
    await maps.update({ ...map, data: { ...map.data, since: dateOf(clock.now()) } });
  };
  const settle = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (signal.aborted || isAlreadyExists(error) || isNotFound(error) || isConflict(error)) return;
      log.warn("the start of token tracking could not be noted", { error: messageOf(error) });
    }
  };
  let isThere = false;
  await followCache(
    cache,
    {
      upsert: (entry) => {
        if (entry.key !== key) return;
        isThere = true;
        void settle(repair(entry.object as ConfigMap));
      },
      remove: (entry) => {
        if (entry.key === key && !signal.aborted) void settle(create());
      },
    },
    signal,
  );
  if (!isThere) await settle(create());
}

export function isDate(text: string | undefined): boolean {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && dateOf(time) === text;
}
