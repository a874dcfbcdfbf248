import type { Namespace } from "../../../api/index.ts";
import type { Bindings, CelMap, KubeObject } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { namespaceNamed } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import type { Variant } from "../webhook/equivalents.ts";
import { type ActivationInputs, activation, type AuthorizerGate } from "./activation.ts";
import type { CompiledPolicy } from "./compile-policy.ts";
import { Budget, LazyVariables, meetsConditions, type Outcome, run } from "./expressions.ts";

const messageBytesMax = 5 * 1024;

/** What is wrong, of one validation. */
export interface Decision {
  readonly index: number;
  readonly message: string;
  readonly reason: string | undefined;
}

/** What came of one policy with one parameter. */
export interface Verdict {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  readonly annotationProblems: readonly string[];
}

const fine: Verdict = { decisions: [], annotations: [], annotationProblems: [] };

/** The request's objects in the version that matched. */
export async function activationInputs(
  attributes: AdmissionAttributes,
  variant: Variant,
  namespace: Namespace | undefined,
  gate: AuthorizerGate,
): Promise<ActivationInputs> {
  const convert = async (of: KubeObject | undefined) => (of === undefined ? undefined : await variant.convert(of));
  const { object, oldObject } = attributes;
  return {
    ...{ attributes, variant, namespace, params: undefined, gate },
    object: await convert(object),
    oldObject: await convert(oldObject),
  };
}

/** What `namespaceObject` is: nothing for what is in no namespace, and for namespaces. Rejects with 404. */
export async function namespaceFor(
  { namespace, kind }: AdmissionAttributes,
  objects: ClusterObjects,
): Promise<Namespace | undefined> {
  const isNamespace = kind.group === "" && kind.version === "v1" && kind.kind === "Namespace";
  return namespace === "" || isNamespace ? undefined : namespaceNamed(namespace, objects);
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

/** Whether a policy's conditions are met. They see no namespace and have an account of their own. */
export function conditionsMet(
  policy: Pick<CompiledPolicy, "variables" | "conditions" | "ignoresFailures">,
  inputs: ActivationInputs,
): { readonly matches: boolean; readonly problem: string | undefined } {
  if (policy.conditions.length === 0) return { matches: true, problem: undefined };
  const budget = Budget.ofConditions();
  const bindings = bindingsOf(policy, { ...inputs, namespace: undefined }, budget);
  const { matches, problem } = meetsConditions(policy.conditions, bindings, budget);
  return problem !== undefined && policy.ignoresFailures
    ? { matches: false, problem: undefined }
    : { matches, problem };
}

/** Upstream: `validator.Validate`. */
export function evaluate(policy: CompiledPolicy, inputs: ActivationInputs): Verdict {
  const failed = (message: string): Verdict =>
    policy.ignoresFailures ? fine : { ...fine, decisions: [{ index: 0, message, reason: undefined }] };
  const { matches, problem } = conditionsMet(policy, inputs);
  if (problem !== undefined) return failed(problem);
  if (!matches) return fine;
  const budget = Budget.ofPolicy();
  const bindings = bindingsOf(policy, inputs, budget);
  const outcomes: Outcome[] = [];
  for (const { expression } of policy.validations) {
    const outcome = run(expression, bindings, budget);
    // Nothing more can be paid for, and what was found does not count.
    if (outcome.type === "error" && outcome.outOfBudget) return failed(outcome.message);
    outcomes.push(outcome);
  }
  const decisions = outcomes.flatMap((outcome, index) => decide(policy, index, outcome, bindings, budget) ?? []);
  const annotated = annotate(policy, inputs);
  return "problem" in annotated ? failed(annotated.problem) : { decisions, ...annotated };
}

function decide(
  policy: CompiledPolicy,
  index: number,
  outcome: Outcome,
  bindings: Bindings,
  budget: Budget,
): Decision | undefined {
  const own = policy.validations[index];
  if (own === undefined || (outcome.type === "value" && outcome.value === true)) return undefined;
  const failed = (message: string) => (policy.ignoresFailures ? undefined : { index, message, reason: undefined });
  if (outcome.type === "error") return failed(outcome.message);
  const { validation, message } = own;
  const otherwise = (validation.message ?? "").trim() || `failed expression: ${validation.expression.trim()}`;
  if (message === undefined) return { index, message: otherwise, reason: validation.reason };
  const told = run(message, bindings, budget);
  if (told.type === "error" && told.outOfBudget) return failed(`failed messageExpression: ${told.message}`);
  const text = told.type === "value" && typeof told.value === "string" ? told.value.trim() : "";
  const usable = text !== "" && !text.includes("\n") && Buffer.byteLength(text) <= messageBytesMax;
  return { index, message: usable ? text : otherwise, reason: validation.reason };
}

type Annotated = Pick<Verdict, "annotations" | "annotationProblems"> | { readonly problem: string };

function annotate(policy: CompiledPolicy, inputs: ActivationInputs): Annotated {
  if (policy.auditAnnotations.length === 0) return { annotations: [], annotationProblems: [] };
  const budget = Budget.ofPolicy();
  const bindings = bindingsOf(policy, inputs, budget);
  const annotations: { key: string; value: string }[] = [];
  const annotationProblems: string[] = [];
  for (const { key, expression } of policy.auditAnnotations) {
    const outcome = run(expression, bindings, budget);
    if (outcome.type === "error") {
      if (outcome.outOfBudget) return { problem: outcome.message };
      if (!policy.ignoresFailures) annotationProblems.push(outcome.message);
    } else if (typeof outcome.value === "string" && outcome.value.trim() !== "") {
      annotations.push({ key, value: outcome.value.trim() });
    }
  }
  return { annotations, annotationProblems };
}
