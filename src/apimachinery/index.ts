export * from "./errors/contract.ts";
export * from "./facts.ts";
export * from "./meta/contract.ts";
export type * as metaV1 from "./meta/types.ts";
export type {
  APIGroup,
  APIGroupList,
  APIResource,
  APIResourceList,
  APIVersions,
  Condition,
  CreateOptions,
  DeleteOptions,
  FieldSelectorRequirement,
  GetOptions,
  GroupVersionForDiscovery,
  LabelSelector,
  LabelSelectorRequirement,
  ListOptions,
  PartialObjectMetadata,
  PartialObjectMetadataList,
  PatchOptions,
  Preconditions,
  ServerAddressByClientCIDR,
  Table,
  TableColumnDefinition,
  TableRow,
  UpdateOptions,
  WatchEvent,
} from "./meta/types.ts";
export * from "./schema/contract.ts";
export * from "./validation/index.ts";
export * from "./errors/generic-server-response.ts";
export * from "./errors/status.ts";
export * from "./intstr/int-or-string.ts";
export * from "./quantity/cache.ts";
export { QuantityError } from "./quantity/parse.ts";
export { Quantity } from "./quantity/quantity.ts";
export { newRe2Pattern, type Re2Pattern } from "./regex/re2.ts";
export type { QuantityFormat } from "./quantity/suffix.ts";
export * from "./selectors/field-selector.ts";
export * from "./selectors/label-selector.ts";
export { type LabelOperator, type LabelRequirement, newRequirement, SelectorError } from "./selectors/requirement.ts";
export * from "./time/format.ts";
export * from "./time/human-duration.ts";
export * from "./patch/index.ts";
export { metaFacts } from "./meta/facts.ts";
export { TypeFamily } from "./schema/compiled-type.ts";
export { compile } from "./schema/compile.ts";
export { definitionPrefix, FactsSchemas } from "./schema/facts-schema.ts";
export type { ComputedDefaults } from "./schema/generate-defaults.ts";
export { goJson } from "./schema/go-json.ts";
export { parseExactly, parseJson } from "./schema/exact-json.ts";
export { asEncoded, withoutEmpties } from "./schema/empties.ts";
export { nilList } from "./schema/values.ts";
export { withoutLoneSurrogates } from "./schema/surrogates.ts";
export { jsonSyntaxError } from "./schema/syntax-error.ts";
export * from "./apply/index.ts";
export * from "./protobuf/index.ts";
export * from "./yaml/index.ts";
export * from "./openapi/index.ts";
export * from "./cel/index.ts";
