import type { ConfigMap, Pod, Secret, ServiceAccount } from "../../api/index.ts";
import { messageOf } from "../../base/index.ts";
import { informerOf, type Informer, isConflict, keyOf, kinds, orNotFound } from "../../client/index.ts";
import { type ControllerContext, periodic } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { cleanerStep, invalidSinceLabel, secretNamesOf, trackedSince } from "./step.ts";

const name = "legacy-serviceaccount-token-cleaner-controller";
const dayMs = 86_400_000;
const yearMs = 365 * dayMs;
const trackingName = "kube-apiserver-legacy-service-account-token-tracking";
const accountName = "kubernetes.io/service-account.name";
const accountUid = "kubernetes.io/service-account.uid";

/** Removes tokens that were once made for every service account, and that nobody has used for long. */
export const legacyServiceAccountTokenCleanerController: ControllerDescriptor = {
  name,
  serviceAccount: "legacy-service-account-token-cleaner",
  create(context, { legacyTokenCleanUpPeriodMs: periodMs = yearMs }) {
    if (periodMs <= 0) throw new Error(`failed to start the legacy service account token cleaner: invalid period`);
    const { clock, informers, log } = context;
    const cleaner = new Cleaner(context, {
      accounts: informerOf(informers, kinds.serviceaccounts),
      secrets: informerOf(informers, kinds.secrets, { fieldSelector: "type=kubernetes.io/service-account-token" }),
      pods: informerOf(informers, kinds.pods),
      periodMs,
    });
    return periodic({
      name,
      intervalMs: dayMs,
      clock,
      log,
      ready: (signal) => cleaner.ready(signal),
      work: () => cleaner.clean(),
    });
  },
};

interface CleanerParts {
  readonly accounts: Informer<ServiceAccount>;
  readonly secrets: Informer<Secret>;
  readonly pods: Informer<Pod>;
  readonly periodMs: number;
}

class Cleaner {
  readonly #context: ControllerContext;
  readonly #parts: CleanerParts;

  constructor(context: ControllerContext, parts: CleanerParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async ready(signal: AbortSignal): Promise<void> {
    const { accounts, secrets, pods } = this.#parts;
    await Promise.all([accounts, secrets, pods].map((informer) => informer.waitForSync(signal)));
  }

  async clean(): Promise<void> {
    const { periodMs, secrets } = this.#parts;
    const now = this.#context.clock.now();
    const since = await this.#trackedSince();
    if (now < since + periodMs) return;
    const mounted = new Map<string, ReadonlySet<string>>();
    for (const secret of [...secrets.lister.list()]) {
      const { namespace = "" } = secret.metadata;
      if (!mounted.has(namespace)) mounted.set(namespace, this.#mountedIn(namespace));
      await this.#treat(secret, mounted.get(namespace) ?? new Set(), now).catch((error: unknown) => {
        const fields = { secret: keyOf(secret), error: messageOf(error) };
        this.#context.log.warn("A secret-based token could not be cleaned up", fields);
      });
    }
  }

  async #trackedSince(): Promise<number> {
    const maps = this.#context.client.resource<ConfigMap>(kinds.configmaps).namespace("kube-system");
    const { data } = await maps.get(trackingName);
    const since = trackedSince(data?.["since"]);
    if (since === undefined) throw new Error(`${trackingName} does not say since when`);
    return since;
  }

  async #treat(secret: Secret, mounted: ReadonlySet<string>, now: number): Promise<void> {
    const { periodMs } = this.#parts;
    const step = cleanerStep({ secret, account: this.#accountOf(secret), mounted, now, periodMs });
    if (step.type === "keep") return;
    const { namespace = "", name: secretName = "", uid, resourceVersion = "" } = secret.metadata;
    const api = this.#context.client.resource<Secret>(kinds.secrets).namespace(namespace);
    if (step.type === "invalidate") {
      this.#context.log.info("Mark the auto-generated service account token as invalid", { secret: keyOf(secret) });
      const body = { metadata: { name: secretName, namespace, uid, labels: { [invalidSinceLabel]: step.since } } };
      await api.patch(secretName, { type: "merge", body });
      return;
    }
    this.#context.log.info("Delete auto-generated service account token", { secret: keyOf(secret) });
    await orNotFound(api.delete(secretName, { preconditions: { resourceVersion } })).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  }

  #accountOf({ metadata: { namespace = "", annotations = {} } }: Secret): ServiceAccount | undefined {
    const account = this.#parts.accounts.lister.get(`${namespace}/${annotations[accountName] ?? ""}`);
    const uid = annotations[accountUid] ?? "";
    return uid === "" || uid === account?.metadata.uid ? account : undefined;
  }

  #mountedIn(namespace: string): ReadonlySet<string> {
    const names = new Set<string>();
    for (const pod of this.#parts.pods.lister.listNamespace(namespace)) {
      for (const one of secretNamesOf(pod)) names.add(one);
    }
    return names;
  }
}
