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
export * from "./validation/contract.ts";
