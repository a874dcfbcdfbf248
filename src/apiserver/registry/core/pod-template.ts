import type { PodTemplate } from "../../../api/index.ts";
import { fieldPath, semanticEqual } from "../../../apimachinery/index.ts";
import { collect, countGeneration } from "../common/lifecycle.ts";
import { checkPodTemplate } from "../common/pod-template.ts";
import { templateWarnings } from "../common/pod-warnings.ts";
import { emptyTemplate } from "../common/selector-and-template.ts";
import { defineTable, labelsText, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const templatePath = fieldPath("template");
const check = ({ template = emptyTemplate }: PodTemplate) =>
  collect((errors) => checkPodTemplate(template, templatePath, errors));

export const podTemplateStrategy: Strategy<PodTemplate> = {
  prepareForCreate(template) {
    template.metadata.generation = 1;
  },
  prepareForUpdate: (template, old) => countGeneration(template, old, !semanticEqual(template.template, old.template)),
  validate: check,
  validateUpdate: check,
  warningsOnCreate: ({ template }) => templateWarnings(template, templatePath),
  warningsOnUpdate: ({ template }) => templateWarnings(template, templatePath),
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("Containers", "The names of its containers.", ({ template }) =>
      (template?.spec?.containers ?? []).map(({ name }) => name).join(","),
    ),
    text("Images", "The images of its containers.", ({ template }) =>
      (template?.spec?.containers ?? []).map(({ image = "" }) => image).join(","),
    ),
    text("Pod Labels", "The labels its pods get.", ({ template }) => labelsText(template?.metadata?.labels)),
  ]),
};
