export { addressAt, contains, formatAddress, parseAddress, parseRange, type Range } from "./addresses.ts";
export { type BridgeConfig, bridgeConfigList } from "./cni/bridge-config.ts";
export { BridgeNetwork, type BridgeNetworkOptions } from "./cni/bridge-network.ts";
export { type Enter, enterCommand, enterNetwork, runIn } from "./enter.ts";
export { NodeNetwork, type NodeNetworkOptions, type NodeNetworkPlatform } from "./node/node-network.ts";
export type { Peer } from "./node/routes.ts";
export { diffTables, removeTable, replaceTable } from "./nft/diff.ts";
export type { ListedTable } from "./nft/listing.ts";
export { Nft, type NftOptions } from "./nft/nft.ts";
export {
  type Chain,
  comment,
  concat,
  type ElementMap,
  type ElementSet,
  emptyTable,
  type Hook,
  type Table,
} from "./nft/table.ts";
export { NodeBridge, type NodeBridgeOptions } from "./hosts/node-bridge.ts";
export { TestHost, type TestHostOptions } from "./hosts/test-host.ts";
