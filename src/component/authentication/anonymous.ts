import type { Authenticator } from "./contract.ts";
import { anonymousUser } from "./users.ts";

/** `--anonymous-auth`: whoever brings no credential is `system:anonymous`. Last in the chain. */
export const anonymousAuthenticator: Authenticator = {
  name: "anonymous",
  authenticate: () => ({ type: "authenticated", user: anonymousUser }),
};

/** The same for some paths only. */
export function anonymousAt(paths: readonly string[]): Authenticator {
  const open = new Set(paths);
  return {
    name: "anonymous",
    authenticate: ({ path }) =>
      path !== undefined && open.has(path) ? { type: "authenticated", user: anonymousUser } : { type: "none" },
  };
}
