import { type KubeObject, newTimeout } from "../../../apimachinery/index.ts";
import type { ValidatingWebhook } from "../../../api/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { ask, settle } from "./ask.ts";
import type { Variant } from "./equivalents.ts";
import { type HookInputs, HookList, mayBeHooked, type Registered } from "./hooks.ts";
import { match } from "./match.ts";
import type { Converted } from "./review.ts";

const failedOpenPrefix = "failed-open.validating.webhook.admission.k8s.io/";

/** Calls the validating webhooks at the same time; the first refusal in their order is the answer. */
export function validatingWebhooks(inputs: HookInputs): AdmissionPlugin {
  const hooks = HookList.validating(inputs);
  return {
    name: "ValidatingAdmissionWebhook",
    handles: (_operation, resource) => mayBeHooked(resource),
    idle: () => hooks.all().length === 0,
    validate(attributes) {
      const all = hooks.all();
      return all.length === 0 ? undefined : callAll(all, attributes, inputs);
    },
  };
}

async function callAll(
  all: readonly Registered<ValidatingWebhook>[],
  attributes: AdmissionAttributes,
  inputs: HookInputs,
): Promise<void> {
  const relevant: { readonly hook: ValidatingWebhook; readonly variant: Variant; readonly objects: Converted }[] = [];
  const versions = new Map<string, Converted>();
  for (const { hook } of all) {
    const variant = await match(hook, attributes, inputs, "validating");
    if (variant === undefined) continue;
    relevant.push({ hook, variant, objects: await convertedFor(variant, attributes, versions) });
  }
  if (relevant.length === 0) return;
  if (attributes.context.signal.aborted) throw newTimeout("request did not complete within requested timeout", 0);
  const outcomes = await Promise.allSettled(
    relevant.map(({ hook, variant, objects }, index) =>
      settle("validating", { hook, attributes }, inputs, `${failedOpenPrefix}round_0_index_${index}`, () =>
        ask({ hook, variant, attributes, objects }, inputs, false),
      ),
    ),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** Converted once for all webhooks that want one version. */
async function convertedFor(
  variant: Variant,
  { object, oldObject }: AdmissionAttributes,
  versions: Map<string, Converted>,
): Promise<Converted> {
  const { group, version, kind } = variant.kind;
  const key = `${group}/${version}/${kind}`;
  const known = versions.get(key);
  if (known !== undefined) return known;
  const convert = async (of: KubeObject | undefined) => (of === undefined ? undefined : await variant.convert(of));
  const made = { object: await convert(object), oldObject: await convert(oldObject) };
  versions.set(key, made);
  return made;
}
