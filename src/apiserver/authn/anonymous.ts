import type { Authenticator } from "./contract.ts";
import { anonymousUser } from "./users.ts";

/** `--anonymous-auth`: whoever brings no credential is `system:anonymous`. Last in the chain. */
export const anonymousAuthenticator: Authenticator = {
  name: "anonymous",
  authenticate: () => ({ type: "authenticated", user: anonymousUser }),
};
