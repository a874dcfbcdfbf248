import { internalFormOf, type VolumeAttachment } from "../../../api/index.ts";
import {
  byteLength,
  type FieldError,
  fieldPath,
  forbidden,
  inclusiveRangeError,
  invalid,
  required,
  validateImmutableField,
  tooLong,
} from "../../../apimachinery/index.ts";
import { checkObjectName, checkRequired, type Errors } from "../common/check.ts";
import { collect, keep, metadataKeptByStatus, statusAlone, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, flag, nameColumn, text } from "../common/table.ts";
import { checkCsiDriverName } from "../common/volumes.ts";
import type { Strategy } from "../contract.ts";
import { checkInlineVolume } from "../core/persistent-volume-validation.ts";

const specPath = fieldPath("spec");
const sourcePath = specPath.child("source");
const statusPath = fieldPath("status");
const metadataMax = 256 * 1024;
const messageMax = 1024;

export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = {
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  prepareForUpdate: (attachment, old) => keep(attachment, old, "status"),
  validate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: checkChange,
  allowUnconditionalUpdate: false,
  status: { ...statusOnly<VolumeAttachment>(undefined, metadataKeptByStatus), validateUpdate: checkChange },
  resetFields: statusAlone,
  table: defineTable([
    nameColumn,
    { ...text("Attacher", "Who attaches it.", ({ spec }: VolumeAttachment) => spec.attacher), format: "name" },
    text("PV", "The volume.", ({ spec }) => spec.source?.persistentVolumeName ?? ""),
    text("Node", "The node it is for.", ({ spec }) => spec.nodeName),
    flag("Attached", "Whether it is there.", ({ status }) => status?.attached ?? false),
    ageColumn,
  ]),
};

function checkChange({ spec, status }: VolumeAttachment, old: VolumeAttachment): readonly FieldError[] {
  return collect((errors) => {
    checkSpec(spec, errors);
    const { attachmentMetadata = {}, attachError, detachError } = status ?? {};
    const size = Object.entries(attachmentMetadata).reduce(
      (total, [key, value]) => total + byteLength(key) + byteLength(value),
      0,
    );
    if (size > metadataMax) errors.push(tooLong(statusPath.child("attachmentMetadata"), metadataMax));
    for (const [failure, field] of [[attachError, "attachError"] as const, [detachError, "detachError"] as const]) {
      const at = statusPath.child(field);
      // The limit that upstream names is another.
      if (byteLength(failure?.message ?? "") > messageMax) errors.push(tooLong(at.child("message"), metadataMax));
      const { errorCode = 0 } = failure ?? {};
      if (errorCode < 0) errors.push(invalid(at.child("errorCode"), errorCode, inclusiveRangeError(0, 2147483647)));
    }
    validateImmutableField(spec, old.spec, specPath, errors, internalFormOf("storage/v1", "VolumeAttachmentSpec"));
  });
}

function checkSpec(spec: VolumeAttachment["spec"], errors: Errors): void {
  const { attacher, source, nodeName } = spec;
  checkRequired(attacher, specPath.child("attacher"), errors);
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source ?? {};
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (name === undefined && inline === undefined) errors.push(required(sourcePath, one));
  else if (name !== undefined && inline !== undefined) errors.push(forbidden(sourcePath, one));
  else if (name === "") {
    errors.push(required(sourcePath.child("persistentVolumeName"), "must specify non empty persistentVolumeName"));
  } else if (inline !== undefined) checkInlineVolume(inline, sourcePath.child("inlineVolumeSpec"), errors);
  checkObjectName(nodeName, specPath.child("nodeName"), errors);
  if (attacher !== "") checkCsiDriverName(attacher, fieldPath("spec.attacher"), errors);
  if (name !== undefined) checkObjectName(name, fieldPath("spec.source.persistentVolumeName"), errors);
}
