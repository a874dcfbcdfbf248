import { goQuotedList } from "../../../apimachinery/index.ts";
import { type FlagValues, flag } from "../../../component/index.ts";

export const authorizationFlags = {
  "authorization-mode": flag.textList({
    usage: "Ordered list of plug-ins: AlwaysAllow, AlwaysDeny, ABAC, Webhook, RBAC, Node. Default: AlwaysAllow.",
  }),
  "authorization-policy-file": flag.text({
    usage: "File with authorization policy in json line by line format, used with --authorization-mode=ABAC.",
  }),
  "authorization-webhook-config-file": flag.text({
    usage: "File with webhook configuration in kubeconfig format, used with --authorization-mode=Webhook.",
  }),
  "authorization-webhook-version": flag.text({
    usage: "Version of the SubjectAccessReviews that the webhook is sent: v1 or v1beta1.",
    default: "v1beta1",
  }),
  "authorization-webhook-cache-authorized-ttl": flag.duration({
    usage: "How long the webhook's permissions are remembered.",
    default: 300_000,
  }),
  "authorization-webhook-cache-unauthorized-ttl": flag.duration({
    usage: "How long the webhook's refusals are remembered.",
    default: 30_000,
  }),
  "authorization-config": flag.text({
    usage: "File with an AuthorizationConfiguration; instead of --authorization-mode and --authorization-webhook-*.",
  }),
};

export type AuthorizationFlags = FlagValues<typeof authorizationFlags>;

const modes = ["AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node"];

/** What upstream refuses before it starts. */
export function checkAuthorization(flags: AuthorizationFlags): readonly string[] {
  const problems: string[] = [];
  const given = flags["authorization-mode"];
  const policy = flags["authorization-policy-file"];
  const webhook = flags["authorization-webhook-config-file"];
  if (flags["authorization-config"] !== "") {
    const both = given.length > 0 || webhook !== "";
    return both
      ? [
          "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined",
        ]
      : problems;
  }
  for (const mode of given) {
    if (!modes.includes(mode)) problems.push(`authorization-mode ${JSON.stringify(mode)} is not a valid mode`);
    if (mode === "ABAC" && policy === "")
      problems.push("authorization-mode ABAC's authorization policy file not passed");
    if (mode === "Webhook" && webhook === "") {
      problems.push("authorization-mode Webhook's authorization config file not passed");
    }
  }
  if (policy !== "" && !given.includes("ABAC")) {
    problems.push("cannot specify --authorization-policy-file without mode ABAC");
  }
  if (webhook !== "" && !given.includes("Webhook")) {
    problems.push("cannot specify --authorization-webhook-config-file without mode Webhook");
  }
  if (new Set(given).size < given.length) {
    problems.push(`authorization-mode ${goQuotedList(given)} has mode specified more than once`);
  }
  return problems;
}
