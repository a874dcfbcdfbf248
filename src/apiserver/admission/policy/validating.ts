import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../../../api/index.ts";
import { goJson, StatusError } from "../../../apimachinery/index.ts";
import { type Clock, messageOf } from "../../../base/index.ts";
import type { Authorizer } from "../../authz/contract.ts";
import { annotate } from "../annotate.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { refuse } from "../refuse.ts";
import type { EquivalentVersions } from "../webhook/equivalents.ts";
import { type ActivationInputs, AuthorizerGate } from "./activation.ts";
import { type CompiledPolicy, compileValidatingPolicy } from "./compile-policy.ts";
import { activationInputs, evaluate, namespaceFor, type Verdict } from "./evaluate.ts";
import { matchResources, mayBeJudged } from "./matching.ts";
import type { PolicyAction, PolicyMetrics } from "./metrics.ts";
import { collectParams, ConfigurationError, type PolicyParams } from "./params.ts";
import { type Bound, PolicyList } from "./policy-list.ts";

export interface PolicyInputs {
  readonly objects: ClusterObjects;
  readonly authorizer: Authorizer;
  readonly equivalents: EquivalentVersions;
  readonly params: PolicyParams;
  readonly clock: Clock;
  readonly metrics: PolicyMetrics;
}

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;
type BoundPolicy = Bound<Policy, Binding, CompiledPolicy>;

const annotationBytesMax = 10 * 1024;
const failureKey = "validation.policy.admission.k8s.io/validation_failure";
/** So many failures are noted of one request; they come to about 10 KiB. */
const failuresMax = 50;

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string | undefined;
}

/** What is to be noted of a failed validation. */
interface Failure {
  readonly message: string;
  readonly policy: string;
  readonly binding: string;
  readonly expressionIndex: number;
  readonly validationActions: readonly string[];
}

/** What comes of one request. */
interface Outcome {
  readonly denials: Denial[];
  readonly failures: Failure[];
}

/** The plug-in `ValidatingAdmissionPolicy`. */
export function validatingPolicies(inputs: PolicyInputs): AdmissionPlugin {
  const { objects } = inputs;
  const policies = new PolicyList<Policy, Binding, CompiledPolicy>(
    objects,
    "validatingadmission",
    compileValidatingPolicy,
  );
  return {
    name: "ValidatingAdmissionPolicy",
    handles: (_, resource) => mayBeJudged(resource),
    idle: () => policies.all().length === 0,
    validate(attributes) {
      const all = policies.all();
      return all.length === 0 ? undefined : judgeAll(inputs, attributes, all);
    },
  };
}

async function judgeAll(
  inputs: PolicyInputs,
  attributes: AdmissionAttributes,
  all: readonly BoundPolicy[],
): Promise<void> {
  const gate = new AuthorizerGate(inputs.authorizer, attributes);
  const outcome: Outcome = { denials: [], failures: [] };
  for (const bound of all) await judge(inputs, attributes, bound, gate, outcome);
  const { denials, failures } = outcome;
  if (failures.length > 0) annotate(attributes, failureKey, goJson(failures.slice(0, failuresMax)));
  const [first] = denials;
  if (first !== undefined) throw denied(attributes, first);
}

async function judge(
  inputs: PolicyInputs,
  attributes: AdmissionAttributes,
  { policy, bindings, compiled }: BoundPolicy,
  gate: AuthorizerGate,
  outcome: Outcome,
): Promise<void> {
  const name = policy.metadata.name ?? "";
  const misconfigured = (error: unknown, binding?: string) => {
    if (!(error instanceof ConfigurationError)) throw error;
    if (policy.spec.failurePolicy === "Ignore") return;
    const message = `failed to configure ${binding === undefined ? "policy" : "binding"}: ${messageOf(error)}`;
    outcome.denials.push({ policy: name, binding, message, reason: undefined });
  };
  try {
    const variant = await matchResources(policy.spec.matchConstraints, attributes, inputs);
    if (variant === undefined) return;
    const paramResource = inputs.params.resourceOf(policy.spec.paramKind);
    const notes = new Notes();
    let base: ActivationInputs | undefined;
    for (const binding of bindings) {
      try {
        if ((await matchResources(binding.spec.matchResources, attributes, inputs)) === undefined) continue;
        const all = await collectParams(paramResource, binding.spec.paramRef, attributes.namespace);
        const namespace = await namespaceFor(attributes, inputs.objects);
        base ??= await activationInputs(attributes, variant, namespace, gate);
        for (const params of all) {
          const own = { ...base, params };
          const since = inputs.clock.monotonic();
          const verdict = await gate.run(() => evaluate(compiled, own));
          const tookMs = inputs.clock.monotonic() - since;
          act(attributes, policy, binding, verdict, outcome, notes);
          count(inputs.metrics, policy, binding, verdict, tookMs);
        }
      } catch (error) {
        misconfigured(error, binding.metadata.name ?? "");
      }
    }
    notes.publish(name, attributes);
  } catch (error) {
    misconfigured(error);
  }
}

/** A policy's own annotations: the values of all its bindings and parameters, each once. */
class Notes {
  readonly #values = new Map<string, Set<string>>();

  add(key: string, value: string): void {
    const known = this.#values.get(key) ?? new Set();
    known.add(Buffer.from(value).subarray(0, annotationBytesMax).toString());
    this.#values.set(key, known);
  }

  publish(policy: string, attributes: AdmissionAttributes): void {
    for (const [key, values] of this.#values) annotate(attributes, `${policy}/${key}`, [...values].join(", "));
  }
}

function count(metrics: PolicyMetrics, policy: Policy, binding: Binding, verdict: Verdict, tookMs: number): void {
  const [name, bindingName] = [policy.metadata.name ?? "", binding.metadata.name ?? ""];
  const observe = (action: PolicyAction, message: string) =>
    metrics.validated(name, bindingName, action, message, tookMs);
  for (const { message } of verdict.decisions)
    for (const action of binding.spec.validationActions) observe(action.toLowerCase() as PolicyAction, message);
  for (const message of verdict.annotationProblems) observe("deny", message);
}

/** Carries out the binding's actions. */
function act(
  { context }: AdmissionAttributes,
  policy: Policy,
  binding: Binding,
  verdict: Verdict,
  { denials, failures }: Outcome,
  notes: Notes,
): void {
  const [name, bindingName] = [policy.metadata.name ?? "", binding.metadata.name ?? ""];
  const { validationActions } = binding.spec;
  for (const { index, message, reason } of verdict.decisions) {
    for (const action of validationActions) {
      if (action === "Deny") denials.push({ policy: name, binding: bindingName, message, reason });
      else if (action === "Audit")
        failures.push({ message, policy: name, binding: bindingName, expressionIndex: index, validationActions });
      else {
        const who = `ValidatingAdmissionPolicy '${name}' with binding '${bindingName}'`;
        context.warn(`Validation failed for ${who}: ${message}`);
      }
    }
  }
  for (const { key, value } of verdict.annotations) notes.add(key, value);
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
