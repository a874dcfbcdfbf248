import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Node, Pod } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Client } from "../../../client/index.ts";
import { createCertificateRequest, generateKey } from "../../../component/index.ts";
import { refusal, startStandardControlPlane, type TestControlPlane } from "../../../testing/index.ts";

let plane: TestControlPlane;
let client: Client;

type Any = KubeObject & Record<string, unknown>;
const resource = (name: string, group = "", as: Client = client) =>
  as.resource<Any>({ group, version: "v1", resource: name });
const inDefault = (name: string, group = "", as: Client = client) => resource(name, group, as).namespace("default");

const object = (kind: string, name: string, more: object = {}, apiVersion = "v1") =>
  ({ apiVersion, kind, metadata: { name }, ...more }) as unknown as Any;
const pod = (name: string, spec: object = {}, metadata: object = {}) =>
  object("Pod", name, { metadata: { name, ...metadata }, spec: { containers: [{ name: "a", image: "a" }], ...spec } });

/** What is said of an object that is refused, behind `… is forbidden: `. */
async function why(work: Promise<unknown>): Promise<string> {
  const { message = "", code } = await refusal(work);
  assert.equal(code, 403, message);
  return message.replace(/^.*? is forbidden: /, "");
}

const asNode = (name = "n1") =>
  plane.clientFor({ name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] });

describe("built-in admission plug-ins", () => {
  before(async () => {
    plane = await startStandardControlPlane();
    client = plane.client;
    await inDefault("serviceaccounts").create(object("ServiceAccount", "default"));
  });
  after(() => plane.stop());

  describe("NamespaceLifecycle", () => {
    it("has its say before all others", async () => {
      const { message, code } = await refusal(resource("pods").namespace("nowhere").create(pod("p")));
      assert.deepEqual([code, message], [404, 'namespaces "nowhere" not found']);
    });

    it("lets nothing into namespaces that are going, and keeps the system's", async () => {
      await resource("namespaces").create(object("Namespace", "going"));
      await resource("configmaps").namespace("going").create(object("ConfigMap", "c"));
      await resource("namespaces").delete("going");
      const status = await refusal(resource("configmaps").namespace("going").create(object("ConfigMap", "d")));
      assert.equal(
        status.message,
        'configmaps "d" is forbidden: unable to create new content in namespace going because it is being terminated',
      );
      assert.deepEqual(status.details?.causes, [
        {
          ...{ reason: "NamespaceTerminating", field: "metadata.namespace" },
          message: "namespace going is being terminated",
        },
      ]);
      for (const name of ["default", "kube-system", "kube-public"])
        assert.equal(await why(resource("namespaces").delete(name)), "this namespace may not be deleted");
    });
  });

  describe("LimitRanger", () => {
    const range = (limits: object) => object("LimitRange", "range", { spec: { limits: [limits] } });
    const withRange = async (limits: object, work: () => Promise<void>) => {
      await inDefault("limitranges").create(range(limits));
      try {
        await work();
      } finally {
        await inDefault("limitranges").delete("range");
      }
    };
    const container = (requests: object, limits: object = {}) => ({
      containers: [{ name: "a", image: "a", resources: { requests, limits } }],
    });

    it("fills in what containers leave open, and says so", async () => {
      const limits = { type: "Container", default: { cpu: "200m", memory: "1Gi" }, defaultRequest: { cpu: "100m" } };
      await withRange(limits, async () => {
        const initContainers = [{ name: "i", image: "a", resources: { limits: { cpu: "1", memory: "1Gi" } } }];
        const made = (await inDefault("pods").create(pod("limited", { initContainers }))) as unknown as Pod;
        assert.equal(
          made.metadata.annotations?.["kubernetes.io/limit-ranger"],
          // The init container's requests come from its limits, by the API's own defaulting.
          "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a",
        );
        const [own] = made.spec?.containers ?? [];
        assert.deepEqual(own?.resources?.limits, { cpu: "200m", memory: "1Gi" });
      });
    });

    it("keeps containers, pods, claims and ratios within bounds", async () => {
      const cases: readonly (readonly [object, object, string])[] = [
        [
          { type: "Container", min: { cpu: "100m" } },
          container({ cpu: "50m" }),
          "minimum cpu usage per Container is 100m, but request is 50m",
        ],
        [
          { type: "Container", max: { memory: "1Gi" } },
          container({}, { memory: "2Gi" }),
          "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ],
        [
          { type: "Pod", max: { cpu: "1" } },
          container({}, { cpu: "2" }),
          "maximum cpu usage per Pod is 1, but limit is 2",
        ],
        [
          { type: "Container", max: { cpu: "1", memory: "1Gi" } },
          container({}, { cpu: "2", memory: "2Gi" }),
          "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]",
        ],
        [{ type: "Pod", min: { cpu: "1" } }, {}, "minimum cpu usage per Pod is 1.  No request is specified"],
        [
          { type: "Container", maxLimitRequestRatio: { cpu: "2" } },
          container({ cpu: "100m" }, { cpu: "500m" }),
          "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000",
        ],
      ];
      for (const [limits, spec, expected] of cases) {
        await withRange(limits, async () =>
          assert.equal(await why(inDefault("pods").create(pod("bounded", spec))), expected),
        );
      }
      await withRange({ type: "PersistentVolumeClaim", max: { storage: "1Gi" } }, async () => {
        const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } };
        const claim = object("PersistentVolumeClaim", "claim", { spec });
        assert.equal(
          await why(inDefault("persistentvolumeclaims").create(claim)),
          "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi",
        );
      });
    });
  });

  describe("ServiceAccount", () => {
    it("gives pods an account and a token, if there is that account", async () => {
      const made = (await inDefault("pods").create(pod("accounted"))) as unknown as Pod;
      assert.equal(made.spec?.serviceAccountName, "default");
      assert.match(made.spec?.volumes?.[0]?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
      assert.equal(
        await why(inDefault("pods").create(pod("lost", { serviceAccountName: "nobody" }))),
        'error looking up service account default/nobody: serviceaccount "nobody" not found',
      );
    });

    it("keeps pods to the secrets of an account that says so", async () => {
      const annotations = { "kubernetes.io/enforce-mountable-secrets": "true" };
      await inDefault("serviceaccounts").create(
        object("ServiceAccount", "strict", { metadata: { name: "strict", annotations }, secrets: [{ name: "mine" }] }),
      );
      const own = { serviceAccountName: "strict" };
      const env = [{ name: "V", valueFrom: { secretKeyRef: { name: "other", key: "k" } } }];
      const because = "is not allowed because service account strict does not reference that secret";
      const cases: readonly (readonly [object, string])[] = [
        [
          { volumes: [{ name: "v", secret: { secretName: "other" } }] },
          `volume with secret.secretName="other" ${because}`,
        ],
        [
          { containers: [{ name: "a", image: "a", env }] },
          `container a with envVar V referencing secret.secretName="other" ${because}`,
        ],
        [
          { initContainers: [{ name: "i", image: "a", env }] },
          `init container i with envVar V referencing secret.secretName="other" ${because}`,
        ],
        [
          { containers: [{ name: "a", image: "a", envFrom: [{ secretRef: { name: "other" } }] }] },
          `container a with envFrom referencing secret.secretName="other" ${because}`,
        ],
        [
          { imagePullSecrets: [{ name: "pull" }] },
          'imagePullSecrets[0].name="pull" is not allowed because service account strict does not reference that imagePullSecret',
        ],
      ];
      for (const [spec, expected] of cases)
        assert.equal(await why(inDefault("pods").create(pod("strict", { ...own, ...spec }))), expected);
      const mine = [{ name: "v", secret: { secretName: "mine" } }];
      await inDefault("pods").create(pod("strict", { ...own, volumes: mine }));
      const ephemeralContainers = [{ name: "debug", image: "a", env }];
      const patch = inDefault("pods").patch(
        "strict",
        { type: "strategic", body: { spec: { ephemeralContainers } } },
        { subresource: "ephemeralcontainers" },
      );
      assert.equal(
        await why(patch),
        `ephemeral container debug with envVar V referencing secret.secretName="other" ${because}`,
      );
    });
  });

  describe("NodeRestriction", () => {
    it("keeps kubelets to their own node", async () => {
      const node = (name: string, labels: object = {}) => object("Node", name, { metadata: { name, labels } });
      const nodes = () => resource("nodes", "", asNode());
      assert.equal(await why(nodes().create(node("n2"))), 'node "n1" is not allowed to modify node "n2"');
      const reserved = { "node-restriction.kubernetes.io/x": "y", "example.kubernetes.io/z": "" };
      assert.equal(
        await why(nodes().create(node("n1", reserved))),
        'node "n1" is not allowed to set the following labels: example.kubernetes.io/z, node-restriction.kubernetes.io/x',
      );
      await nodes().create(
        node("n1", { "topology.kubernetes.io/zone": "z1", "kubernetes.io/hostname": "n1", own: "1" }),
      );
      const patch = (body: object) => nodes().patch("n1", { type: "merge", body });
      assert.equal(
        await why(patch({ metadata: { labels: { "example.k8s.io/z": "" } } })),
        "is not allowed to modify labels: example.k8s.io/z",
      );
      assert.equal(await why(patch({ spec: { taints: [] } })), 'node "n1" is not allowed to modify taints');
      await patch({ metadata: { labels: { own: "2" } } });
    });

    it("lets them make nothing but mirror pods, which can do nothing", async () => {
      const { metadata } = (await resource("nodes").get("n1")) as unknown as Node;
      const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid: metadata.uid, controller: true };
      const mirror = { annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences: [owner] };
      const own = { nodeName: "n1" };
      const create = (spec: object, more: object) => inDefault("pods", "", asNode()).create(pod("mirror", spec, more));
      const cases: readonly (readonly [object, object, string])[] = [
        [own, {}, 'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'],
        [{ nodeName: "n2" }, mirror, 'node "n1" can only create pods with spec.nodeName set to itself'],
        [
          own,
          { ...mirror, ownerReferences: [] },
          'node "n1" can only create pods with an owner reference set to itself',
        ],
        [
          own,
          { ...mirror, ownerReferences: [{ ...owner, controller: false }] },
          'node "n1" can only create pods with a controller owner reference set to itself',
        ],
        [
          own,
          { ...mirror, ownerReferences: [{ ...owner, uid: "x" }] },
          `node n1 UID mismatch: expected x got ${metadata.uid}`,
        ],
        [
          { ...own, volumes: [{ name: "v", configMap: { name: "c" } }] },
          mirror,
          'node "n1" can not create pods that reference configmaps',
        ],
        [
          { ...own, volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
          mirror,
          'node "n1" can not create pods that reference persistentvolumeclaims',
        ],
      ];
      for (const [spec, more, expected] of cases) assert.equal(await why(create(spec, more)), expected);
      await create(own, mirror);
      assert.equal(
        await why(inDefault("pods", "", asNode("n2")).delete("mirror")),
        'node "n2" can only delete pods with spec.nodeName set to itself',
      );
    });

    it("gives tokens to pods that run there", async () => {
      const placed = await inDefault("pods").create(pod("placed", { nodeName: "n1" }));
      const request = (boundObjectRef: object | undefined, node = "n1") =>
        inDefault("serviceaccounts", "", asNode(node)).createSubresource("default", "token", {
          ...object("TokenRequest", "default", {
            spec: { audiences: [], ...(boundObjectRef === undefined ? {} : { boundObjectRef }) },
          }),
          apiVersion: "authentication.k8s.io/v1",
        } as unknown as Any);
      const reference = { apiVersion: "v1", kind: "Pod", name: "placed", uid: placed.metadata.uid };
      assert.equal(await why(request(undefined)), "node requested token not bound to a pod");
      assert.equal(
        await why(request({ ...reference, uid: undefined })),
        "node requested token with a pod binding without a uid",
      );
      await request(reference);
    });

    it("lets them evict and report only their own pods, and grow volumes", async () => {
      const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "placed" } } as unknown as Any;
      const evict = inDefault("pods", "", asNode("n2")).createSubresource("placed", "eviction", eviction);
      assert.equal(await why(evict), "node n2 can only evict pods with spec.nodeName set to itself");
      const status = (node: string, body: object) =>
        inDefault("pods", "", asNode(node)).patch("placed", { type: "merge", body }, { subresource: "status" });
      assert.equal(
        await why(status("n2", { status: { message: "x" } })),
        'node "n2" can only update pod status for pods with spec.nodeName set to itself',
      );
      assert.equal(
        await why(status("n1", { metadata: { labels: { a: "b" } } })),
        'node "n1" cannot update labels through pod status',
      );
    });
  });

  describe("Priority", () => {
    const priorityClass = (name: string, more: object) => object("PriorityClass", name, more, "scheduling.k8s.io/v1");

    it("computes priorities, and keeps them where a client leaves them out", async () => {
      await resource("priorityclasses", "scheduling.k8s.io").create(priorityClass("high", { value: 1000 }));
      const made = (await inDefault("pods").create(pod("prior", { priorityClassName: "high" }))) as unknown as Pod;
      assert.deepEqual([made.spec?.priority, made.spec?.preemptionPolicy], [1000, "PreemptLowerPriority"]);
      const { priority: _, preemptionPolicy: __, ...spec } = made.spec ?? {};
      const replaced = (await inDefault("pods").update({ ...made, spec } as unknown as Any)) as unknown as Pod;
      assert.equal(replaced.spec?.priority, 1000);
    });

    it("refuses numbers of one's own, unknown classes and a second default", async () => {
      assert.equal(
        await why(inDefault("pods").create(pod("x", { priorityClassName: "high", priority: 5 }))),
        "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name",
      );
      assert.equal(
        await why(inDefault("pods").create(pod("x", { priorityClassName: "high", preemptionPolicy: "Never" }))),
        "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
      );
      assert.equal(
        await why(inDefault("pods").create(pod("x", { priorityClassName: "none" }))),
        "no PriorityClass with name none was found",
      );
      const classes = resource("priorityclasses", "scheduling.k8s.io");
      await classes.create(priorityClass("default-one", { value: 1, globalDefault: true }));
      assert.equal(
        await why(classes.create(priorityClass("default-two", { value: 2, globalDefault: true }))),
        "PriorityClass default-one is already marked as default. Only one default can exist",
      );
      await classes.delete("default-one");
    });
  });

  describe("PodTopologyLabels", () => {
    it("copies the node's zone and region when a pod is placed", async () => {
      await inDefault("pods").create(pod("to-place", {}, { labels: { "topology.kubernetes.io/region": "mine" } }));
      const binding = object("Binding", "to-place", { target: { kind: "Node", name: "n1" } });
      await inDefault("pods").createSubresource("to-place", "binding", binding);
      const { metadata } = await inDefault("pods").get("to-place");
      assert.deepEqual(metadata.labels, {
        "topology.kubernetes.io/region": "mine",
        "topology.kubernetes.io/zone": "z1",
      });
      const placed = await inDefault("pods").create(pod("placed-at-once", { nodeName: "n1" }));
      assert.deepEqual(placed.metadata.labels, { "topology.kubernetes.io/zone": "z1" });
      const lying = { labels: { "topology.kubernetes.io/zone": "elsewhere" } };
      const corrected = await inDefault("pods").create(pod("corrected", { nodeName: "n1" }, lying));
      assert.deepEqual(corrected.metadata.labels, { "topology.kubernetes.io/zone": "z1" });
    });
  });

  describe("ResourceQuota", () => {
    const quota = async (name: string, hard: Record<string, string>, more: object = {}) => {
      const made = await inDefault("resourcequotas").create(object("ResourceQuota", name, { spec: { hard, ...more } }));
      const used = Object.fromEntries(Object.keys(hard).map((key) => [key, "0"]));
      await inDefault("resourcequotas").updateStatus({ ...made, status: { hard, used } });
    };
    const usedOf = async (name: string) => {
      const { status } = (await inDefault("resourcequotas").get(name)) as unknown as { status: { used: object } };
      return status.used;
    };
    const cm = (name: string) => object("ConfigMap", name);

    it("charges what it lets in, and says what is exceeded", async () => {
      await quota("maps", { configmaps: "2", "count/secrets": "1" });
      await inDefault("configmaps").create(cm("q1"));
      assert.deepEqual(await usedOf("maps"), { configmaps: "1", "count/secrets": "0" });
      await inDefault("configmaps").create(cm("q2"), { dryRun: true } as object);
      assert.deepEqual(await usedOf("maps"), { configmaps: "1", "count/secrets": "0" });
      await inDefault("configmaps").create(cm("q2"));
      const said = "exceeded quota: maps, requested: configmaps=1, used: configmaps=2, limited: configmaps=2";
      assert.equal(await why(inDefault("configmaps").create(cm("q3"))), said);
      assert.equal(await why(inDefault("configmaps").create(cm("q3"), { dryRun: true } as object)), said);
      const { managedFields = [] } = (await inDefault("resourcequotas").get("maps")).metadata;
      const server = managedFields.find(({ manager }) => manager === "kube-apiserver");
      assert.equal(server?.subresource, "status");
      assert.deepEqual(server?.fieldsV1, { "f:status": { "f:used": { "f:configmaps": {} } } });
      await inDefault("resourcequotas").delete("maps");
    });

    it("lets no more in at once than there is room for, however many ask", async () => {
      await quota("burst", { configmaps: "7" });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 30 }, (_, index) => inDefault("configmaps").create(cm(`b${index}`))),
      );
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 7);
      assert.deepEqual(await usedOf("burst"), { configmaps: "7" });
      await inDefault("resourcequotas").delete("burst");
    });

    it("hands nothing out twice where two servers share a store", async () => {
      await quota("shared", { configmaps: "5" });
      const second = await startStandardControlPlane({ store: plane.store });
      try {
        const create = (index: number) =>
          inDefault("configmaps", "", index % 2 === 0 ? client : second.client).create(cm(`shared-${index}`));
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => create(index)));
        const made = outcomes.filter(({ status }) => status === "fulfilled").length;
        // Who loses the race for the status too often is told to try again.
        assert.ok(made <= 5 && made >= 3, `${made} were made`);
        assert.deepEqual(await usedOf("shared"), { configmaps: String(made) });
      } finally {
        await second.halt();
      }
      await inDefault("resourcequotas").delete("shared");
    });

    it("wants compute resources to be named, container by container", async () => {
      await quota("compute", { "limits.cpu": "2", memory: "1Gi" });
      const containers = [
        { name: "a", image: "a", resources: { limits: { cpu: "1" } } },
        { name: "b", image: "a", resources: { requests: { memory: "1Mi" } } },
      ];
      assert.equal(
        await why(inDefault("pods").create(pod("unnamed", { containers }))),
        "failed quota: compute: must specify limits.cpu for: b; memory for: a",
      );
      const resources = { limits: { cpu: "3", memory: "2Gi" } };
      assert.equal(
        await why(inDefault("pods").create(pod("large", { containers: [{ name: "a", image: "a", resources }] }))),
        "exceeded quota: compute, requested: limits.cpu=3,memory=2Gi, used: limits.cpu=0,memory=0, limited: limits.cpu=2,memory=1Gi",
      );
      await inDefault("resourcequotas").delete("compute");
    });

    it("counts by scope, and not before its status is known", async () => {
      await quota("best-effort", { pods: "0" }, { scopes: ["BestEffort"] });
      assert.match(await why(inDefault("pods").create(pod("scoped"))), /^exceeded quota: best-effort/);
      const resources = { requests: { cpu: "1m" } };
      await inDefault("pods").create(pod("scoped", { containers: [{ name: "a", image: "a", resources }] }));
      await inDefault("resourcequotas").delete("best-effort");
      const made = await inDefault("resourcequotas").create(
        object("ResourceQuota", "unknown", { spec: { hard: { secrets: "0" } } }),
      );
      await inDefault("secrets").create(object("Secret", "s1"));
      await inDefault("resourcequotas").updateStatus({ ...made, status: { hard: { secrets: "0" } } });
      assert.equal(
        await why(inDefault("secrets").create(object("Secret", "s2"))),
        "status unknown for quota: unknown, resources: secrets",
      );
      await inDefault("resourcequotas").delete("unknown");
    });

    it("charges changes by what they add", async () => {
      await quota("services", { "services.nodeports": "1", services: "5" });
      const service = (type: string, ports: number) =>
        object("Service", "changing", {
          spec: { type, ports: Array.from({ length: ports }, (_, index) => ({ name: `p${index}`, port: 80 + index })) },
        });
      await inDefault("services").create(service("ClusterIP", 2));
      const change = inDefault("services").patch("changing", { type: "merge", body: { spec: { type: "NodePort" } } });
      assert.match(
        await why(change),
        /requested: services\.nodeports=2, used: services\.nodeports=0, limited: services\.nodeports=1$/,
      );
      assert.deepEqual(await usedOf("services"), { "services.nodeports": "0", services: "1" });
      await inDefault("resourcequotas").delete("services");
    });
  });

  describe("storage", () => {
    it("protects volumes and claims, and has claims grow only where their class lets them", async () => {
      const spec = {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
        storageClassName: "fixed",
      };
      const claim = await inDefault("persistentvolumeclaims").create(
        object("PersistentVolumeClaim", "grows", { spec }),
      );
      assert.deepEqual(claim.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
      const grow = () =>
        inDefault("persistentvolumeclaims").patch("grows", {
          type: "merge",
          body: { spec: { resources: { requests: { storage: "2Gi" } } } },
        });
      // Validation comes first, upstream too.
      assert.equal((await refusal(grow())).code, 422);
      await inDefault("persistentvolumeclaims").updateStatus({ ...claim, status: { phase: "Bound" } });
      assert.equal(
        await why(grow()),
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
    });
  });

  describe("certificates", () => {
    const group = "certificates.k8s.io";
    const signer = "kubernetes.io/kube-apiserver-client";
    const pemOf = (organizations: readonly string[]) =>
      createCertificateRequest(generateKey(), { commonName: "u", organizations });
    const csr = (name: string, pem: string, signerName = signer) =>
      object(
        "CertificateSigningRequest",
        name,
        { spec: { request: Buffer.from(pem).toString("base64"), signerName, usages: ["client auth"] } },
        `${group}/v1`,
      );
    const requests = (as: Client = client) => resource("certificatesigningrequests", group, as);

    it("make nobody an administrator", async () => {
      assert.equal(
        await why(requests().create(csr("admin", pemOf(["system:masters"])))),
        `use of ${signer} signer with system:masters group is not allowed`,
      );
    });

    it("are approved and signed only by those who may for that signer", async () => {
      const made = await requests().create(csr("plain", pemOf(["team"])));
      const rules = [
        {
          apiGroups: [group],
          resources: ["certificatesigningrequests/approval", "certificatesigningrequests/status"],
          verbs: ["update"],
        },
      ];
      const rbac = "rbac.authorization.k8s.io";
      const subjects = [{ kind: "User", apiGroup: rbac, name: "eve" }];
      const roleRef = { kind: "ClusterRole", apiGroup: rbac, name: "half" };
      await resource("clusterroles", rbac).create(object("ClusterRole", "half", { rules }, `${rbac}/v1`));
      await resource("clusterrolebindings", rbac).create(
        object("ClusterRoleBinding", "half", { subjects, roleRef }, `${rbac}/v1`),
      );
      const eve = plane.clientFor({ name: "eve", groups: ["system:authenticated"] });
      const conditions = [{ type: "Approved", status: "True", reason: "R", message: "m" }];
      const approved = { ...made, status: { conditions } };
      const name = JSON.stringify(signer);
      assert.equal(
        await why(requests(eve).updateSubresource("plain", "approval", approved)),
        `user not permitted to approve requests with signerName ${name}`,
      );
      const failed = { ...made, status: { conditions: [{ ...conditions[0], type: "Failed" }] } };
      assert.equal(
        await why(requests(eve).updateStatus(failed)),
        `user not permitted to sign requests with signerName ${name}`,
      );
      await requests().updateSubresource("plain", "approval", approved);
    });
  });

  describe("RuntimeClass", () => {
    it("refuses classes that there are not, and overhead of one's own", async () => {
      assert.equal(
        await why(inDefault("pods").create(pod("r", { runtimeClassName: "none" }))),
        'pod rejected: RuntimeClass "none" not found',
      );
      assert.equal(
        await why(inDefault("pods").create(pod("r", { overhead: { cpu: "1" } }))),
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
      );
      assert.equal(
        await why(inDefault("pods").create(pod("r", { overhead: {} }))),
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
      );
    });
  });
});
