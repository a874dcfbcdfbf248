import type { AuthenticationResult, Authenticator, Credentials, UserInfo } from "./contract.ts";
import { bearerToken, systemGroups } from "./users.ts";

/**
 * Asks in order; the first that knows the caller wins. A bad credential is remembered but later authenticators may
 * still accept it. A bearer token that nobody accepts is refused even when anonymous requests are allowed. Every
 * user but the anonymous one becomes a member of `system:authenticated`.
 */
export function unionAuthenticator(authenticators: readonly Authenticator[], anonymous?: Authenticator): Authenticator {
  return {
    name: authenticators.map((authenticator) => authenticator.name).join(","),
    authenticate(credentials, signal) {
      const answer = ask(authenticators, 0, undefined, credentials, signal);
      const finish = (result: AuthenticationResult): AuthenticationResult | Promise<AuthenticationResult> => {
        if (result.type === "authenticated") return { ...result, user: authenticated(result.user) };
        if (result.type === "rejected") return result;
        if (bearerToken(credentials.headers["authorization"]) !== undefined) {
          return { type: "rejected", message: "invalid bearer token" };
        }
        return anonymous?.authenticate(credentials, signal) ?? result;
      };
      return answer instanceof Promise ? answer.then(finish) : finish(answer);
    },
  };
}

/** Asks in order and adds nothing of its own. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return {
    name: authenticators.map(({ name }) => name).join(","),
    authenticate: (credentials, signal) => ask(authenticators, 0, undefined, credentials, signal),
  };
}

function ask(
  authenticators: readonly Authenticator[],
  start: number,
  refusal: AuthenticationResult | undefined,
  credentials: Credentials,
  signal: AbortSignal,
): AuthenticationResult | Promise<AuthenticationResult> {
  let refused = refusal;
  for (let index = start; index < authenticators.length; index++) {
    const answer = authenticators[index]?.authenticate(credentials, signal) ?? { type: "none" };
    if (answer instanceof Promise) {
      return answer.then((settled) =>
        settled.type === "authenticated"
          ? settled
          : ask(authenticators, index + 1, settled.type === "rejected" ? settled : refused, credentials, signal),
      );
    }
    if (answer.type === "authenticated") return answer;
    if (answer.type === "rejected") refused = answer;
  }
  return refused ?? { type: "none" };
}

const withGroup = new WeakMap<UserInfo, UserInfo>();

/** The same object for the same user, so that caches keyed by it work. */
function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(systemGroups.authenticated) || user.groups.includes(systemGroups.unauthenticated))
    return user;
  const known = withGroup.get(user);
  if (known !== undefined) return known;
  const extended = { ...user, groups: [...user.groups, systemGroups.authenticated] };
  withGroup.set(user, extended);
  return extended;
}
