import assert from "node:assert/strict";
import { test } from "node:test";
import { type AdmissionSettings, readAdmissionSettings } from "./configuration.ts";

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n";

function read(files: Readonly<Record<string, string>>): Promise<AdmissionSettings> {
  return readAdmissionSettings("/etc/kubernetes/admission.yaml", async (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`open ${path}: no such file or directory`);
    return text;
  });
}

const inline = (name: string, configuration: string): Promise<AdmissionSettings> =>
  read({
    "/etc/kubernetes/admission.yaml": `${head}- name: ${name}\n  configuration:\n${configuration.replace(/^/gm, "    ")}\n`,
  });

const podSecurity = (rest: string) =>
  inline("PodSecurity", `apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n${rest}`);

test("pod security: defaults and exemptions", async () => {
  const { podSecurity: settings } = await podSecurity(
    "defaults: {enforce: baseline, enforce-version: v1.30, warn: restricted}\nexemptions: {namespaces: [kube-system], usernames: [root]}",
  );
  assert.deepEqual(settings?.defaults, {
    enforce: { level: "baseline", version: "v1.30" },
    audit: { level: "privileged", version: "latest" },
    warn: { level: "restricted", version: "latest" },
  });
  assert.deepEqual([...(settings?.exemptions.namespaces ?? [])], ["kube-system"]);
  assert.deepEqual([...(settings?.exemptions.usernames ?? [])], ["root"]);
});

test("configurations in files of their own, by paths from the first", async () => {
  const { eventLimits } = await read({
    "/etc/kubernetes/admission.yaml": `${head}- {name: EventRateLimit, path: events.yaml}\n`,
    "/etc/kubernetes/events.yaml":
      "apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{type: Namespace, qps: 50, burst: 100}]",
  });
  assert.deepEqual(eventLimits, [{ type: "Namespace", qps: 50, burst: 100, cacheSize: 4096 }]);
});

test("limited resources", async () => {
  const { limitedResources } = await inline(
    "ResourceQuota",
    "apiVersion: apiserver.config.k8s.io/v1\nkind: ResourceQuotaConfiguration\nlimitedResources: [{resource: pods, matchContains: [gpu]}]",
  );
  assert.deepEqual(limitedResources, [{ group: "", resource: "pods", matchContains: ["gpu"] }]);
});

const refused: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
  [
    "an unknown level",
    () => podSecurity("defaults: {enforce: strict}"),
    /couldn't init admission plugin "PodSecurity": defaults\.enforce: Invalid value: "strict": must be one of privileged, baseline, restricted/,
  ],
  [
    "an odd version",
    () => podSecurity("defaults: {warn-version: v2}"),
    /defaults\.warn-version: Invalid value: "v2": must be "latest" or "v1\.x"/,
  ],
  ["an unknown field", () => podSecurity("default: {}"), /strict decoding error: unknown field "default"/],
  [
    "another kind",
    () => inline("PodSecurity", "apiVersion: v1\nkind: ConfigMap"),
    /no kind "ConfigMap" is registered for version "v1"/,
  ],
  [
    "a limit of nothing",
    () =>
      inline(
        "EventRateLimit",
        "apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{type: Server, qps: 0, burst: 1}]",
      ),
    /limits\[0\]\.qps: Invalid value: 0: must be positive/,
  ],
  [
    "a missing file",
    () => read({ "/etc/kubernetes/admission.yaml": `${head}- {name: PodSecurity, path: gone.yaml}` }),
    /open \/etc\/kubernetes\/gone\.yaml: no such file/,
  ],
  [
    "a plug-in twice",
    () => read({ "/etc/kubernetes/admission.yaml": `${head}- {name: A}\n- {name: A}` }),
    /plugin "A" is configured more than once/,
  ],
];
for (const [what, work, message] of refused) test(`refused: ${what}`, () => assert.rejects(work(), { message }));
