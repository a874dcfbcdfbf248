import {
  asEncoded,
  type FieldSchema,
  FactsSchemas,
  nilList,
  type ObjectSchema,
  type Schema,
} from "../apimachinery/index.ts";
import { groupVersions } from "./group-versions.ts";

type Members = Readonly<Record<string, unknown>>;

const schemas = new FactsSchemas((folder) => {
  const facts = groupVersions.get(folder);
  if (facts === undefined) throw new Error(`no group version ${folder}`);
  return facts;
});

/**
 * A value as messages of upstream show it: its internal types have no names for JSON, so that fields stand as Go spells
 * them, also those that are not set. `folder` and `type` say what it is: `core/v1`, `PodTemplateSpec`.
 */
export function internalForm(folder: string, type: string, value: unknown): unknown {
  return value === undefined || value === null ? null : structOf(schemas.object(folder, type), value as Members);
}

/** The same for values of one type. */
export function internalFormOf(folder: string, type: string): (value: unknown) => unknown {
  return (value) => internalForm(folder, type, value);
}

function structOf(schema: ObjectSchema, value: Members): Members {
  const { name = "", fields } = schema;
  // Types of meta/v1 are the same inside and outside, with names for JSON.
  if (name.startsWith("io.k8s.apimachinery.")) return asEncoded(schema, value) as Members;
  const type = name.slice(name.lastIndexOf(".") + 1);
  const order = orders[type];
  const form: Record<string, unknown> = {};
  for (const field of order === undefined ? fields.values() : order.flatMap((one) => fields.get(one) ?? [])) {
    // Metadata is embedded.
    if (field.name === "metadata") Object.assign(form, asEncoded(field.schema, value["metadata"]));
    else form[renamed[`${type}.${field.name}`] ?? spelled(field.name)] = fieldOf(field, value[field.name]);
  }
  return type === "PodSpec" ? podSpec(form, value) : form;
}

/** Inside, what a pod shares with its host is part of its security context. */
function podSpec(form: Record<string, unknown>, value: Members): Members {
  const {
    hostNetwork = false,
    hostPID = false,
    hostIPC = false,
    shareProcessNamespace = null,
    hostUsers = null,
  } = value;
  form["SecurityContext"] = {
    HostNetwork: hostNetwork,
    HostPID: hostPID,
    HostIPC: hostIPC,
    ShareProcessNamespace: shareProcessNamespace,
    HostUsers: hostUsers,
    ...(structOf(
      schemas.object("core/v1", "PodSecurityContext"),
      (value["securityContext"] ?? {}) as Members,
    ) as object),
  };
  return form;
}

function fieldOf({ schema, facts }: FieldSchema, value: unknown): unknown {
  if (value !== undefined && value !== null) return valueOf(schema, value);
  return facts.pointer === true ? null : zeroOf(schema);
}

function valueOf(schema: Schema, value: unknown): unknown {
  if (schema.type === "object") return structOf(schema, value as Members);
  if (value === nilList) return null;
  if (schema.type === "list") return (value as readonly unknown[]).map((item) => valueOf(schema.items, item));
  if (schema.type !== "map") return value;
  const entries = Object.entries(value as Members).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, valueOf(schema.values, member)]));
}

function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case "object":
      return structOf(schema, {});
    case "string":
      return "";
    case "bool":
      return false;
    case "int32":
    case "int64":
    case "double":
    case "IntOrString":
      return 0;
    case "Quantity":
      return "0";
    case "Duration":
      return "0s";
    default:
      return null;
  }
}

function spelled(name: string): string {
  return spellings[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

/** Names that Go does not just begin with a capital. */
const spellings: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "apiGroup:APIGroup apiGroups:APIGroups apiVersion:APIVersion apiVersions:APIVersions",
    "awsElasticBlockStore:AWSElasticBlockStore caBundle:CABundle cel:CEL cephfs:CephFS cidr:CIDR cidrs:CIDRs",
    "csi:CSI dnsConfig:DNSConfig dnsPolicy:DNSPolicy fc:FC fsGroup:FSGroup fsGroupChangePolicy:FSGroupChangePolicy",
    "fsGroupPolicy:FSGroupPolicy fsType:FSType gcePersistentDisk:GCEPersistentDisk gid:GID",
    "gmsaCredentialSpec:GMSACredentialSpec gmsaCredentialSpecName:GMSACredentialSpecName grpc:GRPC http:HTTP",
    "httpGet:HTTPGet httpHeaders:HTTPHeaders ip:IP ipBlock:IPBlock ipFamilies:IPFamilies",
    "ipFamilyPolicy:IPFamilyPolicy ipMode:IPMode ips:IPs iqn:IQN iscsi:ISCSI iscsiInterface:ISCSIInterface",
    "jsonPatch:JSONPatch nfs:NFS os:OS osImage:OSImage pdName:PDName qosClass:QOSClass rbd:RBD",
    "seLinuxChangePolicy:SELinuxChangePolicy seLinuxMount:SELinuxMount seLinuxOptions:SELinuxOptions",
    "sslEnabled:SSLEnabled storageos:StorageOS tcpSocket:TCPSocket tls:TLS",
    "ttlSecondsAfterFinished:TTLSecondsAfterFinished tty:TTY uid:UID url:URL wwids:WWIDs",
  ].flatMap((line) => line.split(" ").map((pair) => pair.split(":") as [string, string])),
);

/** Fields that are called something else inside. */
const renamed: Readonly<Record<string, string>> = {
  "AzureDiskVolumeSource.diskURI": "DataDiskURI",
  "DeviceAttribute.int": "IntValue",
  "DeviceAttribute.bool": "BoolValue",
  "DeviceAttribute.string": "StringValue",
  "DeviceAttribute.version": "VersionValue",
  "DeviceAttribute.ints": "IntValues",
  "DeviceAttribute.bools": "BoolValues",
  "DeviceAttribute.strings": "StringValues",
  "DeviceAttribute.versions": "VersionValues",
  "GlusterfsVolumeSource.endpoints": "EndpointsName",
  "GlusterfsPersistentVolumeSource.endpoints": "EndpointsName",
  "ISCSIVolumeSource.chapAuthDiscovery": "DiscoveryCHAPAuth",
  "ISCSIVolumeSource.chapAuthSession": "SessionCHAPAuth",
  "ISCSIPersistentVolumeSource.chapAuthDiscovery": "DiscoveryCHAPAuth",
  "ISCSIPersistentVolumeSource.chapAuthSession": "SessionCHAPAuth",
  "RBDVolumeSource.monitors": "CephMonitors",
  "RBDVolumeSource.image": "RBDImage",
  "RBDVolumeSource.pool": "RBDPool",
  "RBDVolumeSource.user": "RadosUser",
  "RBDPersistentVolumeSource.monitors": "CephMonitors",
  "RBDPersistentVolumeSource.image": "RBDImage",
  "RBDPersistentVolumeSource.pool": "RBDPool",
  "RBDPersistentVolumeSource.user": "RadosUser",
};

const words = (...lines: readonly string[]): readonly string[] => lines.flatMap((line) => line.split(" "));

/** Types whose fields are in another order inside, or fewer. */
const orders: Readonly<Record<string, readonly string[]>> = {
  PodSpec: words(
    "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds",
    "activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName automountServiceAccountToken nodeName",
    "securityContext imagePullSecrets hostname subdomain setHostnameAsFQDN affinity schedulerName tolerations",
    "hostAliases priorityClassName priority preemptionPolicy dnsConfig readinessGates runtimeClassName overhead",
    "enableServiceLinks topologySpreadConstraints os schedulingGates resourceClaims resources hostnameOverride",
    "schedulingGroup",
  ),
  PodSecurityContext: words(
    "seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy",
    "fsGroup fsGroupChangePolicy sysctls seccompProfile appArmorProfile seLinuxChangePolicy",
  ),
  PersistentVolumeSource: words(
    "gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd quobyte iscsi flexVolume cinder cephfs fc",
    "flocker azureFile vsphereVolume azureDisk photonPersistentDisk portworxVolume scaleIO local storageos csi",
  ),
  Volume: words(
    "name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs",
    "persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap",
    "vsphereVolume azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image",
  ),
};
