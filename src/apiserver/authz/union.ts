import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "./contract.ts";

/** Asks in order; the first that allows or denies decides. Stays synchronous while its members do. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    name: authorizers.map((authorizer) => authorizer.name).join(","),
    authorize: (attributes, signal) => decide(authorizers, 0, [], attributes, signal),
  };
}

function decide(
  authorizers: readonly Authorizer[],
  start: number,
  earlier: readonly AuthorizationDecision[],
  attributes: AuthorizationAttributes,
  signal: AbortSignal,
): AuthorizationDecision | Promise<AuthorizationDecision> {
  const undecided = [...earlier];
  for (let index = start; index < authorizers.length; index++) {
    const answer = authorizers[index]?.authorize(attributes, signal);
    if (answer === undefined) continue;
    if (answer instanceof Promise) {
      return answer.then((settled) =>
        settled.decision === "no-opinion"
          ? decide(authorizers, index + 1, [...undecided, settled], attributes, signal)
          : settled,
      );
    }
    if (answer.decision !== "no-opinion") return answer;
    undecided.push(answer);
  }
  const errors = undecided.flatMap((answer) => answer.evaluationError ?? []);
  return {
    decision: "no-opinion",
    reason: undecided
      .map((answer) => answer.reason)
      .filter((reason) => reason !== "")
      .join("\n"),
    ...(errors.length === 0 ? {} : { evaluationError: errors.join(", ") }),
  };
}
