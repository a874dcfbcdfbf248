import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from "../../../api/index.ts";
import {
  applyJsonPatch,
  type KindCodec,
  type KubeObject,
  mergeObjects,
  semanticEqual,
  StatusError,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { refuse } from "../refuse.ts";
import type { Variant } from "../webhook/equivalents.ts";
import { AuthorizerGate } from "./activation.ts";
import { atomicPathIn } from "./atomic.ts";
import { type CompiledMutatingPolicy, compileMutatingPolicy } from "./compile-policy.ts";
import { Budget, type CompiledExpression, meetsConditions, run } from "./expressions.ts";
import { isPolicyResource, matchResources } from "./matching.ts";
import { ConfigurationError } from "./params.ts";
import { configurationOf, patchOf } from "./structs.ts";
import { activationInputs, bindingsOf, byPolicy, type PolicyInputs, registrationGroup } from "./validating.ts";

export interface MutatingInputs extends PolicyInputs {
  /** How objects of a version are decoded, defaulted and merged. */
  readonly codecOf: (variant: Variant) => KindCodec<KubeObject> | undefined;
}

/** A mutation that cannot be made. */
class MutationError extends Error {}

interface Applied {
  readonly policy: MutatingAdmissionPolicy;
  readonly bindings: readonly MutatingAdmissionPolicyBinding[];
  readonly compiled: CompiledMutatingPolicy;
}

/** The plug-in `MutatingAdmissionPolicy`. */
export function mutatingPolicies(inputs: MutatingInputs): AdmissionPlugin {
  const cache = new WeakMap<MutatingAdmissionPolicy, CompiledMutatingPolicy>();
  const compiledOf = (policy: MutatingAdmissionPolicy): CompiledMutatingPolicy => {
    const known = cache.get(policy) ?? compileMutatingPolicy(policy);
    cache.set(policy, known);
    return known;
  };
  return {
    name: "MutatingAdmissionPolicy",
    handles: (operation, resource) => operation !== "DELETE" && !isPolicyResource(resource),
    admit(attributes) {
      const bindings = byPolicy<MutatingAdmissionPolicyBinding>(inputs.objects, "mutatingadmissionpolicybindings");
      if (bindings.size === 0 || attributes.object === undefined) return undefined;
      const gate = new AuthorizerGate(inputs.authorizer, attributes);
      const all = [...bindings].flatMap(([name, own]): Applied[] => {
        const policy = inputs.objects.get<MutatingAdmissionPolicy>(
          registrationGroup,
          "mutatingadmissionpolicies",
          "",
          name,
        );
        return policy === undefined ? [] : [{ policy, bindings: own, compiled: compiledOf(policy) }];
      });
      return applyAll(inputs, attributes, all, gate);
    },
  };
}

/** Each policy once; those that ask for it again when a later one changed the object after them. */
async function applyAll(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  all: readonly Applied[],
  gate: AuthorizerGate,
): Promise<void> {
  const left = new Map<Applied, KubeObject | undefined>();
  for (const applied of all) {
    await applyPolicy(inputs, attributes, applied, gate);
    left.set(applied, structuredClone(attributes.object));
  }
  for (const [applied, after] of left) {
    if (applied.compiled.reinvoked && !semanticEqual(after, attributes.object)) {
      await applyPolicy(inputs, attributes, applied, gate);
    }
  }
}

async function applyPolicy(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  { policy, bindings, compiled }: Applied,
  gate: AuthorizerGate,
): Promise<void> {
  const variant = await matchResources(policy.spec.matchConstraints, attributes, inputs);
  if (variant === undefined) return;
  for (const binding of bindings) {
    try {
      if ((await matchResources(binding.spec.matchResources, attributes, inputs)) === undefined) continue;
      const all = await inputs.params.collect(policy.spec.paramKind, binding.spec.paramRef, attributes.namespace);
      for (const params of all) await mutate(inputs, attributes, variant, compiled, params, gate);
    } catch (error) {
      if (!(error instanceof MutationError) && !(error instanceof ConfigurationError)) throw error;
      if (compiled.ignoresFailures) continue;
      const setUp = error instanceof ConfigurationError ? "failed to configure binding: " : "";
      throw denied(attributes, policy, binding, setUp + messageOf(error));
    }
  }
}

async function mutate(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  variant: Variant,
  policy: CompiledMutatingPolicy,
  params: KubeObject | undefined,
  gate: AuthorizerGate,
): Promise<void> {
  const budget = Budget.ofPolicy();
  for (const [index, { type, expression }] of policy.mutations.entries()) {
    const base = { ...(await activationInputs(inputs, attributes, variant, gate)), params };
    const bindings = bindingsOf(policy, base, budget);
    if (index === 0) {
      const { matches, problem } = await gate.run(() => meetsConditions(policy.conditions, bindings));
      if (problem !== undefined) throw new MutationError(problem);
      if (!matches) return;
    }
    const outcome = await gate.run(() => run(expression, bindings, budget));
    if (outcome.type === "error") throw new MutationError(outcome.message);
    const live = base.object;
    const codec = inputs.codecOf(variant);
    if (live === undefined || codec === undefined) return;
    const changed =
      type === "JSONPatch"
        ? patched(live, patchOf(outcome.value), expression)
        : merged(live, configurationOf(outcome.value), codec, expression);
    attributes.object = await variant.revert(settled(changed, codec));
  }
}

function patched(live: KubeObject, patch: readonly unknown[] | undefined, { text }: CompiledExpression): unknown {
  if (patch === undefined) throw new MutationError(`expression '${text}' must evaluate to a list of JSONPatch`);
  try {
    return applyJsonPatch(live, patch);
  } catch (error) {
    throw new MutationError(`JSON Patch: ${messageOf(error)}`);
  }
}

function merged(
  live: KubeObject,
  configuration: Readonly<Record<string, unknown>> | undefined,
  { schema }: KindCodec<KubeObject>,
  { text }: CompiledExpression,
): unknown {
  if (configuration === undefined) throw new MutationError(`expression '${text}' must evaluate to Object`);
  const atomic = atomicPathIn(schema, configuration);
  if (atomic !== undefined) {
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic}`,
    );
  }
  return mergeObjects(structuredClone(live), configuration, schema);
}

/** As if it had come so: decoded and defaulted. */
function settled(changed: unknown, codec: KindCodec<KubeObject>): KubeObject {
  try {
    const { object } = codec.decodeValue(structuredClone(changed), { unknownFields: "ignore" });
    codec.applyDefaults(object);
    return object;
  } catch (error) {
    throw new MutationError(messageOf(error));
  }
}

function denied(
  attributes: AdmissionAttributes,
  policy: MutatingAdmissionPolicy,
  binding: MutatingAdmissionPolicyBinding,
  message: string,
): StatusError {
  const text = `policy '${policy.metadata.name ?? ""}' with binding '${binding.metadata.name ?? ""}' denied request: ${message}`;
  const { status } = refuse(attributes, text, [{ message: text }]);
  return new StatusError({ ...status, reason: "Invalid", code: 422 });
}
