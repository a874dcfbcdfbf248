import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../../../api/index.ts";
import type { Namespace } from "../../../api/index.ts";
import { type Bindings, type CelMap, type KubeObject, StatusError } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { Authorizer } from "../../authz/contract.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { refuse } from "../refuse.ts";
import type { EquivalentVersions, Variant } from "../webhook/equivalents.ts";
import { type ActivationInputs, activation, AuthorizerGate } from "./activation.ts";
import { Budget, LazyVariables, meetsConditions, run } from "./expressions.ts";
import { isPolicyResource, matchResources } from "./matching.ts";
import { ConfigurationError, type PolicyParams } from "./params.ts";
import { type CompiledPolicy, compileValidatingPolicy } from "./compile-policy.ts";

export interface PolicyInputs {
  readonly objects: ClusterObjects;
  readonly authorizer: Authorizer;
  readonly equivalents: EquivalentVersions;
  readonly params: PolicyParams;
}

export const registrationGroup = "admissionregistration.k8s.io";
const annotationBytesMax = 10 * 1024;

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string | undefined;
}

interface Decision {
  readonly index: number;
  readonly message: string;
  readonly reason: string | undefined;
}

/** What came of one policy with one parameter. */
interface Verdict {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  readonly annotationProblems: readonly string[];
}

/** The plug-in `ValidatingAdmissionPolicy`. */
export function validatingPolicies(inputs: PolicyInputs): AdmissionPlugin {
  const compiled = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();
  const compiledOf = (policy: ValidatingAdmissionPolicy): CompiledPolicy => {
    const known = compiled.get(policy);
    if (known !== undefined) return known;
    const made = compileValidatingPolicy(policy);
    compiled.set(policy, made);
    return made;
  };
  return {
    name: "ValidatingAdmissionPolicy",
    handles: (_, resource) => !isPolicyResource(resource),
    validate(attributes) {
      const bindings = byPolicy<ValidatingAdmissionPolicyBinding>(inputs.objects, "validatingadmissionpolicybindings");
      return bindings.size === 0 ? undefined : check(attributes, bindings);
    },
  };

  async function check(
    attributes: AdmissionAttributes,
    bindings: ReadonlyMap<string, readonly ValidatingAdmissionPolicyBinding[]>,
  ): Promise<void> {
    const gate = new AuthorizerGate(inputs.authorizer, attributes);
    const denials: Denial[] = [];
    for (const [name, own] of bindings) {
      const policy = inputs.objects.get<ValidatingAdmissionPolicy>(
        registrationGroup,
        "validatingadmissionpolicies",
        "",
        name,
      );
      if (policy === undefined) continue;
      denials.push(...(await judge(inputs, attributes, policy, own, compiledOf, gate)));
    }
    const [first] = denials;
    if (first !== undefined) throw denied(attributes, first);
  }
}

/** Bindings by the name of their policy. */
export function byPolicy<B extends KubeObject & { readonly spec: { readonly policyName?: string } }>(
  objects: ClusterObjects,
  resource: string,
): ReadonlyMap<string, readonly B[]> {
  const found = new Map<string, B[]>();
  for (const binding of objects.list<B>(registrationGroup, resource, "")) {
    const name = binding.spec.policyName ?? "";
    const known = found.get(name);
    if (known === undefined) found.set(name, [binding]);
    else known.push(binding);
  }
  return found;
}

async function judge(
  inputs: PolicyInputs,
  attributes: AdmissionAttributes,
  policy: ValidatingAdmissionPolicy,
  bindings: readonly ValidatingAdmissionPolicyBinding[],
  compiledOf: (policy: ValidatingAdmissionPolicy) => CompiledPolicy,
  gate: AuthorizerGate,
): Promise<readonly Denial[]> {
  const name = policy.metadata.name ?? "";
  const denials: Denial[] = [];
  const misconfigured = (error: unknown, binding: string | undefined) => {
    if (policy.spec.failurePolicy === "Ignore") return;
    const message = `failed to configure ${binding === undefined ? "policy" : "binding"}: ${messageOf(error)}`;
    denials.push({ policy: name, binding, message, reason: undefined });
  };
  const variant = await matchResources(policy.spec.matchConstraints, attributes, inputs);
  if (variant === undefined) return denials;
  const collected = new Map<string, string[]>();
  for (const binding of bindings) {
    const bindingName = binding.metadata.name ?? "";
    try {
      if ((await matchResources(binding.spec.matchResources, attributes, inputs)) === undefined) continue;
      const base = await activationInputs(inputs, attributes, variant, gate);
      const all = await inputs.params.collect(policy.spec.paramKind, binding.spec.paramRef, attributes.namespace);
      for (const params of all) {
        const verdict = await gate.run(() => evaluate(compiledOf(policy), { ...base, params }));
        act(attributes, policy, binding, verdict, denials);
        for (const { key, value } of verdict.annotations) collect(collected, key, value);
      }
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      misconfigured(error, bindingName);
    }
  }
  for (const [key, values] of collected) attributes.context.annotate(`${name}/${key}`, values.join(", "));
  return denials;
}

function collect(collected: Map<string, string[]>, key: string, value: string): void {
  const known = collected.get(key) ?? [];
  if (!known.includes(value)) known.push(value);
  collected.set(key, known);
}

/** The request's objects in the version that matched, and its namespace. */
export async function activationInputs(
  { objects }: Pick<PolicyInputs, "objects">,
  attributes: AdmissionAttributes,
  variant: Variant,
  gate: AuthorizerGate,
): Promise<ActivationInputs> {
  const { object, oldObject, namespace, kind } = attributes;
  const isNamespace = kind.group === "" && kind.kind === "Namespace";
  return {
    attributes,
    variant,
    object: object === undefined ? undefined : await variant.convert(object),
    oldObject: oldObject === undefined ? undefined : await variant.convert(oldObject),
    namespace: namespace === "" || isNamespace ? undefined : objects.get<Namespace>("", "namespaces", "", namespace),
    params: undefined,
    gate,
  };
}

/** The variables of a policy over an activation. */
export function bindingsOf(
  policy: Pick<CompiledPolicy, "variables">,
  inputs: ActivationInputs,
  budget: Budget,
): Bindings {
  const variables: CelMap = new LazyVariables(policy.variables, (own) => activation(inputs, own), budget);
  return activation(inputs, variables);
}

function evaluate(policy: CompiledPolicy, inputs: ActivationInputs): Verdict {
  const none = { decisions: [], annotations: [], annotationProblems: [] };
  const budget = Budget.ofPolicy();
  const bindings = bindingsOf(policy, inputs, budget);
  const { matches, problem } = meetsConditions(policy.conditions, bindings);
  if (problem !== undefined) {
    return policy.ignoresFailures ? none : { ...none, decisions: [{ index: 0, message: problem, reason: undefined }] };
  }
  if (!matches) return none;
  const decisions = policy.validations.flatMap((_, index) => decide(policy, index, bindings, budget) ?? []);
  return { decisions, ...annotate(policy, bindings, budget) };
}

function decide(policy: CompiledPolicy, index: number, bindings: Bindings, budget: Budget): Decision | undefined {
  const own = policy.validations[index];
  if (own === undefined) return undefined;
  const outcome = run(own.expression, bindings, budget);
  if (outcome.type === "error") {
    return policy.ignoresFailures ? undefined : { index, message: outcome.message, reason: undefined };
  }
  if (outcome.value === true) return undefined;
  const { validation, message } = own;
  const otherwise = (validation.message ?? "").trim() || `failed expression: ${validation.expression.trim()}`;
  if (message === undefined) return { index, message: otherwise, reason: validation.reason };
  const told = run(message, bindings, budget);
  const text = told.type === "value" && typeof told.value === "string" ? told.value.trim() : "";
  const usable = text !== "" && !text.includes("\n") && Buffer.byteLength(text) <= 5 * 1024;
  return { index, message: usable ? text : otherwise, reason: validation.reason };
}

function annotate(policy: CompiledPolicy, bindings: Bindings, budget: Budget) {
  const annotations: { key: string; value: string }[] = [];
  const annotationProblems: string[] = [];
  for (const { key, expression } of policy.auditAnnotations) {
    const outcome = run(expression, bindings, budget);
    if (outcome.type === "error") {
      if (!policy.ignoresFailures) annotationProblems.push(outcome.message);
    } else if (typeof outcome.value === "string" && outcome.value.trim() !== "") {
      annotations.push({ key, value: outcome.value.trim().slice(0, annotationBytesMax) });
    }
  }
  return { annotations, annotationProblems };
}

/** Carries out the binding's actions. */
function act(
  { context }: AdmissionAttributes,
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  verdict: Verdict,
  denials: Denial[],
): void {
  const [name, bindingName] = [policy.metadata.name ?? "", binding.metadata.name ?? ""];
  for (const { index, message, reason } of verdict.decisions) {
    for (const action of binding.spec.validationActions) {
      if (action === "Deny") denials.push({ policy: name, binding: bindingName, message, reason });
      else if (action === "Warn")
        context.warn(
          `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${bindingName}': ${message}`,
        );
      else {
        const { validationActions } = binding.spec;
        const failure = { message, policy: name, binding: bindingName, expressionIndex: index, validationActions };
        context.annotate("validation.policy.admission.k8s.io/validation_failure", JSON.stringify([failure]));
      }
    }
  }
  for (const message of verdict.annotationProblems)
    denials.push({ policy: name, binding: bindingName, message, reason: undefined });
}

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function denied(
  attributes: AdmissionAttributes,
  { policy, binding, message, reason = "Invalid" }: Denial,
): StatusError {
  const by = binding === undefined ? "" : ` with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const { status } = refuse(attributes, text, [{ message: text }]);
  return new StatusError({ ...status, reason, code: codes[reason] ?? 422 });
}
