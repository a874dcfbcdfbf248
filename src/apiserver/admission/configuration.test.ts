import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform } from "../../base/index.ts";
import { type AdmissionSettings, readAdmissionSettings } from "./configuration.ts";
import { type PluginSelection, pluginNames } from "./select.ts";

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n";
const everything = { enable: [...pluginNames], disable: [] };

async function read(
  files: Readonly<Record<string, string>>,
  selection: PluginSelection = { ...everything, enable: [] },
): Promise<AdmissionSettings> {
  const platform = createVirtualPlatform();
  await platform.disk.makeDirectory("/etc/kubernetes");
  for (const [path, text] of Object.entries(files)) await platform.disk.write(path, text);
  return readAdmissionSettings("/etc/kubernetes/admission.yaml", selection, platform);
}

const inline = (name: string, configuration: string): Promise<AdmissionSettings> =>
  read(
    {
      "/etc/kubernetes/admission.yaml": `${head}- name: ${name}\n  configuration:\n${configuration.replace(/^/gm, "    ")}\n`,
    },
    { enable: [name], disable: [] },
  );

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
  const { eventLimits } = await read(
    {
      "/etc/kubernetes/admission.yaml": `${head}- {name: EventRateLimit, path: events.yaml}\n`,
      "/etc/kubernetes/events.yaml":
        "apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{type: Namespace, qps: 50, burst: 100}]",
    },
    { enable: ["EventRateLimit"], disable: [] },
  );
  assert.deepEqual(eventLimits, [{ type: "Namespace", qps: 50, burst: 100, cacheSize: 4096 }]);
});

test("limited resources", async () => {
  const { limitedResources } = await inline(
    "ResourceQuota",
    "apiVersion: apiserver.config.k8s.io/v1\nkind: ResourceQuotaConfiguration\nlimitedResources: [{resource: pods, matchContains: [gpu], matchScopes: [{scopeName: PriorityClass, operator: In, values: [high]}]}]",
  );
  const matchScopes = [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }];
  assert.deepEqual(limitedResources, [{ group: "", resource: "pods", matchContains: ["gpu"], matchScopes }]);
});

test("tolerations and node selectors", async () => {
  const { tolerations } = await inline(
    "PodTolerationRestriction",
    "apiVersion: podtolerationrestriction.admission.k8s.io/v1alpha1\nkind: Configuration\ndefault: [{key: a, operator: Exists, tolerationSeconds: 5, effect: NoExecute}]\nunknown: 1",
  );
  assert.deepEqual(tolerations, {
    default: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }],
    whitelist: [],
  });
  const { nodeSelectors } = await inline(
    "PodNodeSelector",
    "podNodeSelectorPluginConfig: {clusterDefaultNodeSelector: disk=ssd, default: disk=ssd}",
  );
  assert.deepEqual(nodeSelectors, { clusterDefaultNodeSelector: "disk=ssd", default: "disk=ssd" });
  const legacy = { "/etc/kubernetes/admission.yaml": "podNodeSelectorPluginConfig: {default: a=b}" };
  assert.deepEqual(await read(legacy, { enable: ["PodNodeSelector"], disable: [] }), {
    nodeSelectors: { default: "a=b" },
  });
});

test("as whom webhooks are called, by the names of the users", async () => {
  const users = ["hooks.example.com:8443", "*.example.com", "*"].map((name) => ({
    name,
    user: { token: `of ${name}` },
  }));
  const { mutatingCredentials, validatingCredentials } = await read({
    "/etc/kubernetes/admission.yaml": `${head}- name: MutatingAdmissionWebhook\n  configuration: {apiVersion: apiserver.config.k8s.io/v1, kind: WebhookAdmissionConfiguration, kubeConfigFile: /etc/hooks.conf}\n`,
    "/etc/hooks.conf": JSON.stringify({ apiVersion: "v1", kind: "Config", users }),
  });
  assert.equal(validatingCredentials, undefined);
  const of = (host: string) => mutatingCredentials?.(host)?.authorization();
  assert.equal(await of("hooks.example.com:8443"), "Bearer of hooks.example.com:8443");
  assert.equal(await of("other.example.com:443"), "Bearer of *.example.com");
  assert.equal(await of("other.example.com:8443"), "Bearer of *");
  assert.equal(await of("web.default.svc:443"), "Bearer of *");
});

test("what does not run is not configured, and of two entries the first counts", async () => {
  const limits = (burst: number) =>
    `{name: EventRateLimit, configuration: {apiVersion: eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, limits: [{type: Server, qps: 1, burst: ${burst}}]}}`;
  const text = `${head}- {name: ImagePolicyWebhook, path: gone.yaml}\n- ${limits(1)}\n- ${limits(2)}\n- {name: Nonsense, path: gone.yaml}\n`;
  const files = { "/etc/kubernetes/admission.yaml": text };
  assert.deepEqual(await read(files), {});
  const { eventLimits } = await read(files, { enable: ["EventRateLimit"], disable: [] });
  assert.deepEqual(
    eventLimits?.map(({ burst }) => burst),
    [1],
  );
});

const events = "apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\n";
const head2 = "failed to apply admission: ";
const failedInit = (name: string, why: string) => `${head2}couldn't init admission plugin "${name}": ${why}`;
const webhook = (rest: string) =>
  inline(
    "MutatingAdmissionWebhook",
    `apiVersion: apiserver.config.k8s.io/v1\nkind: WebhookAdmissionConfiguration\n${rest}`,
  );
const images = (rest: string) => inline("ImagePolicyWebhook", `imagePolicy: {${rest}}`);

const refused: readonly (readonly [string, () => Promise<unknown>, string])[] = [
  [
    "unknown levels and odd versions, all of them",
    () => podSecurity("defaults: {enforce: strict, warn-version: v2}"),
    `${head2}failed to initialize admission plugin "PodSecurity": PodSecurity configuration error: [enforce: must be one of privileged, baseline, restricted, warn-version: must be "latest" or "v1.x"]`,
  ],
  [
    "exemptions of what cannot be",
    () => podSecurity("exemptions: {namespaces: [a, a], usernames: ['']}"),
    `${head2}failed to initialize admission plugin "PodSecurity": PodSecurity invalid: [exemptions.namespaces[1]: Duplicate value: "a", exemptions.usernames[0]: Invalid value: "": username must not be empty]`,
  ],
  [
    "an unknown field",
    () => podSecurity("default: {}"),
    failedInit("PodSecurity", 'strict decoding error: unknown field "default"'),
  ],
  [
    "another kind",
    () => inline("PodSecurity", "apiVersion: v1\nkind: ConfigMap"),
    failedInit("PodSecurity", 'no kind "ConfigMap" is registered for version "v1"'),
  ],
  [
    "no limits",
    () => inline("EventRateLimit", events),
    failedInit("EventRateLimit", "limits: Invalid value: null: must not be empty"),
  ],
  [
    "limits of nothing",
    () => inline("EventRateLimit", `${events}limits: [{type: Nope, qps: 0, burst: -1, cacheSize: -2}]`),
    failedInit(
      "EventRateLimit",
      '[limits[0].type: Unsupported value: "Nope": supported values: "Server", "Namespace", "User", "SourceAndObject", limits[0].burst: Invalid value: -1: must be positive, limits[0].qps: Invalid value: 0: must be positive, limits[0].cacheSize: Invalid value: -2: must not be negative]',
    ),
  ],
  [
    "limited resources without a name",
    () =>
      inline(
        "ResourceQuota",
        "apiVersion: apiserver.config.k8s.io/v1\nkind: ResourceQuotaConfiguration\nlimitedResources: [{apiGroup: a}]",
      ),
    failedInit("ResourceQuota", "limitedResources[0].resource: Required value"),
  ],
  [
    "a kubeconfig by a relative path",
    () => webhook("kubeConfigFile: ./hooks.conf"),
    failedInit(
      "MutatingAdmissionWebhook",
      'kubeConfigFile: Invalid value: "./hooks.conf": must be an absolute file path',
    ),
  ],
  [
    "a kubeconfig that is missing",
    () => webhook("kubeConfigFile: /hooks.conf"),
    failedInit("MutatingAdmissionWebhook", "stat /hooks.conf: no such file or directory"),
  ],
  [
    "manifests",
    () => webhook("staticManifestsDir: /manifests"),
    failedInit(
      "MutatingAdmissionWebhook",
      "staticManifestsDir: Forbidden: staticManifestsDir requires the ManifestBasedAdmissionControlConfig feature gate to be enabled",
    ),
  ],
  [
    "image policy without a server",
    () => images(""),
    failedInit(
      "ImagePolicyWebhook",
      "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
    ),
  ],
  [
    "image policy that is remembered for too long",
    () => images("allowTTL: 100000"),
    failedInit("ImagePolicyWebhook", "valid value is between 1s and 30m0s, got 27h46m40s"),
  ],
  [
    "no image policy",
    () => read({ "/etc/kubernetes/admission.yaml": head }, { enable: ["ImagePolicyWebhook"], disable: [] }),
    failedInit("ImagePolicyWebhook", "no config specified"),
  ],
  [
    "tolerations that cannot be",
    () =>
      inline(
        "PodTolerationRestriction",
        "apiVersion: podtolerationrestriction.admission.k8s.io/v1alpha1\nkind: Configuration\ndefault: [{key: a, operator: Nope}]",
      ),
    failedInit(
      "PodTolerationRestriction",
      'invalid config: [podtolerationrestriction.default[0].operator: Unsupported value: "Nope": supported values: "Equal", "Exists"]',
    ),
  ],
  [
    "a missing file",
    () => read({ "/etc/kubernetes/admission.yaml": `${head}- {name: PodSecurity, path: gone.yaml}` }),
    `${head2}couldn't open admission plugin configuration /etc/kubernetes/gone.yaml: open /etc/kubernetes/gone.yaml: no such file or directory`,
  ],
];
for (const [what, work, message] of refused) test(`refused: ${what}`, () => assert.rejects(work(), { message }));
