import type { Namespace } from "../../api/index.ts";
import { informerOf, isAlreadyExists, isNamespaceTerminating, isNotFound, keyOf, kinds } from "../../client/index.ts";
import { Controller, type ControllerContext, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const accountName = "default";

/** Every namespace has a service account named `default`. */
export const serviceAccountController: ControllerDescriptor = {
  name: "serviceaccount-controller",
  serviceAccount: "service-account-controller",
  create(context) {
    const namespaces = informerOf(context.informers, kinds.namespaces);
    const accounts = informerOf(context.informers, kinds.serviceaccounts);
    const { clock, log, metrics } = context;
    const reconcile = (key: Key): Promise<void> => {
      const namespace = namespaces.lister.get(key);
      const missing =
        namespace !== undefined && isActive(namespace) && accounts.lister.get(`${key}/${accountName}`) === undefined;
      return missing ? createAccount(context, key) : Promise.resolve();
    };
    return new Controller({
      name: "serviceaccount-controller",
      clock,
      log,
      metrics,
      workers: 1,
      reconciler: { reconcile },
    })
      .watch(namespaces, (namespace) => [keyOf(namespace)])
      .watch(accounts, (account) => [account.metadata.namespace ?? ""], {
        predicate: {
          added: () => false,
          updated: () => false,
          deleted: (account) => account.metadata.name === accountName,
        },
      });
  },
};

function isActive(namespace: Namespace): boolean {
  return namespace.metadata.deletionTimestamp === undefined && namespace.status?.phase !== "Terminating";
}

async function createAccount({ client }: ControllerContext, namespace: string): Promise<void> {
  try {
    await client
      .resource(kinds.serviceaccounts)
      .namespace(namespace)
      .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: accountName, namespace } });
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
}
