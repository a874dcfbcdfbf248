export { webhookConversion } from "./conversion/webhook.ts";
export { CustomResources, type CustomResourcesOptions } from "./controller.ts";
export type { DescriptorInputs, VersionConverter } from "./descriptors.ts";
export { customDocuments } from "./openapi.ts";
export { rulesOf, ruleTimes } from "./rules/index.ts";
export type { RuleChecker } from "./rules.ts";
