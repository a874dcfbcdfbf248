import type { AdmissionPlugin } from "./contract.ts";

/** Which admission plug-ins run beside, or instead of, those that are on by default. */
export interface PluginSelection {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** On only when asked for, as upstream has it. */
const offByDefault: ReadonlySet<string> = new Set([
  "AlwaysAdmit",
  "AlwaysDeny",
  "AlwaysPullImages",
  "DenyServiceExternalIPs",
  "EventRateLimit",
  "ExtendedResourceToleration",
  "LimitPodHardAntiAffinityTopology",
  "NamespaceExists",
  "NodeRestriction",
  "OwnerReferencesPermissionEnforcement",
  "PodNodeSelector",
]);

/** Upstream's other plug-ins, for what is not served here; switching them off is no mistake. */
const elsewhere: ReadonlySet<string> = new Set([
  "ImagePolicyWebhook",
  "JobValidation",
  "NamespaceAutoProvision",
  "NodeDeclaredFeatureValidator",
  "PodGroupProtection",
  "PodGroupWorkloadExists",
  "PodResizeValidator",
  "PodTolerationRestriction",
]);

/** Without a selection: what a cluster made by kubeadm has. Upstream's default is without NodeRestriction. */
const usual: PluginSelection = { enable: ["NodeRestriction"], disable: [] };

/** Throws for a name that is none, in upstream's words. Their order is always the same. */
export function selectPlugins(
  plugins: readonly AdmissionPlugin[],
  selection: PluginSelection = usual,
): readonly AdmissionPlugin[] {
  const { enable, disable } = selection;
  const known = new Set(plugins.map(({ name }) => name));
  for (const [flag, names] of Object.entries({ enable, disable })) {
    if (selection === usual) break;
    for (const name of names) {
      if (!known.has(name) && !(flag === "disable" && elsewhere.has(name)))
        throw new Error(`${flag}-admission-plugins plugin ${JSON.stringify(name)} is unknown`);
    }
  }
  const both = enable.find((name) => disable.includes(name));
  if (both !== undefined)
    throw new Error(`${both} in enable-admission-plugins and disable-admission-plugins overlapped`);
  return plugins.filter(({ name }) => enable.includes(name) || (!disable.includes(name) && !offByDefault.has(name)));
}
