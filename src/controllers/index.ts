export type { ControllerConfig } from "./config.ts";
export {
  type ControllerManagerOptions,
  createControllerManager,
  impersonatingClients,
  isEnabled,
} from "./controller-manager.ts";
export type { ControllerDescriptor } from "./descriptor.ts";
export { controllers } from "./registry.ts";
