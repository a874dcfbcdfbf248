import { type FlagValues, flag } from "../../../component/index.ts";

/** Tokens that others vouch for: OpenID issuers and webhooks. */
export const tokenFlags = {
  "authentication-config": flag.text({
    usage: "File with an AuthenticationConfiguration: JWT issuers and anonymous access; instead of --oidc-*.",
  }),
  "authentication-token-webhook-config-file": flag.text({
    usage: "File with webhook configuration for token authentication in kubeconfig format.",
  }),
  "authentication-token-webhook-cache-ttl": flag.duration({
    usage: "How long the webhook's answers are remembered.",
    default: 120_000,
  }),
  "authentication-token-webhook-version": flag.text({
    usage: "Version of the TokenReviews that the webhook is sent: v1 or v1beta1.",
    default: "v1beta1",
  }),
  "oidc-issuer-url": flag.text({ usage: "The URL of the OpenID issuer, only HTTPS scheme will be accepted." }),
  "oidc-client-id": flag.text({ usage: "The client ID for the OpenID Connect client." }),
  "oidc-ca-file": flag.text({ usage: "The authority of the OpenID issuer; default the host's." }),
  "oidc-username-claim": flag.text({ usage: "The OpenID claim to use as the user name.", default: "sub" }),
  "oidc-username-prefix": flag.text({ usage: "Prefix of user names; '-' for none." }),
  "oidc-groups-claim": flag.text({ usage: "The OpenID claim of the user's groups." }),
  "oidc-groups-prefix": flag.text({ usage: "Prefix of groups." }),
  "oidc-required-claim": flag.map({ usage: "A key=value pair that an ID token must have." }),
  "oidc-signing-algs": flag.textList({ usage: "Accepted JOSE signing algorithms.", default: ["RS256"] }),
};

export type TokenFlags = FlagValues<typeof tokenFlags>;

/** What upstream refuses before it starts. */
export function checkTokens(flags: TokenFlags): readonly string[] {
  const problems: string[] = [];
  const oidc = flags["oidc-issuer-url"] !== "" || flags["oidc-client-id"] !== "";
  if (oidc && flags["authentication-config"] !== "") {
    problems.push("authentication-config file and oidc-* flags are mutually exclusive");
  }
  if ((flags["oidc-issuer-url"] === "") !== (flags["oidc-client-id"] === "")) {
    problems.push("oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
  }
  return problems;
}
