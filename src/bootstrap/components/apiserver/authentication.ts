import {
  type AuthenticationFile,
  type Authenticator,
  firstOf,
  InvalidAuthenticationConfig,
  jwtAuthenticator,
  oidcAuthenticator,
  parseAuthenticationConfig,
  type TokenReviewStatus,
  webhookTokenAuthenticator,
} from "../../../apiserver/index.ts";
import { messageOf, type Platform } from "../../../base/index.ts";
import { FlagError } from "../../../component/index.ts";
import { issuerFetch } from "./issuer-fetch.ts";
import { readText } from "./read-text.ts";
import type { TokenFlags } from "./token-flags.ts";
import { type Outgoing, webhookPost } from "./webhook-client.ts";

const allAlgorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];
const webhookTimeoutMs = 30_000;

export interface TokenAuthentication {
  readonly authenticators: readonly Authenticator[];
  /** Undefined: as `--anonymous-auth` says. */
  readonly anonymous: boolean | readonly string[] | undefined;
  /** Takes the issuers of `--authentication-config` as they are now; who may be nobody stays. Rejects mistakes. */
  reload(): Promise<void>;
}

export async function tokenAuthentication(
  outgoing: Outgoing,
  flags: TokenFlags,
  audiences: readonly string[],
): Promise<TokenAuthentication> {
  const { platform } = outgoing;
  const file = await configFile(platform, flags);
  let issuers = issuersOf(platform, file);
  const configured: Authenticator = {
    name: "jwt",
    authenticate: (credentials, signal) => issuers.authenticate(credentials, signal),
  };
  const authenticators = [
    ...(await oidcIssuer(platform, flags)),
    ...(file === undefined ? [] : [configured]),
    ...(await tokenWebhook(outgoing, flags, audiences)),
  ];
  const open = file?.anonymous;
  return {
    authenticators,
    anonymous: open === undefined || open.paths.length === 0 ? open?.enabled : open.paths,
    reload: async () => {
      issuers = issuersOf(platform, await configFile(platform, flags));
    },
  };
}

function issuersOf({ clock }: Platform, file: AuthenticationFile | undefined): Authenticator {
  const all = (file?.issuers ?? []).map(({ certificateAuthority, userOf, ...issuer }) => {
    const fetch = issuerFetch(clock, certificateAuthority);
    return jwtAuthenticator({ ...issuer, signingAlgorithms: allAlgorithms, fetch }, userOf, clock);
  });
  return firstOf(all);
}

async function configFile({ disk }: Platform, flags: TokenFlags): Promise<AuthenticationFile | undefined> {
  const path = flags["authentication-config"];
  if (path === "") return undefined;
  try {
    return parseAuthenticationConfig(await readText(disk, path));
  } catch (error) {
    if (error instanceof InvalidAuthenticationConfig) throw new FlagError(error.message);
    const reason = messageOf(error);
    throw new FlagError(`failed to load authentication configuration from file ${JSON.stringify(path)}: ${reason}`);
  }
}

async function oidcIssuer({ clock, disk }: Platform, flags: TokenFlags): Promise<readonly Authenticator[]> {
  const issuerUrl = flags["oidc-issuer-url"];
  if (issuerUrl === "") return [];
  if (!issuerUrl.startsWith("https://")) {
    throw new FlagError(
      `'oidc-issuer-url' (${JSON.stringify(issuerUrl)}) has invalid scheme ("http"), require 'https'`,
    );
  }
  const prefix = flags["oidc-username-prefix"];
  const groups = flags["oidc-groups-claim"];
  const ca = flags["oidc-ca-file"];
  const options = {
    issuerUrl,
    audiences: [flags["oidc-client-id"]],
    usernameClaim: flags["oidc-username-claim"],
    ...(prefix === "" ? {} : { usernamePrefix: prefix === "-" ? "" : prefix }),
    ...(groups === "" ? {} : { groupsClaim: groups, groupsPrefix: flags["oidc-groups-prefix"] }),
    requiredClaims: flags["oidc-required-claim"],
    signingAlgorithms: flags["oidc-signing-algs"],
    fetch: issuerFetch(clock, ca === "" ? undefined : await disk.readText(ca)),
  };
  return [oidcAuthenticator(options, clock)];
}

async function tokenWebhook(
  outgoing: Outgoing,
  flags: TokenFlags,
  audiences: readonly string[],
): Promise<readonly Authenticator[]> {
  const file = flags["authentication-token-webhook-config-file"];
  if (file === "") return [];
  const version = flags["authentication-token-webhook-version"] === "v1" ? "v1" : "v1beta1";
  const post = await webhookPost(outgoing, file, webhookTimeoutMs);
  const authenticator = webhookTokenAuthenticator({
    clock: outgoing.platform.clock,
    audiences,
    ttlMs: flags["authentication-token-webhook-cache-ttl"],
    review: async (spec, signal) => {
      const metadata = { creationTimestamp: null };
      const apiVersion = `authentication.k8s.io/${version}`;
      const answer = await post({ kind: "TokenReview", apiVersion, metadata, spec, status: { user: {} } }, signal);
      return (answer as { readonly status?: TokenReviewStatus } | null)?.status ?? {};
    },
  });
  return [authenticator];
}
