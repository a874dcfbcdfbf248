import { applyJsonPatch, type KubeObject, newInternalError } from "../../../apimachinery/index.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../../../api/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { Variant } from "./equivalents.ts";
import { ask, type Hook, type HookInputs, match, settle } from "./hooks.ts";

const group = "admissionregistration.k8s.io";
/** Nobody may lock themselves out of repairing what admits. */
const exempt = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

const handles: AdmissionPlugin["handles"] = (_operation, resource) =>
  resource.group !== group || !exempt.has(resource.resource);

/** Webhooks of all configurations of one kind, configurations in the order of their names. */
function hooksOf<C extends KubeObject & { webhooks?: H[] }, H extends Hook>(inputs: HookInputs, resource: string): H[] {
  const configurations = [...inputs.objects.list<C>(group, resource, "")];
  configurations.sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
  return configurations.flatMap(({ webhooks }) => webhooks ?? []);
}

/** Calls the mutating webhooks one after the other; those that ask for it a second time when others changed the object. */
export function mutatingWebhooks(inputs: HookInputs): AdmissionPlugin {
  return {
    name: "MutatingAdmissionWebhook",
    handles,
    async admit(attributes) {
      const hooks = hooksOf<MutatingWebhookConfiguration, MutatingWebhook>(inputs, "mutatingwebhookconfigurations");
      if (hooks.length === 0) return;
      const again = new Set<MutatingWebhook>();
      const called: MutatingWebhook[] = [];
      for (const hook of hooks) {
        const variant = await match(hook, attributes, inputs);
        if (variant === undefined) continue;
        const changed = await mutate(hook, variant, attributes, inputs);
        if (changed) for (const earlier of called) if (earlier.reinvocationPolicy === "IfNeeded") again.add(earlier);
        called.push(hook);
      }
      for (const hook of again) {
        const variant = await match(hook, attributes, inputs);
        if (variant !== undefined) await mutate(hook, variant, attributes, inputs);
      }
    },
  };
}

/** Returns whether the object changed. */
async function mutate(
  hook: MutatingWebhook,
  variant: Variant,
  attributes: AdmissionAttributes,
  inputs: HookInputs,
): Promise<boolean> {
  const response = await ask(hook, variant, attributes, inputs);
  if (response === undefined) return false;
  settle(hook, response, attributes);
  if (response.patch === undefined || response.patch === "" || attributes.object === undefined) return false;
  if (response.patchType !== "JSONPatch")
    throw newInternalError(
      `admission webhook ${JSON.stringify(hook.name)} returned patchType ${JSON.stringify(response.patchType ?? "")}, only JSONPatch is supported`,
    );
  try {
    const operations: unknown = JSON.parse(Buffer.from(response.patch, "base64").toString());
    if (Array.isArray(operations) && operations.length === 0) return false;
    const patched = applyJsonPatch(await variant.convert(attributes.object), operations as never) as KubeObject;
    attributes.object = await variant.revert(patched);
    return true;
  } catch (error) {
    throw newInternalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${messageOf(error)}`);
  }
}

/** Calls the validating webhooks at the same time; the first refusal in their order is the answer. */
export function validatingWebhooks(inputs: HookInputs): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionWebhook",
    handles,
    async validate(attributes) {
      const hooks = hooksOf<ValidatingWebhookConfiguration, ValidatingWebhook>(
        inputs,
        "validatingwebhookconfigurations",
      );
      if (hooks.length === 0) return;
      const outcomes = await Promise.allSettled(
        hooks.map(async (hook) => {
          const variant = await match(hook, attributes, inputs);
          const response = variant === undefined ? undefined : await ask(hook, variant, attributes, inputs);
          if (response !== undefined) settle(hook, response, attributes);
        }),
      );
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    },
  };
}
