import { dirname, isAbsolute, join } from "node:path/posix";
import type { ScopedResourceSelectorRequirement } from "../../api/index.ts";
import { parseYaml } from "../../apimachinery/index.ts";
import { isPlatformError, messageOf } from "../../base/index.ts";
import { ConfigError, decodeConfiguration, field } from "../../component/index.ts";
import type { TolerationSeconds } from "./plugins/default-toleration-seconds.ts";
import type { EventLimit } from "./plugins/event-rate-limit.ts";
import type { ImagePolicy } from "./plugins/image-policy-webhook.ts";
import type { NodeSelectors } from "./plugins/pod-node-selector.ts";
import type { TolerationRestriction } from "./plugins/pod-toleration-restriction.ts";
import type { PodSecuritySettings } from "./pod-security/policy.ts";
import { isEnabled, type PluginSelection } from "./select.ts";
import { decoders } from "./settings/decoders.ts";
import { callDecoders, type Outgoing } from "./settings/calls.ts";
import type { CredentialsByHost } from "./webhook/credentials.ts";

/** What plug-ins are told by `--admission-control-config-file`, and by flags of their own. */
export interface AdmissionSettings {
  readonly tolerationSeconds?: TolerationSeconds;
  readonly podSecurity?: PodSecuritySettings;
  readonly eventLimits?: readonly EventLimit[];
  readonly limitedResources?: readonly LimitedResource[];
  readonly tolerations?: TolerationRestriction;
  readonly nodeSelectors?: NodeSelectors;
  readonly imagePolicy?: ImagePolicy;
  /** As whom webhooks are called. */
  readonly mutatingCredentials?: CredentialsByHost;
  readonly validatingCredentials?: CredentialsByHost;
}

/** What may only be taken under a quota that speaks of it. */
export interface LimitedResource {
  readonly group: string;
  readonly resource: string;
  /** Parts of the names that a quota has for it. */
  readonly matchContains: readonly string[];
  /** Objects in one of these scopes want a quota of that scope. */
  readonly matchScopes: readonly ScopedResourceSelectorRequirement[];
}

const configuration = {
  apiVersions: ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"],
  kind: "AdmissionConfiguration",
  shape: {
    plugins: field.listOf(
      field.object({ name: field.text(), path: field.text(), configuration: field.optional(field.raw()) }),
    ),
  },
};

interface PluginConfiguration {
  readonly name: string;
  readonly path: string;
  readonly configuration: unknown;
}

/**
 * Reads the file of `--admission-control-config-file` (none: an empty path), and the files that it names for plug-ins
 * that run, by paths relative to it. Rejects with what the server refuses to start with.
 */
export async function readAdmissionSettings(
  path: string,
  selection: PluginSelection,
  outgoing: Outgoing,
): Promise<AdmissionSettings> {
  try {
    const plugins = path === "" ? [] : await readPlugins(path, selection, outgoing);
    const settings: AdmissionSettings[] = [];
    for (const [name, decode] of Object.entries({ ...decoders, ...callDecoders })) {
      if (!isEnabled(name, selection)) continue;
      const value = await valueFor(name, plugins, outgoing);
      settings.push(await decode(value, outgoing));
    }
    return Object.assign({}, ...settings) as AdmissionSettings;
  } catch (error) {
    throw new ConfigError(`failed to apply admission: ${messageOf(error)}`);
  }
}

async function readPlugins(
  path: string,
  selection: PluginSelection,
  { disk }: Pick<Outgoing, "disk">,
): Promise<readonly PluginConfiguration[]> {
  const text = await readText(disk, path).catch((error: unknown) => {
    const from = `unable to read admission control configuration from ${JSON.stringify(path)}`;
    throw new ConfigError(`failed to read plugin config: ${from} [${messageOf(error)}]`);
  });
  try {
    const { value, duplicates } = parseYaml(text);
    if (duplicates.length > 0)
      throw new ConfigError(`strict decoding error: yaml: unmarshal errors: ${duplicates.join(", ")}`);
    const legacy = legacyPlugins(value, path, selection);
    if (legacy !== undefined) return legacy;
    return decodeConfiguration(value, configuration).plugins.map((plugin) => ({
      ...plugin,
      path: plugin.path === "" || isAbsolute(plugin.path) ? plugin.path : join(dirname(path), plugin.path),
    }));
  } catch (error) {
    throw new ConfigError(`failed to read plugin config: ${messageOf(error)}`);
  }
}

/** Before there was an `AdmissionConfiguration`, the file was that of either of two plug-ins. */
function legacyPlugins(
  value: unknown,
  path: string,
  selection: PluginSelection,
): readonly PluginConfiguration[] | undefined {
  const {
    kind,
    imagePolicy,
    podNodeSelectorPluginConfig: selectors,
  } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (kind !== undefined || (imagePolicy === undefined && selectors === undefined)) return undefined;
  const names = ["ImagePolicyWebhook", "PodNodeSelector"].filter((name) => isEnabled(name, selection));
  return names.map((name) => ({ name, path, configuration: undefined }));
}

/** The first entry of a plug-in counts; what is given in it counts before what is in a file. */
async function valueFor(
  name: string,
  plugins: readonly PluginConfiguration[],
  { disk }: Pick<Outgoing, "disk">,
): Promise<unknown> {
  const found = plugins.find((plugin) => plugin.name === name);
  if (found?.configuration !== undefined) return found.configuration;
  if (found === undefined || found.path === "") return undefined;
  const text = await readText(disk, found.path).catch((error: unknown) => {
    throw new ConfigError(`couldn't open admission plugin configuration ${found.path}: ${messageOf(error)}`);
  });
  // An empty file is a configuration that says nothing, not none.
  return parseYaml(text).value ?? {};
}

async function readText(disk: Outgoing["disk"], path: string): Promise<string> {
  try {
    return await disk.readText(path);
  } catch (error) {
    if (isPlatformError(error, "ENOENT")) throw new ConfigError(`open ${path}: no such file or directory`);
    throw error;
  }
}
