import { isAbsolute } from "node:path/posix";
import { fieldErrorMessage, fieldPath, forbidden, invalid } from "../../../apimachinery/index.ts";
import type { Platform } from "../../../base/index.ts";
import { loadKubeconfig, parseKubeconfig } from "../../../client/index.ts";
import { ConfigError, decodeConfiguration, field, formatDuration } from "../../../component/index.ts";
import type { AdmissionSettings } from "../configuration.ts";
import { credentialsByHost, type CredentialsByHost } from "../webhook/credentials.ts";
import { initFailure } from "./decoders.ts";
import { imageReviewer } from "./image-reviewer.ts";

/** What calling others needs. */
export type Outgoing = Pick<Platform, "disk" | "clock" | "processes">;

type CallDecoder = (value: unknown, outgoing: Outgoing) => Promise<AdmissionSettings>;

function decoder(name: string, decode: CallDecoder): CallDecoder {
  return async (value, outgoing) => {
    try {
      return await decode(value, outgoing);
    } catch (error) {
      throw initFailure(name, error);
    }
  };
}

/** Of the plug-ins that ask others, by their names. */
export const callDecoders: Readonly<Record<string, CallDecoder>> = {
  ImagePolicyWebhook: decoder("ImagePolicyWebhook", imagePolicyOf),
  MutatingAdmissionWebhook: decoder("MutatingAdmissionWebhook", async (value, outgoing) => {
    const mutatingCredentials = await credentialsIn(value, outgoing);
    return mutatingCredentials === undefined ? {} : { mutatingCredentials };
  }),
  ValidatingAdmissionWebhook: decoder("ValidatingAdmissionWebhook", async (value, outgoing) => {
    const validatingCredentials = await credentialsIn(value, outgoing);
    return validatingCredentials === undefined ? {} : { validatingCredentials };
  }),
};

const webhookAdmission = {
  apiVersions: ["apiserver.config.k8s.io/v1"],
  kind: "WebhookAdmissionConfiguration",
  shape: { kubeConfigFile: field.text(), staticManifestsDir: field.text() },
};

async function credentialsIn(value: unknown, outgoing: Outgoing): Promise<CredentialsByHost | undefined> {
  if (value === undefined) return undefined;
  const { kubeConfigFile, staticManifestsDir } = decodeConfiguration(value, webhookAdmission);
  if (kubeConfigFile !== "" && !isAbsolute(kubeConfigFile)) {
    const problem = invalid(fieldPath("kubeConfigFile"), kubeConfigFile, "must be an absolute file path");
    throw new ConfigError(fieldErrorMessage(problem));
  }
  if (staticManifestsDir !== "") {
    const why = "staticManifestsDir requires the ManifestBasedAdmissionControlConfig feature gate to be enabled";
    throw new ConfigError(fieldErrorMessage(forbidden(fieldPath("staticManifestsDir"), why)));
  }
  if (kubeConfigFile === "") return undefined;
  return credentialsByHost(await kubeconfigAt(kubeConfigFile, outgoing), outgoing);
}

export async function kubeconfigAt(path: string, { disk }: Pick<Outgoing, "disk">): ReturnType<typeof loadKubeconfig> {
  if ((await disk.status(path)) === undefined) throw new ConfigError(`stat ${path}: no such file or directory`);
  const given = parseKubeconfig(await disk.readText(path), path);
  const { kind = "Config", apiVersion = "v1" } = given as { readonly kind?: string; readonly apiVersion?: string };
  if (kind === "Config" && apiVersion === "v1") return loadKubeconfig(disk, [path]);
  const registered = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
  throw new ConfigError(`error loading config file ${JSON.stringify(path)}: ${registered}`);
}

const minuteMs = 60_000;
const times = {
  retryBackoff: { unitMs: 1, least: "1ns", mostMs: 5 * minuteMs, initialMs: 500 },
  allowTTL: { unitMs: 1_000, least: "1s", mostMs: 30 * minuteMs, initialMs: 5 * minuteMs },
  denyTTL: { unitMs: 1_000, least: "1s", mostMs: 30 * minuteMs, initialMs: 30_000 },
};

/** The file has no kind: all that it says is under `imagePolicy`. */
async function imagePolicyOf(value: unknown, outgoing: Outgoing): Promise<AdmissionSettings> {
  if (value === undefined) throw new ConfigError("no config specified");
  const { imagePolicy } = value as { readonly imagePolicy?: unknown };
  const given = shape.read(imagePolicy, "imagePolicy", []);
  const [retryBackoffMs, allowTtlMs, denyTtlMs] = (["retryBackoff", "allowTTL", "denyTTL"] as const).map((name) =>
    timeOf(given[name], times[name]),
  );
  const post = await imageReviewer(given.kubeConfigFile, retryBackoffMs ?? 0, outgoing);
  const { defaultAllow } = given;
  return { imagePolicy: { post, allowTtlMs: allowTtlMs ?? 0, denyTtlMs: denyTtlMs ?? 0, defaultAllow } };
}

const shape = field.object({
  ...{ kubeConfigFile: field.text(), defaultAllow: field.boolean() },
  ...{ allowTTL: field.integer(), denyTTL: field.integer(), retryBackoff: field.integer() },
});

/** -1: not at all; 0: as usual. */
function timeOf(value: number, { unitMs, least, mostMs, initialMs }: (typeof times)["allowTTL"]): number {
  if (value === -1) return 0;
  if (value === 0) return initialMs;
  const ms = value * unitMs;
  if (ms > 0 && ms <= mostMs) return ms;
  const [most, got] = [mostMs, ms].map(formatDuration);
  throw new ConfigError(`valid value is between ${least} and ${most}, got ${got}`);
}
