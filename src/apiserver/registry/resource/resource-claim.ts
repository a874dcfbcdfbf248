import { internalFormOf, type ResourceClaimTemplate, type resourceV1 } from "../../../api/index.ts";
import { fieldPath, validateImmutableField } from "../../../apimachinery/index.ts";
import type { Errors } from "../common/check.ts";
import { collect, keep, metadataKeptByStatus, statusAlone, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import { checkTemplateMeta } from "../common/volumes.ts";
import type { Strategy } from "../contract.ts";
import { checkResourceClaimSpec } from "./claim-spec.ts";
import { checkClaimStatus } from "./claim-status.ts";

type ResourceClaim = resourceV1.ResourceClaim;

const specPath = fieldPath("spec");
const shownSpec = internalFormOf("resource/v1", "ResourceClaimSpec");
const shownTemplate = internalFormOf("resource/v1", "ResourceClaimTemplateSpec");

export const resourceClaimStrategy: Strategy<ResourceClaim> = {
  prepareForCreate(claim) {
    delete claim.status;
  },
  prepareForUpdate: (claim, old) => keep(claim, old, "status"),
  validate: ({ spec }) => collect((errors) => checkResourceClaimSpec(spec, specPath, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => validateImmutableField(spec, old.spec, specPath, errors, shownSpec)),
  allowUnconditionalUpdate: true,
  status: statusOnly<ResourceClaim>(checkClaimStatus, metadataKeptByStatus),
  resetFields: statusAlone,
  table: defineTable([nameColumn, text("State", "Whether it has its devices, and uses them.", stateText), ageColumn]),
};

function stateText({ metadata, status }: ResourceClaim): string {
  const deleted = metadata.deletionTimestamp !== undefined;
  const states = deleted ? ["deleted"] : [];
  if (status?.allocation === undefined) return [...states, ...(deleted ? [] : ["pending"])].join(",");
  const reserved = (status.reservedFor ?? []).length > 0 ? ["reserved"] : [];
  return [...states, "allocated", ...reserved].join(",");
}

export const resourceClaimTemplateStrategy: Strategy<ResourceClaimTemplate> = {
  validate: ({ spec }) => collect((errors) => checkTemplate(spec, errors)),
  // Unlike that of claims, the new spec is checked although it may not differ.
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      checkTemplate(spec, errors);
      validateImmutableField(spec, old.spec, specPath, errors, shownTemplate);
    }),
  allowUnconditionalUpdate: true,
  table: defineTable([nameColumn, ageColumn]),
};

function checkTemplate({ metadata, spec }: ResourceClaimTemplate["spec"], errors: Errors): void {
  checkTemplateMeta(metadata ?? {}, specPath.child("metadata"), errors);
  checkResourceClaimSpec(spec, specPath.child("spec"), errors);
}
