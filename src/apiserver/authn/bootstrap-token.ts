import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/index.ts";
import { type Authenticator, bearerToken, systemGroups } from "../../component/index.ts";

/** A Secret `bootstrap-token-<id>` of kube-system, its data decoded. */
export interface BootstrapTokenSecret {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
  readonly deleted: boolean;
}

const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

/** Tokens with which new nodes ask to join. Upstream: "Authenticating with bootstrap tokens". */
export function bootstrapTokenAuthenticator(
  secretNamed: (name: string) => BootstrapTokenSecret | undefined,
  clock: Clock,
): Authenticator {
  return {
    name: "bootstrap-token",
    authenticate(credentials) {
      const match = tokenPattern.exec(bearerToken(credentials.headers["authorization"]) ?? "");
      if (match === null) return { type: "none" };
      const [, id = "", secret = ""] = match;
      const found = secretNamed(`bootstrap-token-${id}`);
      if (found === undefined || !usable(found, id, secret, clock.now())) return { type: "none" };
      const extraGroups = (found.data["auth-extra-groups"] ?? "").split(",").filter((group) => group !== "");
      return {
        type: "authenticated",
        user: { name: `system:bootstrap:${id}`, groups: [systemGroups.bootstrappers, ...extraGroups] },
      };
    },
  };
}

function usable(found: BootstrapTokenSecret, id: string, secret: string, nowMs: number): boolean {
  const { data } = found;
  const expected = Buffer.from(data["token-secret"] ?? "");
  const given = Buffer.from(secret);
  return (
    !found.deleted &&
    found.type === "bootstrap.kubernetes.io/token" &&
    data["token-id"] === id &&
    data["usage-bootstrap-authentication"] === "true" &&
    expected.length === given.length &&
    timingSafeEqual(expected, given) &&
    (data["expiration"] === undefined || Date.parse(data["expiration"]) > nowMs)
  );
}
