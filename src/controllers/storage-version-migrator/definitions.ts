import type { CustomResourceDefinition } from "../../api/index.ts";
import { type Clock } from "../../base/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { type Client, kinds, orNotFound, retryOnConflict } from "../../client/index.ts";
import type { GroupResource } from "./migration.ts";

const fieldManager = "migration-runner-controller";
const type = "StorageMigrating";

/** Tells in the status of a resource's definition, if it has one, that its objects are on their way. */
export class DefinitionMarks {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  begin(resource: GroupResource, migration: string): Promise<void> {
    const message = `Migration ${migration} is running`;
    return this.#apply(resource, () => ({ status: "True", reason: "MigrationRunning", message }));
  }

  /** After success no other versions are stored, unless the definition has changed meanwhile. */
  end(resource: GroupResource, isSuccess: boolean): Promise<void> {
    return this.#apply(resource, (definition) => {
      const { generation } = definition.metadata;
      const begun = definition.status?.conditions?.find((one) => one.type === type);
      const isSame = begun !== undefined && begun.observedGeneration === generation;
      const stored = definition.spec.versions.find(({ storage }) => storage)?.name;
      const storedVersions = isSame && stored !== undefined ? { storedVersions: [stored] } : {};
      if (!isSuccess)
        return { status: "False", reason: "MigrationFailed", message: "The migration has failed", ...storedVersions };
      const versions = isSame
        ? "and the stored versions have been updated"
        : "but the stored versions have not been updated due to a generation mismatch";
      const message = `The migration has succeeded ${versions}`;
      return { status: "False", reason: "MigrationSucceeded", message, ...storedVersions };
    });
  }

  async #apply({ group = "", resource }: GroupResource, markOf: (definition: CustomResourceDefinition) => Mark) {
    const definitions = this.#client.resource<CustomResourceDefinition>(kinds.customresourcedefinitions);
    const name = `${resource}.${group}`;
    await retryOnConflict({ clock: this.#clock }, async () => {
      const definition = await orNotFound(definitions.get(name));
      if (definition === undefined) return;
      const { storedVersions, ...mark } = markOf(definition);
      const { generation: observedGeneration, resourceVersion } = definition.metadata;
      const lastTransitionTime = formatTime(this.#clock.now());
      const conditions = [{ type, ...mark, lastTransitionTime, observedGeneration }];
      const body = {
        apiVersion: kinds.customresourcedefinitions.apiVersion,
        kind: kinds.customresourcedefinitions.kind,
        metadata: { name, resourceVersion },
        status: { conditions, ...(storedVersions === undefined ? {} : { storedVersions }) },
      };
      await definitions.patch(name, { type: "apply", body }, { subresource: "status", fieldManager, force: true });
    });
  }
}

interface Mark {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly storedVersions?: readonly string[];
}
