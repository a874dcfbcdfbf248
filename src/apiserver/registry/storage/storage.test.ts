import assert from "node:assert/strict";
import { test } from "node:test";
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
      `parameters: Invalid value: {"a":"b"}: field is immutable`,
      `provisioner: Invalid value: "example.com/q": field is immutable`,
    ],
  ],
]);
const topology = (key: string, ...values: string[]) => ({ matchLabelExpressions: [{ key, values }] });
classes.rejects([
  [
    "places that are none, or twice the same",
    {
      ...storageClass,
      allowedTopologies: [
        {
          matchLabelExpressions: [
            { key: "z", values: ["a", "a"] },
            { key: "z", values: [] },
          ],
        },
        topology("-", "b"),
        topology("y", "a", "b"),
        topology("y", "b", "a"),
      ],
    },
    [
      'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
      "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
      'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "z"',
      `allowedTopologies[1].matchLabelExpressions[0].key: Invalid value: "-": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      'allowedTopologies[3].matchLabelExpressions: Duplicate value: ""',
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
  spec: {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: "File",
    seLinuxMount: false,
  },
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
  [
    "nothing, and what is out of bounds",
    {
      metadata,
      spec: {
        tokenRequests: [{ audience: "a", expirationSeconds: 2 ** 32 + 1 }],
        volumeLifecycleModes: ["Forever"],
        nodeAllocatableUpdatePeriodSeconds: 9,
      },
    },
    [
      "spec.attachedRequired: Required value",
      "spec.podInfoOnMount: Required value",
      "spec.storageCapacity: Required value",
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
      'spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"',
      "spec.seLinuxMount: Required value",
      "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
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
  [
    "twice the same driver, a long name for the node, fewer volumes than none, the same key twice",
    {
      metadata,
      spec: {
        drivers: [
          { name: "d", nodeID: "n".repeat(257), allocatable: { count: -1 }, topologyKeys: ["a", "a"] },
          { name: "d", nodeID: "n" },
        ],
      },
    },
    [
      `spec.drivers[0].nodeID: Invalid value: "${"n".repeat(257)}": must be 256 characters or less`,
      "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
      'spec.drivers[0]: Duplicate value: "a"',
      'spec.drivers[1].name: Duplicate value: "d"',
    ],
  ],
]);
const csiNode = (nodeID: string, count: number): CSINode => ({
  metadata,
  spec: { drivers: [{ name: "d", nodeID, allocatable: { count } }] },
});
nodes.changes([
  ["the number of volumes may change", csiNode("n", 2), csiNode("n", 1), []],
  [
    "the driver's name for the node stays",
    csiNode("m", 1),
    csiNode("n", 1),
    [
      'spec.drivers: Invalid value: {"Name":"d","NodeID":"m","TopologyKeys":null,"Allocatable":null}: field is immutable',
    ],
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
const inline = (change: object): VolumeAttachment => ({
  ...attachment,
  spec: {
    ...attachment.spec,
    source: {
      inlineVolumeSpec: {
        accessModes: ["ReadWriteOnce"],
        csi: { driver: "example.com", volumeHandle: "h" },
        ...change,
      },
    },
  },
});
const inContext = "in the context of inline volumes";
const inlinePath = "spec.source.inlineVolumeSpec";
attachments.accepts([["a volume of its own", inline({ persistentVolumeReclaimPolicy: "Retain" })]]);
attachments.rejects([
  [
    "a volume of its own with what only volumes of the cluster have",
    inline({
      claimRef: {},
      capacity: { storage: "1Gi" },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: "c",
      volumeMode: "Block",
    }),
    [
      `${inlinePath}.claimRef: Forbidden: may not be specified ${inContext}`,
      `${inlinePath}.capacity: Forbidden: may not be specified ${inContext}`,
      `${inlinePath}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain ${inContext}`,
      `${inlinePath}.storageClassName: Forbidden: may not be specified ${inContext}`,
      `${inlinePath}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem ${inContext}`,
    ],
  ],
  [
    "a volume without a driver's",
    inline({ csi: undefined, hostPath: { path: "/x" } }),
    [`${inlinePath}.csi: Required value: has to be specified ${inContext}`],
  ],
]);
attachments.changes(
  [
    [
      "errors have bounds",
      { ...attachment, status: { attached: false, attachError: { message: "x".repeat(1025), errorCode: -1 } } },
      attachment,
      [
        "status.attachError.message: Too long: may not be more than 262144 bytes",
        "status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive",
      ],
    ],
  ],
  "status",
);
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
capacities.prints([["one", capacity, ["x", "1970-01-01T00:00:00Z"]]]);

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

classes.rejects([
  [
    "an empty term of topology",
    { ...storageClass, allowedTopologies: [{}] },
    ['allowedTopologies[0].matchLabelExpressions: Duplicate value: ""'],
  ],
  [
    "two empty terms, each like two others before, and like one another",
    { ...storageClass, allowedTopologies: [{}, {}] },
    [0, 0, 1, 1, 1].map((index) => `allowedTopologies[${index}].matchLabelExpressions: Duplicate value: ""`),
  ],
]);

attachments.rejects([
  [
    "nobody to attach",
    { ...attachment, spec: { ...attachment.spec, attacher: "" } },
    ["spec.attacher: Required value"],
  ],
]);
classes.accepts([["an empty policy", { ...storageClass, reclaimPolicy: "" } as unknown as StorageClass]]);

const tokenRequests = [{ audience: "a" }];
const tokensWarning =
  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";
const withTokens: CSIDriver = { ...driver, spec: { ...driver.spec, tokenRequests } };
drivers.warns([
  ["where tokens go", withTokens, [tokensWarning]],
  ["where new tokens go", withTokens, [tokensWarning], driver],
  ["nothing that was there", withTokens, [], withTokens],
  ["nothing where it is said", { ...driver, spec: { ...withTokens.spec, serviceAccountTokenInSecrets: false } }, []],
]);
drivers.rejects([
  [
    "a place for tokens that nobody asked for",
    { ...driver, spec: { ...driver.spec, serviceAccountTokenInSecrets: true } },
    [
      "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified",
    ],
  ],
]);
test("changes of a driver are counted", () => {
  assert.equal(drivers.updated(withTokens, driver).metadata.generation, 1);
  assert.equal(drivers.updated(driver, driver).metadata.generation, undefined);
});

capacities.changes([
  [
    "every part is checked again",
    { ...capacity, capacity: "-1" },
    capacity,
    ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    "all nodes are not no nodes",
    { metadata, storageClassName: "c" },
    capacity,
    ["nodeTopology: Invalid value: null: field is immutable"],
  ],
]);
