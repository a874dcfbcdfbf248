import type { Secret, ServiceAccount } from "../../api/index.ts";
import {
  informerOf,
  type Informer,
  isConflict,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
  retryOnConflict,
} from "../../client/index.ts";
import { Controller, type ControllerContext, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { type LegacyTokenSigner, legacyTokenSigner } from "./legacy-token.ts";
import { accountOf, filled, isTokenOf, tokenType } from "./step.ts";

const name = "serviceaccount-token-controller";
const retriesMax = 10;

/** Fills secrets that are to hold a service account's token, and removes them with their account. */
export const serviceAccountTokenController: ControllerDescriptor = {
  name,
  // It makes the credentials of others, so it has none of its own.
  serviceAccount: "",
  always: true,
  create(context, { serviceAccountKey, rootCa }) {
    if (serviceAccountKey === undefined) return undefined;
    const signer = legacyTokenSigner(serviceAccountKey);
    return new TokenController(context, { signer, rootCa }).controller;
  },
};

interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface TokenParts {
  readonly signer: LegacyTokenSigner;
  readonly rootCa: string | undefined;
}

class TokenController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #parts: TokenParts;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #secrets: Informer<Secret>;

  constructor(context: ControllerContext, parts: TokenParts) {
    const { clock, informers, log, metrics } = context;
    this.#context = context;
    this.#parts = parts;
    this.#accounts = informerOf(informers, kinds.serviceaccounts);
    this.#secrets = informerOf(informers, kinds.secrets, { fieldSelector: `type=${tokenType}` });
    const reconciler = { reconcile: (key: Key) => this.#reconcile(key) };
    this.controller = new Controller({ name, clock, log, metrics, reconciler, retriesMax });
    this.controller.waitFor(this.#accounts, this.#secrets);
    this.#accounts.addHandler({ onDelete: (account) => this.controller.enqueue(accountKey(account)) });
    const secret = (object: Secret): void => {
      if (object.type === tokenType && accountOf(object).name !== "") this.controller.enqueue(secretKey(object));
    };
    this.#secrets.addHandler({ onAdd: secret, onUpdate: (_previous, object) => secret(object), onDelete: secret });
  }

  #reconcile(key: Key): Promise<void> {
    const [kind = "", namespace = "", objectName = "", uid = "", accountName = "", accountUid = ""] = key.split("/");
    const object = { namespace, name: objectName, uid };
    if (kind === "account") return this.#syncAccount(object);
    return this.#syncSecret(object, { namespace, name: accountName, uid: accountUid });
  }

  async #syncAccount(account: Named): Promise<void> {
    const known = this.#accounts.lister.get(`${account.namespace}/${account.name}`);
    if (known?.metadata.uid === account.uid) return;
    for (const secret of [...this.#secrets.lister.listNamespace(account.namespace)]) {
      if (isTokenOf(secret, account)) await this.#delete(secret);
    }
  }

  async #syncSecret(wanted: Named, wantedAccount: Named): Promise<void> {
    const secret = this.#secrets.lister.get(`${wanted.namespace}/${wanted.name}`);
    const isThere = secret !== undefined && secret.metadata.uid === wanted.uid;
    const account = this.#known(wantedAccount) ?? (isThere ? await this.#live(wantedAccount) : undefined);
    if (!isThere) return account === undefined ? undefined : this.#removeReference(wantedAccount, wanted.name);
    return account === undefined ? this.#delete(secret) : this.#fill(secret, account);
  }

  #known({ namespace, name: accountName, uid }: Named): ServiceAccount | undefined {
    const account = this.#accounts.lister.get(`${namespace}/${accountName}`);
    return uid === "" || account?.metadata.uid === uid ? account : undefined;
  }

  /** A secret goes only when the server itself says that its account is not there. */
  async #live({ namespace, name: accountName, uid }: Named): Promise<ServiceAccount | undefined> {
    const account = await orNotFound(this.#accountsOf(namespace).get(accountName));
    return uid === "" || account?.metadata.uid === uid ? account : undefined;
  }

  async #fill(known: Secret, account: ServiceAccount): Promise<void> {
    if (filled(known, account, this.#parts) === undefined) return;
    const secrets = this.#secretsOf(known.metadata.namespace);
    const live = await orNotFound(secrets.get(known.metadata.name ?? ""));
    // What is newer than what is known here comes here again.
    if (live === undefined || live.metadata.resourceVersion !== known.metadata.resourceVersion) return;
    const next = filled(live, account, this.#parts);
    if (next !== undefined) await unlessGone(secrets.update(next));
  }

  async #delete({ metadata: { namespace, name: secretName = "", uid } }: Secret): Promise<void> {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    await unlessGone(this.#secretsOf(namespace).delete(secretName, preconditions));
  }

  async #removeReference(wanted: Named, secret: string): Promise<void> {
    const accounts = this.#accountsOf(wanted.namespace);
    await retryOnConflict({ clock: this.#context.clock, attempts: retriesMax }, async () => {
      const account = await this.#live(wanted);
      const { secrets = [] } = account ?? {};
      if (account === undefined || !secrets.some((one) => one.name === secret)) return;
      await orNotFound(accounts.update({ ...account, secrets: secrets.filter((one) => one.name !== secret) }));
    });
  }

  #secretsOf(namespace: string | undefined) {
    return this.#context.client.resource<Secret>(kinds.secrets).namespace(namespace ?? "");
  }

  #accountsOf(namespace: string) {
    return this.#context.client.resource<ServiceAccount>(kinds.serviceaccounts).namespace(namespace);
  }
}

/** Someone else was faster, and will be heard of. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

function accountKey(account: ServiceAccount): Key {
  return `account/${keyOf(account)}/${account.metadata.uid ?? ""}`;
}

function secretKey(secret: Secret): Key {
  const account = accountOf(secret);
  return `secret/${keyOf(secret)}/${secret.metadata.uid ?? ""}/${account.name}/${account.uid}`;
}
