import type { FlowSchema, FlowSchemaCondition, PriorityLevelConfiguration } from "../../api/index.ts";
import { type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { type Clock, type Log, messageOf } from "../../base/index.ts";
import type { Client, ResourceClient } from "../../client/index.ts";
import { followCache } from "../cacher/follow.ts";
import type { ApiServer } from "../server.ts";
import { autoUpdateAnnotation, mandatory, suggested } from "./bootstrap.ts";
import type { Fairness } from "./fairness.ts";

const group = "flowcontrol.apiserver.k8s.io";
const reconcileIntervalMs = 60_000;
const reconcileSoonMs = 2_000;
/** Upstream: `borrowingAdjustmentPeriod`. */
const adjustIntervalMs = 10_000;

export interface FairnessConfigurationOptions {
  readonly fairness: Fairness;
  readonly clock: Clock;
  readonly log: Log;
}

type Configured = KubeObject & { readonly spec: unknown };

/** Keeps the bootstrap objects as they must be, tells the fairness of changes, and writes conditions. */
export class FairnessConfiguration {
  readonly #options: FairnessConfigurationOptions;
  readonly #levels = new Map<string, PriorityLevelConfiguration>();
  readonly #schemas = new Map<string, FlowSchema>();
  #stale = false;

  constructor(options: FairnessConfigurationOptions) {
    this.#options = options;
  }

  /** Returns when the configuration is in force; goes on until the signal aborts. */
  async start(server: ApiServer, client: Client, signal: AbortSignal): Promise<void> {
    await this.#follow(server, signal);
    await this.#reconcile(client);
    void this.#repeat(client, signal);
    void this.#adjust(signal);
  }

  /** Lends idle seats and takes them back. */
  async #adjust(signal: AbortSignal): Promise<void> {
    const { clock, fairness } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(adjustIntervalMs, signal).catch(() => undefined);
      if (!signal.aborted) fairness.adjust();
    }
  }

  async #follow(server: ApiServer, signal: AbortSignal): Promise<void> {
    const follow = (resource: string, objects: Map<string, unknown>) => {
      const cache = server.catalog.table.get(group, "v1", resource)?.registry.cache;
      if (cache === undefined) return Promise.resolve();
      const changed = {
        upsert: (entry: { name: string; object: KubeObject }) => {
          const before = objects.get(entry.name) as KubeObject | undefined;
          objects.set(entry.name, entry.object);
          // Conditions and managed fields change nothing.
          const { generation, uid } = entry.object.metadata;
          if (before?.metadata.generation !== generation || before?.metadata.uid !== uid) this.#apply();
        },
        remove: (entry: { name: string }) => {
          objects.delete(entry.name);
          this.#apply();
        },
      };
      return followCache(cache, changed, signal);
    };
    await follow("prioritylevelconfigurations", this.#levels);
    await follow("flowschemas", this.#schemas);
  }

  /** Once for all changes that come together. */
  #apply(): void {
    if (this.#stale) return;
    this.#stale = true;
    queueMicrotask(() => {
      this.#stale = false;
      this.#options.fairness.configure([...this.#levels.values()], [...this.#schemas.values()]);
    });
  }

  async #repeat(client: Client, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    // Soon once more: several servers that start together are in each other's way.
    for (let waitMs = reconcileSoonMs; !signal.aborted; waitMs = reconcileIntervalMs) {
      await clock.sleep(waitMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#reconcile(client).catch((error: unknown) =>
        log.warn("priority and fairness objects could not be reconciled", { error: messageOf(error) }),
      );
    }
  }

  async #reconcile(client: Client): Promise<void> {
    const levels = client.resource<Configured>({ group, version: "v1", resource: "prioritylevelconfigurations" });
    const schemas = client.resource<Configured>({ group, version: "v1", resource: "flowschemas" });
    await ensure(levels, this.#levels, suggested.levels, wantsUpdates);
    await ensure(schemas, this.#schemas, suggested.schemas, wantsUpdates);
    await ensure(levels, this.#levels, mandatory.levels, () => true);
    await ensure(schemas, this.#schemas, mandatory.schemas, () => true);
    await removeUnwanted(schemas, this.#schemas, [...mandatory.schemas, ...suggested.schemas]);
    await removeUnwanted(levels, this.#levels, [...mandatory.levels, ...suggested.levels]);
    await Promise.all([...this.#schemas.values()].map((schema) => this.#writeCondition(schemas, schema)));
  }

  /** Whether the level of a schema exists. */
  async #writeCondition(resource: ResourceClient<Configured>, schema: FlowSchema): Promise<void> {
    const { name } = schema.spec.priorityLevelConfiguration;
    const found = this.#levels.has(name);
    const text = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
    const condition: FlowSchemaCondition = {
      type: "Dangling",
      status: found ? "False" : "True",
      lastTransitionTime: new Date(Math.floor(this.#options.clock.now() / 1000) * 1000)
        .toISOString()
        .replace(".000", ""),
      reason: found ? "Found" : "NotFound",
      message: found ? `${text} and it exists` : `${text} but there is no such object`,
    };
    const current = schema.status?.conditions?.find(({ type }) => type === "Dangling");
    if (current?.status === condition.status && current?.message === condition.message) return;
    const { apiVersion, kind } = statusType;
    const body = { apiVersion, kind, metadata: { name: schema.metadata.name }, status: { conditions: [condition] } };
    const options = { fieldManager: consumer, force: true, subresource: "status" };
    await unlessBeaten(resource.patch(schema.metadata.name ?? "", { type: "apply", body }, options));
  }
}

const statusType = { apiVersion: `${group}/v1`, kind: "FlowSchema" };
/** Upstream's names of who writes conditions, and of who writes the rest. */
const consumer = "api-priority-and-fairness-config-consumer-v1";
const producer = { fieldManager: "api-priority-and-fairness-config-producer-v1" };

async function ensure(
  resource: ResourceClient<Configured>,
  present: ReadonlyMap<string, FlowSchema | PriorityLevelConfiguration>,
  wanted: readonly (FlowSchema | PriorityLevelConfiguration)[],
  mayUpdate: (object: FlowSchema | PriorityLevelConfiguration) => boolean,
): Promise<void> {
  await Promise.all(
    wanted.map(async (object) => {
      const found = present.get(object.metadata.name ?? "");
      if (found === undefined) return unlessBeaten(resource.create(object as Configured, producer));
      const updates = mayUpdate(found);
      const annotated = saysUpdates(found) === updates;
      const changed = updates && !covers(found.spec, object.spec);
      if (annotated && !changed) return;
      const annotations = { ...found.metadata.annotations, [autoUpdateAnnotation]: String(updates) };
      const metadata = annotated ? found.metadata : { ...found.metadata, annotations };
      const spec = changed ? object.spec : found.spec;
      await unlessBeaten(resource.update({ ...found, metadata, spec } as Configured, producer));
    }),
  );
}

/** Those that earlier releases started with, unless somebody has made them their own. */
async function removeUnwanted(
  resource: ResourceClient<Configured>,
  present: ReadonlyMap<string, FlowSchema | PriorityLevelConfiguration>,
  wanted: readonly (FlowSchema | PriorityLevelConfiguration)[],
): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  const unwanted = [...present.values()].filter((object) => !names.has(object.metadata.name) && saysUpdates(object));
  await Promise.all(
    unwanted.map(({ metadata: { name = "", uid = "", resourceVersion = "" } }) =>
      unlessBeaten(resource.delete(name, { preconditions: { uid, resourceVersion } })),
    ),
  );
}

/** By its annotation; without one, an object that nobody has changed. */
function wantsUpdates(object: FlowSchema | PriorityLevelConfiguration): boolean {
  return saysUpdates(object) ?? object.metadata.generation === 1;
}

/** What the annotation says, if that is something. */
function saysUpdates({ metadata }: FlowSchema | PriorityLevelConfiguration): boolean | undefined {
  const said = metadata.annotations?.[autoUpdateAnnotation] ?? "";
  if (/^(1|t|T|TRUE|true|True)$/.test(said)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(said) ? false : undefined;
}

/** Another API server of the cluster does the same. */
async function unlessBeaten(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof StatusError && (error.code === 409 || error.code === 404))) throw error;
  }
}

/** Everything wanted is there; defaults may be there beside it. */
function covers(present: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return present === wanted;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(present) &&
      present.length === wanted.length &&
      wanted.every((item, index) => covers(present[index], item))
    );
  }
  if (typeof present !== "object" || present === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers((present as Record<string, unknown>)[key], value));
}
