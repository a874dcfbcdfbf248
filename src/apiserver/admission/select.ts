import type { AdmissionPlugin } from "./contract.ts";

/** Which admission plug-ins run beside, or instead of, those that are on by default. */
export interface PluginSelection {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** All there are, in the order in which they run. Upstream: `AllOrderedPlugins`. */
export const pluginNames: readonly string[] = [
  ...["AlwaysAdmit", "NamespaceAutoProvision", "NamespaceLifecycle", "NamespaceExists"],
  ...["LimitPodHardAntiAffinityTopology", "LimitRanger", "ServiceAccount", "NodeRestriction"],
  ...["TaintNodesByCondition", "AlwaysPullImages", "ImagePolicyWebhook", "PodSecurity", "PodNodeSelector"],
  ...["Priority", "DefaultTolerationSeconds", "PodTolerationRestriction", "EventRateLimit"],
  ...["ExtendedResourceToleration", "DefaultStorageClass", "StorageObjectInUseProtection", "PodGroupProtection"],
  ...["OwnerReferencesPermissionEnforcement", "PersistentVolumeClaimResize", "RuntimeClass"],
  ...["CertificateApproval", "CertificateSigning", "ClusterTrustBundleAttest", "CertificateSubjectRestriction"],
  ...["DefaultIngressClass", "DenyServiceExternalIPs", "PodTopologyLabels", "PodGroupWorkloadExists"],
  ...["NodeDeclaredFeatureValidator", "JobValidation", "PodResizeValidator"],
  ...["MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "ValidatingAdmissionPolicy"],
  ...["ValidatingAdmissionWebhook", "ResourceQuota", "AlwaysDeny"],
];

/** On only when asked for, as upstream has it. */
const offByDefault: ReadonlySet<string> = new Set([
  ...["AlwaysAdmit", "AlwaysDeny", "AlwaysPullImages", "DenyServiceExternalIPs", "EventRateLimit"],
  ...["ExtendedResourceToleration", "ImagePolicyWebhook", "LimitPodHardAntiAffinityTopology"],
  ...["NamespaceAutoProvision", "NamespaceExists", "NodeRestriction", "OwnerReferencesPermissionEnforcement"],
  ...["PodNodeSelector", "PodTolerationRestriction"],
]);

export const defaultPlugins: readonly string[] = pluginNames.filter((name) => !offByDefault.has(name));

/** Without a selection: what a cluster made by kubeadm has. Upstream's default is without NodeRestriction. */
const usual: PluginSelection = { enable: ["NodeRestriction"], disable: [] };

/** What is wrong with the flags, in upstream's words. */
export function selectionProblems({ enable, disable }: PluginSelection): readonly string[] {
  const unknown = Object.entries({ enable, disable }).flatMap(([flag, names]) =>
    names
      .filter((name) => !pluginNames.includes(name))
      .map((name) => `${flag}-admission-plugins plugin ${JSON.stringify(name)} is unknown`),
  );
  const both = [...new Set(enable)].filter((name) => disable.includes(name)).toSorted();
  if (both.length === 0) return unknown;
  return [...unknown, `[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`];
}

/** Whether a plug-in runs. */
export function isEnabled(name: string, { enable, disable }: PluginSelection = usual): boolean {
  return enable.includes(name) || (!disable.includes(name) && !offByDefault.has(name));
}

/** Feature gates without which a plug-in does nothing. */
const gates: Readonly<Record<string, string>> = { PodTopologyLabels: "PodTopologyLabelsAdmission" };

/** Those that run, of the plug-ins given; in their order. */
export function selectPlugins(
  plugins: readonly AdmissionPlugin[],
  selection: PluginSelection = usual,
  isFeatureOn: (gate: string) => boolean = () => true,
): readonly AdmissionPlugin[] {
  const isOn = (gate: string | undefined) => gate === undefined || isFeatureOn(gate);
  return plugins.filter(({ name }) => isEnabled(name, selection) && isOn(gates[name]));
}
