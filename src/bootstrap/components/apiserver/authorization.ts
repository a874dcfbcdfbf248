import { type Disk, messageOf } from "../../../base/index.ts";
import {
  abacAuthorizer,
  type AuthorizationMode,
  type ConfiguredAuthorizer,
  type ConfiguredWebhook,
  InvalidAuthorizationConfig,
  parseAuthorizationConfig,
  type ReviewSpec,
  type ReviewStatus,
  WebhookAuthorizer,
  webhookMetrics,
} from "../../../apiserver/index.ts";
import { FlagError, type MetricsRegistry } from "../../../component/index.ts";
import type { AuthorizationFlags } from "./authorization-flags.ts";
import { readText } from "./read-text.ts";
import { type Outgoing, webhookPost } from "./webhook-client.ts";

/** Requests to the webhook of `--authorization-webhook-config-file`. */
const timeoutMsDefault = 30_000;

/** Reads the authorizers that the flags ask for, in their order; as often as it is asked. */
export function authorizationSource(
  outgoing: Outgoing,
  flags: AuthorizationFlags,
  metrics: MetricsRegistry,
): () => Promise<readonly AuthorizationMode[]> {
  let counted: Counted | undefined;
  const counting = (): Counted => (counted ??= webhookMetrics(metrics));
  return () => modesOf(outgoing, flags, counting);
}

type Counted = ReturnType<typeof webhookMetrics>;

async function modesOf(
  outgoing: Outgoing,
  flags: AuthorizationFlags,
  counting: () => Counted,
): Promise<readonly AuthorizationMode[]> {
  const file = flags["authorization-config"];
  if (file !== "") return configured(outgoing, file, counting());
  const given = flags["authorization-mode"].length === 0 ? ["AlwaysAllow"] : flags["authorization-mode"];
  return Promise.all(given.map((mode) => modeOf(outgoing, flags, mode, counting)));
}

async function modeOf(
  outgoing: Outgoing,
  flags: AuthorizationFlags,
  mode: string,
  counting: () => Counted,
): Promise<AuthorizationMode> {
  if (mode === "ABAC") {
    const path = flags["authorization-policy-file"];
    const authorizer = abacAuthorizer(path, await outgoing.platform.disk.readText(path));
    return { type: "ABAC", name: "abac", authorizer };
  }
  if (mode !== "Webhook") return mode as AuthorizationMode;
  const webhook: ConfiguredWebhook = {
    authorizedTtlMs: flags["authorization-webhook-cache-authorized-ttl"],
    unauthorizedTtlMs: flags["authorization-webhook-cache-unauthorized-ttl"],
    timeoutMs: timeoutMsDefault,
    version: flags["authorization-webhook-version"] === "v1" ? "v1" : "v1beta1",
    failurePolicy: "NoOpinion",
    kubeConfigFile: flags["authorization-webhook-config-file"],
    conditions: undefined,
  };
  return webhookMode(outgoing, "default", webhook, counting());
}

async function configured(outgoing: Outgoing, file: string, counted: Counted): Promise<readonly AuthorizationMode[]> {
  const authorizers = readConfig(await configText(outgoing.platform.disk, file));
  const problems = await Promise.all(authorizers.map((entry, index) => missingFile(outgoing, entry, index)));
  const [problem] = problems.filter((one) => one !== undefined);
  if (problem !== undefined) throw new FlagError(problem);
  return Promise.all(
    authorizers.map((entry) =>
      entry.type === "Webhook" ? webhookMode(outgoing, entry.name, entry.webhook, counted) : entry.type,
    ),
  );
}

async function configText(disk: Disk, file: string): Promise<string> {
  try {
    return await readText(disk, file);
  } catch (error) {
    throw new FlagError(messageOf(error));
  }
}

function readConfig(text: string): ReturnType<typeof parseAuthorizationConfig> {
  try {
    return parseAuthorizationConfig(text);
  } catch (error) {
    if (error instanceof InvalidAuthorizationConfig) throw new FlagError(error.message);
    throw new FlagError(`failed to load AuthorizationConfiguration from file: ${messageOf(error)}`);
  }
}

async function missingFile(
  { platform: { disk } }: Outgoing,
  entry: ConfiguredAuthorizer,
  index: number,
): Promise<string | undefined> {
  const file = entry.type === "Webhook" ? entry.webhook.kubeConfigFile : undefined;
  if (file === undefined || (await disk.status(file)) !== undefined) return undefined;
  const why = `error loading file: stat ${file}: no such file or directory`;
  return `authorizers[${index}].connectionInfo.kubeConfigFile: Invalid value: ${JSON.stringify(file)}: ${why}`;
}

async function webhookMode(
  outgoing: Outgoing,
  name: string,
  webhook: ConfiguredWebhook,
  counted: Counted,
): Promise<AuthorizationMode> {
  if (webhook.kubeConfigFile === undefined) {
    throw new FlagError("connectionInfo of type InClusterConfig needs a server that runs in a pod");
  }
  const post = await webhookPost(outgoing, webhook.kubeConfigFile, webhook.timeoutMs);
  const review = async (spec: ReviewSpec, signal: AbortSignal): Promise<ReviewStatus> => {
    const answer = (await post(reviewOf(spec, webhook.version), signal)) as { status?: ReviewStatus } | null;
    return { ...answer?.status, allowed: answer?.status?.allowed === true };
  };
  const { clock } = outgoing.platform;
  const options = { ...webhook, name, clock, review, metrics: counted(name) };
  const { conditions, ...rest } = options;
  const authorizer = new WebhookAuthorizer({ ...rest, ...(conditions === undefined ? {} : { conditions }) });
  return { type: "Webhook", name, authorizer };
}

/** The older version calls the groups `group`. */
function reviewOf({ groups, ...spec }: ReviewSpec, version: "v1" | "v1beta1"): unknown {
  const named = groups === undefined ? {} : version === "v1" ? { groups } : { group: groups };
  const metadata = { creationTimestamp: null };
  return {
    kind: "SubjectAccessReview",
    apiVersion: `authorization.k8s.io/${version}`,
    metadata,
    spec: { ...spec, ...named },
    status: { allowed: false },
  };
}
