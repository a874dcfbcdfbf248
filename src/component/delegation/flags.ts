import { type FlagValues, flag } from "../flags/index.ts";

/** How long answers of the API server are taken as still true. */
const cacheTtlMs = 10_000;

export interface DelegationDefaults {
  /** Whether the component starts when it cannot read whom the cluster trusts. */
  readonly tolerateLookupFailure: boolean;
}

/** Upstream: `DelegatingAuthenticationOptions` and `DelegatingAuthorizationOptions`. */
export const delegationFlags = ({ tolerateLookupFailure }: DelegationDefaults) => ({
  "authentication-kubeconfig": flag.text({
    usage: "How to reach the API server that tells whose tokens these are. Without it tokens are not looked at.",
  }),
  "authentication-skip-lookup": flag.boolean({
    usage: "Do not ask the cluster for authorities that flags do not name.",
  }),
  "authentication-tolerate-lookup-failure": flag.boolean({
    usage: "Start even when the cluster does not tell its authorities.",
    default: tolerateLookupFailure,
  }),
  "authentication-token-webhook-cache-ttl": flag.duration({
    usage: "How long answers about tokens are remembered.",
    default: cacheTtlMs,
  }),
  "client-ca-file": flag.text({ usage: "Clients with a certificate of one of these authorities are authenticated." }),
  "requestheader-client-ca-file": flag.text({ usage: "Authorities of proxies that vouch for their users." }),
  "requestheader-allowed-names": flag.textList({ usage: "Common names of such proxies; empty for any." }),
  "requestheader-username-headers": flag.textList({
    usage: "Headers to inspect for user names.",
    default: ["x-remote-user"],
  }),
  "requestheader-group-headers": flag.textList({
    usage: "Headers to inspect for groups.",
    default: ["x-remote-group"],
  }),
  "requestheader-uid-headers": flag.textList({ usage: "Headers to inspect for UIDs." }),
  "requestheader-extra-headers-prefix": flag.textList({
    usage: "Prefixes of headers with more about the user.",
    default: ["x-remote-extra-"],
  }),
  "authorization-kubeconfig": flag.text({
    usage: "How to reach the API server that tells who may ask. Without it only open paths are answered.",
  }),
  "authorization-always-allow-paths": flag.textList({
    usage: "Paths that everybody may ask for; a final * stands for any rest.",
    default: ["/healthz", "/readyz", "/livez"],
  }),
  "authorization-webhook-cache-authorized-ttl": flag.duration({
    usage: "How long permissions are remembered.",
    default: cacheTtlMs,
  }),
  "authorization-webhook-cache-unauthorized-ttl": flag.duration({
    usage: "How long refusals are remembered.",
    default: cacheTtlMs,
  }),
});

export type DelegationFlags = FlagValues<ReturnType<typeof delegationFlags>>;
