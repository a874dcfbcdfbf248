import { parseQuantity, Quantity } from "../../apimachinery/index.ts";
import type { PersistentVolumeClaim } from "../core/v1/types.ts";
import type { QuotaEvaluator } from "./evaluator.ts";
import { matchesValues } from "./scopes.ts";

const one = Quantity.fromValue(1);
const plain = ["persistentvolumeclaims", "requests.storage"];
const classInfix = ".storageclass.storage.k8s.io/";
const betaClassAnnotation = "volume.beta.kubernetes.io/storage-class";

export const claimEvaluator: QuotaEvaluator = {
  tracks: (name) =>
    name === "count/persistentvolumeclaims" ||
    plain.some((each) => name === each || name.endsWith(`${classInfix}${each}`)),
  usage(object) {
    const claim = object as PersistentVolumeClaim;
    const usage = new Map([
      ["count/persistentvolumeclaims", one],
      ["persistentvolumeclaims", one],
    ]);
    const storage = storageOf(claim);
    if (storage !== undefined) usage.set("requests.storage", storage);
    const storageClass = claim.metadata.annotations?.[betaClassAnnotation] ?? claim.spec.storageClassName ?? "";
    if (storageClass === "") return usage;
    usage.set(`${storageClass}${classInfix}persistentvolumeclaims`, one);
    if (storage !== undefined) usage.set(`${storageClass}${classInfix}requests.storage`, storage);
    return usage;
  },
  inScope: ({ scopeName, operator, values = [] }, object) =>
    scopeName === "VolumeAttributesClass" &&
    matchesValues({ operator, values }, [...attributesClassesOf(object as PersistentVolumeClaim)]),
};

/** Whether what a claim takes, or the scopes it is in, can differ between these two. */
export function changesClaimQuota(now: PersistentVolumeClaim, before: PersistentVolumeClaim): boolean {
  const allocated = ({ status }: PersistentVolumeClaim): string => status?.allocatedResources?.["storage"] ?? "";
  const classes = attributesClassesOf(now).symmetricDifference(attributesClassesOf(before));
  return allocated(now) !== allocated(before) || classes.size > 0;
}

/** In whole bytes. While a claim grows, what is on its way counts. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec.resources?.requests?.["storage"];
  if (asked === undefined) return undefined;
  const amounts = [asked, status?.allocatedResources?.["storage"] ?? "0"].map((text) => parseQuantity(text).roundUp(0));
  const [first = Quantity.zero, allocated = Quantity.zero] = amounts;
  return allocated.compare(first) > 0 ? allocated : first;
}

function attributesClassesOf({ spec, status }: PersistentVolumeClaim): Set<string> {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return new Set(names.filter((name) => name !== undefined && name !== "") as string[]);
}
