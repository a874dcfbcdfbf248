import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, RuleResolver } from "./contract.ts";

/** Told which member decided. */
type DecisionObserver = (index: number, decision: "allow" | "deny") => void;

/** Asks in order; the first that allows or denies decides. Stays synchronous while its members do. */
export function unionAuthorizer(authorizers: readonly Authorizer[], onDecision?: DecisionObserver): Authorizer {
  return {
    name: authorizers.map((authorizer) => authorizer.name).join(","),
    authorize: (attributes, signal) => decide({ authorizers, onDecision, attributes, signal }, 0, []),
  };
}

interface Question {
  readonly authorizers: readonly Authorizer[];
  readonly onDecision: DecisionObserver | undefined;
  readonly attributes: AuthorizationAttributes;
  readonly signal: AbortSignal;
}

function decide(
  question: Question,
  start: number,
  earlier: readonly AuthorizationDecision[],
): AuthorizationDecision | Promise<AuthorizationDecision> {
  const { authorizers, onDecision, attributes, signal } = question;
  const undecided = [...earlier];
  for (let index = start; index < authorizers.length; index++) {
    const answer = authorizers[index]?.authorize(attributes, signal);
    if (answer === undefined) continue;
    if (answer instanceof Promise) {
      return answer.then((settled) => {
        if (settled.decision === "no-opinion") return decide(question, index + 1, [...undecided, settled]);
        onDecision?.(index, settled.decision);
        return settled;
      });
    }
    if (answer.decision !== "no-opinion") {
      onDecision?.(index, answer.decision);
      return answer;
    }
    undecided.push(answer);
  }
  return together(undecided);
}

function together(undecided: readonly AuthorizationDecision[]): AuthorizationDecision {
  const reasons = undecided.map(({ reason }) => reason).filter((reason) => reason !== "");
  const errors = undecided.flatMap(({ evaluationError }) => evaluationError ?? []);
  const evaluationError = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`;
  return {
    decision: "no-opinion",
    reason: reasons.join("\n"),
    ...(evaluationError === undefined || errors.length === 0 ? {} : { evaluationError }),
  };
}

/** All rules that any of them knows of. */
export function unionRules(resolvers: readonly RuleResolver[]): RuleResolver {
  return {
    rulesFor(user, namespace) {
      const all = resolvers.map((resolver) => resolver.rulesFor(user, namespace));
      const errors = all.flatMap(({ evaluationError }) => evaluationError ?? []);
      return {
        resourceRules: all.flatMap(({ resourceRules }) => resourceRules),
        nonResourceRules: all.flatMap(({ nonResourceRules }) => nonResourceRules),
        incomplete: errors.length > 0 || all.some(({ incomplete }) => incomplete),
        ...(errors.length === 0 ? {} : { evaluationError: errors.join(", ") }),
      };
    },
  };
}
