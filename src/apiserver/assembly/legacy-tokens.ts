import type { KubeObject } from "../../apimachinery/index.ts";
import { type Clock, type Log, messageOf } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { isNotFound } from "../../client/index.ts";
import type { Counter, MetricsRegistry } from "../../component/index.ts";
import type { LegacyTokenObjects, TokenAccount, TokenSecret, TokenUse } from "../authn/index.ts";

export const lastUsedLabel = "kubernetes.io/legacy-token-last-used";

const secrets = { group: "", version: "v1", resource: "secrets" };
const dayMs = 86_400_000;

type Stored = KubeObject & { data?: Record<string, string>; secrets?: readonly { name?: string }[] };

export interface LegacyTokensOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** From the watch caches. */
  readonly find: (resource: "secrets" | "serviceaccounts", namespace: string, name: string) => KubeObject | undefined;
  readonly client: () => Client;
}

/** Reads secret-based tokens, and labels their secrets with the day of their last use. */
export class LegacyTokens implements LegacyTokenObjects {
  readonly #options: LegacyTokensOptions;
  readonly #all: Counter;
  readonly #uses: Readonly<Record<TokenUse, Counter>>;
  /** Secrets that are being labelled. */
  readonly #writing = new Set<string>();

  constructor(options: LegacyTokensOptions) {
    this.#options = options;
    const counter = (name: string, help: string): Counter =>
      options.metrics.counter({ name: `serviceaccount_${name}_total`, help });
    this.#all = counter("legacy_tokens", "Uses of secret-based tokens of service accounts.");
    this.#uses = {
      manual: counter("legacy_manual_token_uses", "Uses of secret-based tokens that were asked for."),
      automatic: counter("legacy_auto_token_uses", "Uses of secret-based tokens that were once made for all."),
      invalidated: counter("invalid_legacy_auto_token_uses", "Uses of secret-based tokens marked as invalid."),
    };
  }

  secret(namespace: string, name: string): TokenSecret | undefined {
    const found = this.#options.find("secrets", namespace, name) as Stored | undefined;
    if (found === undefined) return undefined;
    return {
      token: Buffer.from(found.data?.["token"] ?? "", "base64").toString(),
      labels: found.metadata.labels ?? {},
      isDeleted: found.metadata.deletionTimestamp !== undefined,
    };
  }

  account(namespace: string, name: string): TokenAccount | undefined {
    const found = this.#options.find("serviceaccounts", namespace, name) as Stored | undefined;
    if (found === undefined) return undefined;
    return {
      uid: found.metadata.uid ?? "",
      isDeleted: found.metadata.deletionTimestamp !== undefined,
      secrets: (found.secrets ?? []).map((one) => one.name ?? ""),
    };
  }

  used(namespace: string, name: string, use: TokenUse): void {
    if (use !== "invalidated") this.#all.increment();
    this.#uses[use].increment();
    const { clock, log } = this.#options;
    const found = this.#options.find("secrets", namespace, name);
    const lastUsed = found?.metadata.labels?.[lastUsedLabel];
    const today = dateOf(clock.now());
    const key = `${namespace}/${name}`;
    if (lastUsed === today || lastUsed === dateOf(clock.now() + dayMs) || this.#writing.has(key)) return;
    this.#writing.add(key);
    this.#label(namespace, name, found?.metadata.uid, today)
      .catch((error: unknown) => {
        if (!isNotFound(error)) log.warn("a token's use could not be noted", { secret: key, error: messageOf(error) });
      })
      .finally(() => this.#writing.delete(key));
  }

  async #label(namespace: string, name: string, uid: string | undefined, date: string): Promise<void> {
    const body = { metadata: { uid, labels: { [lastUsedLabel]: date } } };
    await this.#options.client().resource(secrets).namespace(namespace).patch(name, { type: "merge", body });
  }
}

/** Of milliseconds since the epoch: `2006-01-02`, in UTC. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
