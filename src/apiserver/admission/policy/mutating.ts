import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Namespace } from "../../../api/index.ts";
import {
  type KindCodec,
  type KubeObject,
  newServiceUnavailable,
  semanticEqual,
  StatusError,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { type AdmissionAttributes, type AdmissionPlugin, Reinvocation } from "../contract.ts";
import { refuse } from "../refuse.ts";
import type { Variant } from "../webhook/equivalents.ts";
import { ReinvocationRecord } from "../reinvocation-record.ts";
import { AuthorizerGate } from "./activation.ts";
import { type CompiledMutatingPolicy, compileMutatingPolicy } from "./compile-policy.ts";
import { activationInputs, bindingsOf, conditionsMet, namespaceFor } from "./evaluate.ts";
import { Budget, run } from "./expressions.ts";
import { matchResources, mayBeJudged } from "./matching.ts";
import { merged, MutationError, patched } from "./mutate.ts";
import { collectParams, ConfigurationError } from "./params.ts";
import { type Bound, PolicyList } from "./policy-list.ts";
import { configurationOf, patchOf } from "./structs.ts";
import type { PolicyInputs } from "./validating.ts";

export interface MutatingInputs extends PolicyInputs {
  /** How objects of a version are decoded, defaulted and merged. */
  readonly codecOf: (variant: Variant) => KindCodec<KubeObject> | undefined;
}

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;
type BoundPolicy = Bound<Policy, Binding, CompiledMutatingPolicy>;

const pluginName = "MutatingAdmissionPolicy";

/** One policy, binding and parameter that a request meets. */
interface Invocation {
  readonly policy: Policy;
  readonly binding: Binding;
  readonly compiled: CompiledMutatingPolicy;
  readonly variant: Variant;
  readonly params: KubeObject | undefined;
  /** Its own, for the second pass. */
  readonly id: string;
}

/** The plug-in `MutatingAdmissionPolicy`. */
export function mutatingPolicies(inputs: MutatingInputs): AdmissionPlugin {
  const policies = new PolicyList<Policy, Binding, CompiledMutatingPolicy>(
    inputs.objects,
    "mutatingadmission",
    compileMutatingPolicy,
  );
  return {
    name: pluginName,
    // There is nothing to change about what is deleted.
    handles: (operation, resource) => operation !== "DELETE" && mayBeJudged(resource),
    idle: () => policies.all().length === 0,
    admit(attributes) {
      const all = policies.all();
      return all.length === 0 ? undefined : mutateAll(inputs, attributes, all);
    },
  };
}

/** Which policies are to run is decided before any of them does. Upstream: `policyDispatcher.Dispatch`. */
async function mutateAll(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  all: readonly BoundPolicy[],
): Promise<void> {
  const denials = new Denials();
  const invocations: Invocation[] = [];
  for (const bound of all) invocations.push(...(await invocationsOf(inputs, attributes, bound, denials)));
  if (invocations.length > 0) await runAll(inputs, attributes, invocations, denials);
  denials.settle(attributes);
}

async function invocationsOf(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  { policy, bindings, compiled }: BoundPolicy,
  denials: Denials,
): Promise<readonly Invocation[]> {
  const found: Invocation[] = [];
  try {
    const variant = await matchResources(policy.spec.matchConstraints, attributes, inputs);
    if (variant === undefined) return found;
    const paramResource = inputs.params.resourceOf(policy.spec.paramKind);
    for (const binding of bindings) {
      try {
        if ((await matchResources(binding.spec.matchResources, attributes, inputs)) === undefined) continue;
        for (const params of await collectParams(paramResource, binding.spec.paramRef, attributes.namespace)) {
          const of = [policy, binding, params].map((one) => [one?.metadata.namespace, one?.metadata.name]);
          found.push({ policy, binding, compiled, variant, params, id: JSON.stringify(of) });
        }
      } catch (error) {
        denials.misconfigured(error, policy, binding);
      }
    }
  } catch (error) {
    denials.misconfigured(error, policy, undefined);
  }
  return found;
}

/** In the second pass, only those that asked for it and saw an older state. */
async function runAll(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  invocations: readonly Invocation[],
  denials: Denials,
): Promise<void> {
  const reinvocation = Reinvocation.of(attributes);
  const record = ReinvocationRecord.of(reinvocation, pluginName);
  if (reinvocation.again) record.compare(attributes.object);
  const namespace = await namespaceFor(attributes, inputs.objects);
  const gate = new AuthorizerGate(inputs.authorizer, attributes);
  let touched = false;
  for (const invocation of invocations) {
    const before = attributes.object;
    const result = await runOne(inputs, attributes, invocation, { namespace, gate, denials }, (id) =>
      reinvocation.again ? record.isDue(id) : true,
    );
    if (result === "skipped") continue;
    touched ||= attributes.object !== undefined;
    if (!semanticEqual(before, attributes.object)) record.changed();
    if (invocation.compiled.reinvoked) record.called(invocation.id);
  }
  if (touched) {
    // Upstream takes whatever a policy touched for changed.
    record.changed();
    reinvocation.wanted = true;
  }
  record.remember(attributes.object);
}

interface Around {
  readonly namespace: Namespace | undefined;
  readonly gate: AuthorizerGate;
  readonly denials: Denials;
}

async function runOne(
  inputs: MutatingInputs,
  attributes: AdmissionAttributes,
  invocation: Invocation,
  { namespace, gate, denials }: Around,
  isDue: (id: string) => boolean,
): Promise<"ran" | "skipped"> {
  const { policy, binding, compiled, variant, params, id } = invocation;
  const seen = async () => ({ ...(await activationInputs(attributes, variant, namespace, gate)), params });
  const base = await seen();
  const { matches, problem } = await gate.run(() => conditionsMet(compiled, base));
  if (problem !== undefined) denials.add(policy, binding, problem, "Invalid");
  if (!matches || !isDue(id)) return "skipped";
  for (const { type, expression } of compiled.mutations) {
    if (attributes.object === undefined) continue;
    const since = inputs.clock.monotonic();
    const observe = (failure?: string) =>
      inputs.metrics.mutated(
        policy.metadata.name ?? "",
        binding.metadata.name ?? "",
        failure,
        inputs.clock.monotonic() - since,
      );
    try {
      const codec = codecFor(inputs, variant);
      const now = await seen();
      const outcome = await gate.run(() => {
        const budget = Budget.ofPolicy();
        return run(expression, bindingsOf(compiled, now, budget), budget);
      });
      if (outcome.type === "error") throw new MutationError(outcome.message);
      const live = now.object ?? attributes.object;
      const changed =
        type === "JSONPatch"
          ? patched(
              live,
              checked(() => patchOf(outcome.value)),
              codec,
              expression,
            )
          : merged(
              live,
              checked(() => configurationOf(outcome.value)),
              codec,
              expression,
            );
      attributes.object = await variant.revert(changed);
      observe();
    } catch (error) {
      observe(messageOf(error));
      if (!(error instanceof MutationError)) throw error;
      denials.add(policy, binding, error.message, "Invalid");
    }
  }
  return "ran";
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new MutationError(messageOf(error));
  }
}

function codecFor({ codecOf }: MutatingInputs, variant: Variant): KindCodec<KubeObject> {
  const codec = codecOf(variant);
  if (codec !== undefined) return codec;
  const { group, version, kind } = variant.kind;
  throw newServiceUnavailable(
    `Resource kind ${group}/${version}, Kind=${kind} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.`,
  );
}

/** What keeps a request from being admitted; all of it is told, the first as the message. */
class Denials {
  readonly #found: { readonly message: string; readonly reason: string | undefined }[] = [];

  add(policy: Policy, binding: Binding | undefined, why: string, reason?: string): void {
    if (policy.spec.failurePolicy === "Ignore") return;
    const name = policy.metadata.name ?? "";
    const who =
      binding === undefined
        ? `policy ${JSON.stringify(name)}`
        : `policy '${name}' with binding '${binding.metadata.name ?? ""}'`;
    this.#found.push({ message: `${who} denied request: ${why}`, reason });
  }

  misconfigured(error: unknown, policy: Policy, binding: Binding | undefined): void {
    if (!(error instanceof ConfigurationError)) throw error;
    this.add(policy, binding, `failed to configure ${binding === undefined ? "policy" : "binding"}: ${error.message}`);
  }

  /** Throws the refusal, if there is one: 403, whatever the reason says, as upstream. */
  settle(attributes: AdmissionAttributes): void {
    const [first] = this.#found;
    if (first === undefined) return;
    const causes = this.#found.map(({ message }) => ({ message }));
    const { status } = refuse(attributes, first.message, causes);
    throw new StatusError({ ...status, message: first.message, reason: first.reason ?? "Forbidden" });
  }
}
