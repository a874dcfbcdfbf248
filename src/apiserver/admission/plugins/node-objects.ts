import {
  containersOf,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
  type TokenRequest,
} from "../../../api/index.ts";
import { type KubeObject, newNotFound, semanticEqual } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { refuse } from "../refuse.ts";

const mirrorAnnotation = "kubernetes.io/config.mirror";

/** A request of a kubelet. */
export interface NodeRequest {
  readonly attributes: AdmissionAttributes;
  readonly node: string;
  readonly objects: ClusterObjects;
}

export function checkPod(request: NodeRequest): void {
  const { attributes, node } = request;
  const { subresource, operation } = attributes;
  switch (subresource) {
    case "":
      if (operation === "CREATE") return checkMirror(request);
      if (operation === "DELETE") return checkOwnPod(request, "delete", JSON.stringify(node));
      throw refuse(
        attributes,
        `unexpected operation ${JSON.stringify(operation)}, node ${JSON.stringify(node)} can only create and delete mirror pods`,
      );
    case "status":
      return checkStatus(attributes, node);
    case "eviction":
      return checkOwnPod(request, "evict", node);
    default: {
      const what = JSON.stringify(subresource);
      throw refuse(attributes, `unexpected pod subresource ${what}, only 'status' and 'eviction' are allowed`);
    }
  }
}

function checkOwnPod({ attributes, node, objects }: NodeRequest, verb: string, called: string): void {
  const { namespace, name, oldObject } = attributes;
  const pod = (oldObject as Pod | undefined) ?? objects.get<Pod>("", "pods", namespace, name);
  if (pod === undefined) throw newNotFound({ group: "", resource: "pods" }, name);
  if (pod.spec?.nodeName === node) return;
  throw refuse(attributes, `node ${called} can only ${verb} pods with spec.nodeName set to itself`);
}

function checkStatus(attributes: AdmissionAttributes, node: string): void {
  const [pod, old] = [attributes.object as Pod, attributes.oldObject as Pod];
  const own = JSON.stringify(node);
  if (attributes.operation !== "UPDATE")
    throw refuse(attributes, `unexpected operation ${JSON.stringify(attributes.operation)}`);
  if (old.spec?.nodeName !== node)
    throw refuse(attributes, `node ${own} can only update pod status for pods with spec.nodeName set to itself`);
  if (!semanticEqual(pod.metadata.labels, old.metadata.labels))
    throw refuse(attributes, `node ${own} cannot update labels through pod status`);
  if (!semanticEqual(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses))
    throw refuse(attributes, `node ${own} cannot update resource claim statues`);
}

/** Static pods are shown by pods of no rights, that go with their node. */
function checkMirror({ attributes, node, objects }: NodeRequest): void {
  const pod = attributes.object as Pod;
  const own = JSON.stringify(node);
  const problem = mirrorProblem(pod, own, node) ?? ownerProblem(pod, own, node) ?? referenceProblem(pod, own);
  if (problem !== undefined) throw refuse(attributes, problem);
  const found = objects.get<Node>("", "nodes", "", node);
  if (found === undefined) throw newNotFound({ group: "", resource: "nodes" }, node);
  const uid = pod.metadata.ownerReferences?.[0]?.uid;
  if (uid !== found.metadata.uid)
    throw refuse(attributes, `node ${node} UID mismatch: expected ${uid} got ${found.metadata.uid}`);
}

function mirrorProblem(pod: Pod, own: string, node: string): string | undefined {
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined)
    return `pod does not have ${JSON.stringify(mirrorAnnotation)} annotation, node ${own} can only create mirror pods`;
  return pod.spec?.nodeName === node ? undefined : `node ${own} can only create pods with spec.nodeName set to itself`;
}

function ownerProblem({ metadata }: Pod, own: string, node: string): string | undefined {
  const owners = metadata.ownerReferences ?? [];
  const [owner] = owners;
  if (owners.length > 1) return `node ${own} can only create pods with a single owner reference set to itself`;
  if (owner === undefined || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node)
    return `node ${own} can only create pods with an owner reference set to itself`;
  if (owner.controller !== true)
    return `node ${own} can only create pods with a controller owner reference set to itself`;
  return owner.blockOwnerDeletion === true
    ? `node ${own} must not set blockOwnerDeletion on an owner reference`
    : undefined;
}

function referenceProblem({ spec }: Pod, own: string): string | undefined {
  const all = containersOf(spec);
  const volumes = spec?.volumes ?? [];
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  const uses: readonly (readonly [string, boolean])[] = [
    ["a service account", (spec?.serviceAccountName ?? "") !== ""],
    [
      "secrets",
      (spec?.imagePullSecrets ?? []).length > 0 ||
        volumes.some(({ secret }) => secret !== undefined) ||
        sources.some(({ secret }) => secret !== undefined) ||
        all.some(
          ({ env, envFrom }) =>
            env?.some((one) => one.valueFrom?.secretKeyRef) || envFrom?.some((one) => one.secretRef),
        ),
    ],
    [
      "configmaps",
      volumes.some(({ configMap }) => configMap !== undefined) ||
        sources.some(({ configMap }) => configMap !== undefined) ||
        all.some(
          ({ env, envFrom }) =>
            env?.some((one) => one.valueFrom?.configMapKeyRef) || envFrom?.some((one) => one.configMapRef),
        ),
    ],
    ["clustertrustbundles", sources.some(({ clusterTrustBundle }) => clusterTrustBundle !== undefined)],
    ["persistentvolumeclaims", volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined)],
  ];
  const used = uses.find(([, isUsed]) => isUsed);
  return used === undefined ? undefined : `node ${own} can not create pods that reference ${used[0]}`;
}

/** A kubelet that has grown a volume says so, and nothing else. */
export function checkClaim(attributes: AdmissionAttributes, node: string): void {
  const { operation, subresource } = attributes;
  if (subresource !== "status") throw refuse(attributes, "may only update PVC status");
  if (operation !== "UPDATE") throw refuse(attributes, `unexpected operation ${JSON.stringify(operation)}`);
  const rest = ({ metadata, spec, status }: PersistentVolumeClaim) => {
    const { resourceVersion: _, managedFields: __, ...own } = metadata;
    const {
      capacity: _a,
      conditions: _b,
      allocatedResources: _c,
      allocatedResourceStatuses: _d,
      ...others
    } = status ?? {};
    return { metadata: own, spec, status: others };
  };
  const [now, before] = [attributes.object as PersistentVolumeClaim, attributes.oldObject as PersistentVolumeClaim];
  if (semanticEqual(rest(now), rest(before))) return;
  const own = JSON.stringify(node);
  throw refuse(
    attributes,
    `node ${own} is not allowed to update fields other than status.capacity and status.conditions`,
  );
}

/** Tokens are for pods that run here. */
export function checkToken({ attributes, node, objects }: NodeRequest): void {
  if (attributes.operation !== "CREATE" || attributes.subresource !== "token") return;
  const { boundObjectRef: reference } = (attributes.object as unknown as TokenRequest).spec;
  if (reference?.apiVersion !== "v1" || reference.kind !== "Pod" || !reference.name)
    throw refuse(attributes, "node requested token not bound to a pod");
  if (!reference.uid) throw refuse(attributes, "node requested token with a pod binding without a uid");
  const pod = objects.get<Pod>("", "pods", attributes.namespace, reference.name);
  if (pod === undefined) throw newNotFound({ group: "", resource: "pods" }, reference.name);
  if (reference.uid !== pod.metadata.uid) {
    throw refuse(
      attributes,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node)
    throw refuse(attributes, "node requested token bound to a pod scheduled on a different node");
}

/** Devices that a node has are published by that node. Other changes were authorized by the slice's name. */
export function checkSlice(attributes: AdmissionAttributes, node: string): void {
  const nodeOf = (slice: KubeObject | undefined) =>
    (slice as { spec?: { nodeName?: string } } | undefined)?.spec?.nodeName;
  if (attributes.operation === "CREATE" && nodeOf(attributes.object) !== node)
    throw refuse(attributes, "can only create ResourceSlice with the same NodeName as the requesting node");
  if (attributes.operation === "DELETE" && nodeOf(attributes.oldObject) !== node)
    throw refuse(attributes, "can only delete ResourceSlice with the same NodeName as the requesting node");
}
