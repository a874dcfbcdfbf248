import type { VolumeAttachment } from "../../../api/index.ts";
import { fieldPath, forbidden, invalid, required, semanticEqual } from "../../../apimachinery/index.ts";
import { checkObjectName, checkRequired, type Errors } from "../common/check.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, flag, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const sourcePath = specPath.child("source");

export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = {
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  prepareForUpdate: (attachment, old) => keep(attachment, old, "status"),
  validate: ({ spec }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      checkSpec(spec, errors);
      if (!semanticEqual(spec, old.spec)) errors.push(invalid(specPath, spec, "field is immutable"));
    }),
  allowUnconditionalUpdate: false,
  status: statusOnly<VolumeAttachment>(),
  table: defineTable([
    nameColumn,
    { ...text("Attacher", "Who attaches it.", ({ spec }: VolumeAttachment) => spec.attacher), format: "name" },
    text("PV", "The volume.", ({ spec }) => spec.source?.persistentVolumeName ?? ""),
    text("Node", "The node it is for.", ({ spec }) => spec.nodeName),
    flag("Attached", "Whether it is there.", ({ status }) => status?.attached ?? false),
    ageColumn,
  ]),
};

function checkSpec(spec: VolumeAttachment["spec"], errors: Errors): void {
  const { attacher, source, nodeName } = spec;
  checkRequired(attacher, specPath.child("attacher"), errors);
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source ?? {};
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (name === undefined && inline === undefined) errors.push(required(sourcePath, one));
  else if (name !== undefined && inline !== undefined) errors.push(forbidden(sourcePath, one));
  else if (name === "") {
    errors.push(required(sourcePath.child("persistentVolumeName"), "must specify non empty persistentVolumeName"));
  }
  checkObjectName(nodeName, specPath.child("nodeName"), errors);
}
