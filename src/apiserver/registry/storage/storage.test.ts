import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { volumeAttributesClassStrategy } from "./attributes-class.ts";
import { csiStorageCapacityStrategy } from "./capacity.ts";
import { csiDriverStrategy, csiNodeStrategy } from "./drivers.ts";
import { storageClassStrategy } from "./storage-class.ts";
import { volumeAttachmentStrategy } from "./volume-attachment.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", creationTimestamp: "1970-01-01T00:00:00Z" };

const classes = new RuleTables<StorageClass>("StorageClass", storageClassStrategy);
const storageClass: StorageClass = { metadata, provisioner: "example.com/p", volumeBindingMode: "Immediate" };
classes.accepts([["a plain one", storageClass]]);
classes.rejects([
  ["nothing", { metadata, provisioner: "" }, ["provisioner: Required value", "volumeBindingMode: Required value"]],
  [
    "an unknown policy",
    { ...storageClass, reclaimPolicy: wrong("Recycle") },
    ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
  ],
]);
classes.changes([
  [
    "what made its volumes stays",
    { ...storageClass, provisioner: "example.com/q", parameters: { a: "b" } },
    storageClass,
    [
      "parameters: Forbidden: updates to parameters are forbidden.",
      "provisioner: Forbidden: updates to provisioner are forbidden.",
    ],
  ],
]);
const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
classes.prints([
  [
    "the default class",
    { ...storageClass, metadata: { ...metadata, annotations } },
    ["x (default)", "example.com/p", "Delete", "Immediate", false, "0s"],
  ],
]);

const drivers = new RuleTables<CSIDriver>("CSIDriver", csiDriverStrategy);
const driver: CSIDriver = {
  metadata,
  spec: { attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: "File" },
};
drivers.accepts([["a full one", driver]]);
drivers.rejects([
  [
    "a token too short",
    {
      ...driver,
      spec: { ...driver.spec, tokenRequests: [{ audience: "a", expirationSeconds: 60 }, { audience: "a" }] },
    },
    [
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ],
  ],
]);
drivers.prints([["a driver", driver, ["x", true, false, false, "<unset>", false, "<none>", "0s"]]]);

const nodes = new RuleTables<CSINode>("CSINode", csiNodeStrategy);
nodes.rejects([
  [
    "a driver that does not know the node",
    { metadata, spec: { drivers: [{ name: "d", nodeID: "" }] } },
    ["spec.drivers[0].nodeID: Required value"],
  ],
]);

const attachments = new RuleTables<VolumeAttachment>("VolumeAttachment", volumeAttachmentStrategy);
const attachment: VolumeAttachment = {
  metadata,
  spec: { attacher: "example.com", source: { persistentVolumeName: "v" }, nodeName: "n" },
};
attachments.accepts([["a volume to a node", attachment]]);
attachments.rejects([
  [
    "no volume",
    { ...attachment, spec: { ...attachment.spec, source: {} } },
    ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"],
  ],
]);
attachments.prints([["an attachment", attachment, ["x", "example.com", "v", "n", false, "0s"]]]);

const capacity: CSIStorageCapacity = { metadata, storageClassName: "c", capacity: "1Gi", nodeTopology: {} };
const capacities = new RuleTables<CSIStorageCapacity>("CSIStorageCapacity", csiStorageCapacityStrategy);
capacities.accepts([["a plain one", capacity]]);
capacities.rejects([
  [
    "less than nothing",
    { ...capacity, capacity: "-1" },
    ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
  ],
]);
capacities.changes([
  ["the amount changes", { ...capacity, capacity: "2Gi" }, capacity, []],
  [
    "what it is about stays",
    { ...capacity, storageClassName: "d", nodeTopology: { matchLabels: { a: "b" } } },
    capacity,
    [
      'nodeTopology: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
      'storageClassName: Invalid value: "d": field is immutable',
    ],
  ],
]);
capacities.prints([["one", capacity, ["x", "c", "1Gi"]]]);

const attributes: VolumeAttributesClass = { metadata, driverName: "example.com", parameters: { iops: "1" } };
const attributesClasses = new RuleTables<VolumeAttributesClass>("VolumeAttributesClass", volumeAttributesClassStrategy);
attributesClasses.accepts([["a plain one", attributes]]);
attributesClasses.rejects([
  [
    "no attributes",
    { metadata, driverName: "" },
    ["driverName: Required value", "parameters: Required value: must contain at least one key/value pair"],
  ],
]);
attributesClasses.changes([
  [
    "all of it stays",
    { ...attributes, driverName: "other.com", parameters: { iops: "2" } },
    attributes,
    [
      "driverName: Forbidden: updates to driverName are forbidden.",
      "parameters: Forbidden: updates to parameters are forbidden.",
    ],
  ],
]);
attributesClasses.prints([["one", attributes, ["x", "example.com", "0s"]]]);
