import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../../../api/index.ts";
import type { KindCodec, KubeObject } from "../../../apimachinery/index.ts";
import type { Clock, Random } from "../../../base/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import type { WebhookCaller } from "./caller.ts";
import type { EquivalentVersions, Variant } from "./equivalents.ts";
import type { WebhookMetrics } from "./metrics.ts";

export type Hook = MutatingWebhook | ValidatingWebhook;

/** A webhook and where it comes from. */
export interface Registered<H extends Hook = Hook> {
  readonly hook: H;
  readonly configuration: string;
  /** Its own among all of its kind, even where a configuration has two of one name. */
  readonly id: string;
}

/** Evaluates `matchConditions`; rejects when an expression fails and none is false. */
export type ConditionMatcher = (
  conditions: readonly { name: string; expression: string }[],
  attributes: AdmissionAttributes,
  variant: Variant,
) => Promise<boolean> | boolean;

export interface HookInputs {
  readonly objects: ClusterObjects;
  readonly caller: Pick<WebhookCaller, "post">;
  readonly equivalents: EquivalentVersions;
  readonly random: Random;
  readonly clock: Clock;
  readonly conditions: ConditionMatcher;
  /** How objects of a version are decoded and defaulted. */
  readonly codecOf: (variant: Variant) => KindCodec<KubeObject> | undefined;
  readonly metrics: WebhookMetrics;
}

export const registrationGroup = "admissionregistration.k8s.io";
/** Nobody may lock themselves out of repairing what admits. */
const exempt = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

export function mayBeHooked(resource: { readonly group: string; readonly resource: string }): boolean {
  return resource.group !== registrationGroup || !exempt.has(resource.resource);
}

type Configuration<H> = KubeObject & { readonly webhooks?: readonly H[] };

/** All webhooks of one kind, by the names of their configurations; made anew only when one of these changes. */
export class HookList<H extends Hook> {
  readonly #configurations: () => readonly Configuration<H>[];
  #seen: readonly Configuration<H>[] | undefined;
  #hooks: readonly Registered<H>[] = [];

  constructor(configurations: () => readonly Configuration<H>[]) {
    this.#configurations = configurations;
  }

  static mutating({ objects }: Pick<HookInputs, "objects">): HookList<MutatingWebhook> {
    const all = objects.collection<MutatingWebhookConfiguration>(registrationGroup, "mutatingwebhookconfigurations");
    return new HookList<MutatingWebhook>(() => all.all());
  }

  static validating({ objects }: Pick<HookInputs, "objects">): HookList<ValidatingWebhook> {
    const all = objects.collection<ValidatingWebhookConfiguration>(
      registrationGroup,
      "validatingwebhookconfigurations",
    );
    return new HookList<ValidatingWebhook>(() => all.all());
  }

  all(): readonly Registered<H>[] {
    const configurations = this.#configurations();
    if (configurations !== this.#seen) {
      this.#seen = configurations;
      // Keys are in the order of names already.
      this.#hooks = configurations.flatMap(registered);
    }
    return this.#hooks;
  }
}

function registered<H extends Hook>({ metadata, webhooks = [] }: Configuration<H>): Registered<H>[] {
  const configuration = metadata.name ?? "";
  const namesakes = new Map<string, number>();
  return webhooks.map((hook) => {
    const count = namesakes.get(hook.name) ?? 0;
    namesakes.set(hook.name, count + 1);
    return { hook, configuration, id: `${configuration}/${hook.name}/${count}` };
  });
}
