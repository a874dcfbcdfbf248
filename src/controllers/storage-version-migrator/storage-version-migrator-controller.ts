import { formatTime, type KubeObject, StatusError } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  discover,
  type DiscoveredResource,
  type Informer,
  isConflict,
  isNotFound,
  preferredResources,
} from "../../client/index.ts";
import { Controller, type ControllerContext, type Key, timeOf } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { DefinitionMarks } from "./definitions.ts";
import {
  closed,
  isDone,
  isNewer,
  isRunning,
  type MigrationCondition,
  migrations,
  queueStep,
  resourceKey,
  type StorageVersionMigration,
  withMark,
} from "./migration.ts";

const name = "storage-version-migrator-controller";
/** A resource may be so new that discovery does not show it yet. */
const discoveryMs = 60_000;
const pageSize = 500;
const neededVerbs = ["update", "patch", "list"];

const reasons: Readonly<Record<MigrationCondition, string>> = {
  Running: "MigrationRunning",
  Succeeded: "StorageVersionMigrationSucceeded",
  Failed: "StorageVersionMigrationFailed",
};

/** Has every object of a resource written anew, so that all are stored in the version that is stored today. */
export const storageVersionMigratorController: ControllerDescriptor = {
  name,
  featureGates: ["StorageVersionMigrator"],
  create: (context) => new StorageVersionMigrator(context).controller,
};

/** It will be no better when it is tried again. */
class FinalError extends Error {}

class StorageVersionMigrator {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #migrations: Informer<StorageVersionMigration>;
  readonly #definitions: DefinitionMarks;

  constructor(context: ControllerContext) {
    const { client, clock, informers, log, metrics } = context;
    this.#context = context;
    this.#definitions = new DefinitionMarks(client, clock);
    this.#migrations = informers.informer<StorageVersionMigration>(migrations, {
      indexes: { resource: ({ spec }) => [resourceKey(spec.resource)] },
    });
    const reconciler = { reconcile: (key: Key, signal: AbortSignal) => this.#reconcile(key, signal) };
    this.controller = new Controller({ name, clock, log, metrics, reconciler }).watch(this.#migrations, (one) => [
      `queue:${resourceKey(one.spec.resource)}`,
      `migration:${one.metadata.name ?? ""}`,
    ]);
  }

  async #reconcile(key: Key, signal: AbortSignal): Promise<void> {
    const at = key.indexOf(":");
    const rest = key.slice(at + 1);
    if (key.slice(0, at) === "queue") return this.#queue(rest);
    const migration = this.#migrations.lister.get(rest);
    if (migration === undefined || isDone(migration) || !isRunning(migration)) return;
    const work =
      migration.status?.resourceVersion === undefined ? this.#begin(migration) : this.#migrate(migration, signal);
    await work.catch(async (error: unknown) => {
      if (!(error instanceof FinalError)) throw error;
      await this.#mark(migration, "Failed", error.message);
    });
  }

  /** Migrations of one resource run one after the other. */
  async #queue(resource: string): Promise<void> {
    const { closing, next } = queueStep([...this.#migrations.lister.byIndex("resource", resource)]);
    for (const migration of closing) {
      const isSuccess = migration.status?.conditions?.some(
        ({ type, status }) => type === "Succeeded" && status === "True",
      );
      await this.#definitions.end(migration.spec.resource, isSuccess === true);
      await this.#api.updateStatus(closed(migration, this.#time));
    }
    if (next === undefined) return;
    await this.#definitions.begin(next.spec.resource, next.metadata.name ?? "");
    await this.#mark(next, "Running", "The migration is running");
  }

  /** Objects written after this version of the store need no migration. */
  async #begin(migration: StorageVersionMigration): Promise<void> {
    const resource = await this.#resourceOf(migration, "resource does not exist in discovery");
    if (!neededVerbs.every((verb) => resource.verbs.includes(verb))) {
      const { group, version } = resource;
      const named = `${group}/${version}, Resource=${resource.resource}`;
      throw new FinalError(`resource "${named}" does not support discovery operations: [${neededVerbs.join(" ")}]`);
    }
    const { metadata } = await this.#context.client.resource(resource).list({ limit: 1 });
    const { resourceVersion = "" } = metadata;
    if (!/^\d+$/.test(resourceVersion))
      throw new FinalError(`latest resourceVersion for ${resourceKey(migration.spec.resource)} is not valid`);
    await this.#api.updateStatus({ ...migration, status: { ...migration.status, resourceVersion } });
  }

  async #migrate(migration: StorageVersionMigration, signal: AbortSignal): Promise<void> {
    const { resourceVersion: until = "" } = migration.status ?? {};
    const resource = await this.#resourceOf(migration, unhandled("unable to obtain GVR from discovery"));
    const all = this.#context.client.resource<KubeObject>(resource);
    for (let token: string | undefined = ""; token !== undefined; ) {
      const { items, metadata } = await all.list({
        limit: pageSize,
        signal,
        ...(token === "" ? {} : { continue: token }),
      });
      for (const object of items) {
        if (!isNewer(object.metadata.resourceVersion, until)) await this.#rewrite(resource, object, signal);
      }
      token = (metadata.continue ?? "") === "" ? undefined : metadata.continue;
    }
    await this.#mark(migration, "Succeeded", "");
  }

  /** An apply of nothing: the server stores the object again. The version in it keeps what was deleted from coming back. */
  async #rewrite(resource: DiscoveredResource, { metadata }: KubeObject, signal: AbortSignal): Promise<void> {
    const { group, version, kind } = resource;
    const { namespace, name: objectName = "", uid, resourceVersion } = metadata;
    const apiVersion = group === "" ? version : `${group}/${version}`;
    const body = { apiVersion, kind, metadata: { uid, resourceVersion } };
    const objects = this.#context.client.resource(resource).namespace(namespace ?? "");
    try {
      await objects.patch(objectName, { type: "apply", body }, { fieldManager: name, signal });
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return;
      throw isLasting(error) ? new FinalError(unhandled(messageOf(error))) : error;
    }
  }

  async #resourceOf(migration: StorageVersionMigration, missing: string): Promise<DiscoveredResource> {
    const { group = "", resource } = migration.spec.resource;
    const { resources } = await discover(this.#context.client);
    const found = preferredResources(resources).find((one) => one.group === group && one.resource === resource);
    if (found !== undefined) return found;
    const age = this.#context.clock.now() - (timeOf(migration.metadata.creationTimestamp) ?? 0);
    throw age < discoveryMs ? new Error("the resource is not in discovery yet") : new FinalError(missing);
  }

  async #mark(migration: StorageVersionMigration, type: MigrationCondition, message: string): Promise<void> {
    const mark = { type, reason: reasons[type], message, lastTransitionTime: this.#time };
    await this.#api.updateStatus(withMark(migration, mark));
  }

  get #api() {
    return this.#context.client.resource<StorageVersionMigration>(migrations);
  }

  get #time(): string {
    return formatTime(this.#context.clock.now());
  }
}

function unhandled(why: string): string {
  return `migration encountered unhandled error: ${why}`;
}

const passing: ReadonlySet<string> = new Set([
  "ServerTimeout",
  "TooManyRequests",
  "ServiceUnavailable",
  "InternalError",
  "Timeout",
]);

/** Whether the server would say the same again. */
function isLasting(error: unknown): boolean {
  return error instanceof StatusError && !passing.has(error.reason);
}
