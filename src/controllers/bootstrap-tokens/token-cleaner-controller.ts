import type { Secret } from "../../api/index.ts";
import { informerOf, keyOf, kinds, orNotFound } from "../../client/index.ts";
import { Controller, type Key, type Result } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { expiresAtMs, tokenNamespace, tokenType } from "./tokens.ts";

const name = "token-cleaner-controller";

/** Deletes bootstrap tokens that have ended. */
export const tokenCleanerController: ControllerDescriptor = {
  name,
  disabledByDefault: true,
  serviceAccount: "token-cleaner",
  create({ client, clock, informers, log, metrics }) {
    const secrets = informerOf(informers, kinds.secrets);
    const reconcile = async (key: Key): Promise<Result | undefined> => {
      const secret = secrets.lister.get(key);
      const expires = secret === undefined ? undefined : expiresAtMs(secret);
      if (secret === undefined || expires === undefined) return undefined;
      const leftMs = expires - clock.now();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      const { name: secretName = "", uid } = secret.metadata;
      await orNotFound(
        client.resource<Secret>(kinds.secrets).namespace(tokenNamespace).delete(secretName, { preconditions: { uid } }),
      );
      return undefined;
    };
    return new Controller({ name, clock, log, metrics, workers: 1, reconciler: { reconcile } }).watch(
      secrets,
      (secret) => (secret.type === tokenType && secret.metadata.namespace === tokenNamespace ? [keyOf(secret)] : []),
    );
  },
};
