import { internalForm, internalFormOf, type PersistentVolume } from "../../../api/index.ts";
import { fieldPath, forbidden, invalid, semanticEqual, validateImmutableField } from "../../../apimachinery/index.ts";
import { betaStorageClass } from "../common/claim-warnings.ts";
import { accessModesText } from "../common/claim-spec.ts";
import { jsonDiff } from "../common/diff.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text, wide } from "../common/table.ts";
import type { Errors } from "../common/check.ts";
import type { Strategy, WriteContext } from "../contract.ts";
import { timeText } from "../times.ts";
import { checkVolume, volumeSourceOf } from "./persistent-volume-validation.ts";
import { volumeWarnings } from "./persistent-volume-warnings.ts";

const specPath = fieldPath("spec");

export const persistentVolumeStrategy: Strategy<PersistentVolume> = {
  prepareForCreate(volume) {
    const lastPhaseTransitionTime = volume.metadata.creationTimestamp;
    volume.status = {
      phase: "Pending",
      ...(lastPhaseTransitionTime === undefined ? {} : { lastPhaseTransitionTime }),
    };
  },
  prepareForUpdate: (volume, old) => keep(volume, old, "status"),
  validate: ({ spec = {} }) => collect((errors) => checkVolume(spec, specPath, errors)),
  validateUpdate: (volume, old) =>
    collect((errors) => {
      checkVolume(volume.spec ?? {}, specPath, errors);
      checkChange(volume, old, errors);
    }),
  warningsOnCreate: volumeWarnings,
  warningsOnUpdate: volumeWarnings,
  allowUnconditionalUpdate: true,
  status: { ...statusOnly<PersistentVolume>(), prepareForUpdate: prepareStatus },
  table: defineTable([
    nameColumn,
    text("Capacity", "How much it holds.", ({ spec }) => spec?.capacity?.["storage"] ?? "0"),
    text("Access Modes", "How it may be mounted.", ({ spec }) => accessModesText(spec?.accessModes)),
    text(
      "Reclaim Policy",
      "What happens when its claim goes.",
      ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? "",
    ),
    text("Status", "Whether it is bound.", ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    ),
    text("Claim", "The claim it is bound to.", ({ spec }) => {
      const claim = spec?.claimRef;
      return claim === undefined ? "" : `${claim.namespace ?? ""}/${claim.name ?? ""}`;
    }),
    text("StorageClass", "The class it belongs to.", ({ metadata, spec }) => {
      return metadata.annotations?.[betaStorageClass] ?? spec?.storageClassName ?? "";
    }),
    text("VolumeAttributesClass", "The class of its attributes.", ({ spec }) => {
      return spec?.volumeAttributesClassName ?? "<unset>";
    }),
    text("Reason", "Why it is in that state.", ({ status }) => status?.reason ?? ""),
    ageColumn,
    wide(text("VolumeMode", "Files or blocks.", ({ spec }) => spec?.volumeMode ?? "<unset>")),
  ]),
};

/** Says when the phase changed, unless its writer does. */
function prepareStatus(volume: PersistentVolume, old: PersistentVolume, { request }: WriteContext): void {
  keep(volume, old, "spec");
  const { status = {} } = volume;
  const before = old.status?.lastPhaseTransitionTime;
  if (status.phase === old.status?.phase) {
    if (before !== undefined)
      volume.status = { ...status, lastPhaseTransitionTime: status.lastPhaseTransitionTime ?? before };
    return;
  }
  if (status.lastPhaseTransitionTime !== undefined && status.lastPhaseTransitionTime !== before) return;
  volume.status = { ...status, lastPhaseTransitionTime: timeText(request.receivedAtMs) };
}

type Affinity = NonNullable<NonNullable<PersistentVolume["spec"]>["nodeAffinity"]>;
type Term = NonNullable<NonNullable<Affinity["required"]>["nodeSelectorTerms"]>[number];
type Requirement = NonNullable<Term["matchExpressions"]>[number];

const labelsToday: ReadonlyMap<string, string> = new Map([
  ["failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"],
  ["failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"],
  ["beta.kubernetes.io/os", "kubernetes.io/os"],
  ["beta.kubernetes.io/arch", "kubernetes.io/arch"],
  ["beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"],
]);

/** Which nodes reach the volume stays, but for labels that have got another name. */
function checkAffinityStays(now: Affinity | undefined, before: Affinity | undefined, errors: Errors): void {
  if (before === undefined) return;
  const terms = now?.required?.nodeSelectorTerms ?? [];
  const renamed = (before.required?.nodeSelectorTerms ?? []).map((term, index) => ({
    matchExpressions: withLabelsOf(terms[index]?.matchExpressions, term.matchExpressions),
    matchFields: withLabelsOf(terms[index]?.matchFields, term.matchFields),
  }));
  const old = before.required === undefined ? before : { required: { nodeSelectorTerms: renamed } };
  if (semanticEqual(now, old)) return;
  const why = "field is immutable, except for updating from beta label to GA";
  errors.push(
    invalid(
      fieldPath("nodeAffinity"),
      now === undefined ? null : internalForm("core/v1", "VolumeNodeAffinity", now),
      why,
    ),
  );
}

function withLabelsOf(now: readonly Requirement[] = [], before: readonly Requirement[] = []): Requirement[] {
  return before.map((requirement, index) => {
    const key = now[index]?.key;
    return key !== undefined && labelsToday.get(requirement.key) === key ? { ...requirement, key } : requirement;
  });
}

function checkChange(volume: PersistentVolume, old: PersistentVolume, errors: Errors): void {
  const [now, before] = [volume.spec ?? {}, old.spec ?? {}];
  const [source, oldSource] = [volumeSourceOf(now), volumeSourceOf(before)];
  if (
    source.csi !== undefined &&
    oldSource.csi?.controllerExpandSecretRef === undefined &&
    oldSource.csi !== undefined
  ) {
    const { controllerExpandSecretRef: _added, ...csi } = source.csi;
    source.csi = csi;
  }
  if (!semanticEqual(source, oldSource)) {
    const why = `spec.persistentvolumesource is immutable after creation\n${jsonDiff(oldSource, source, internalFormOf("core/v1", "PersistentVolumeSource"))}`;
    errors.push(forbidden(specPath.child("persistentvolumesource"), why));
  }
  validateImmutableField(now.volumeMode, before.volumeMode, fieldPath("volumeMode"), errors);
  checkAffinityStays(now.nodeAffinity, before.nodeAffinity, errors);
  if (before.volumeAttributesClassName !== undefined && now.volumeAttributesClassName === undefined) {
    errors.push(
      forbidden(specPath.child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden"),
    );
  }
}
