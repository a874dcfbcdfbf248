export type { ControllerConfig } from "./config.ts";
export {
  type ControllerManagerOptions,
  createControllerManager,
  impersonatingClients,
  isEnabled,
} from "./controller-manager.ts";
export type { ControllerDescriptor } from "./descriptor.ts";
export { controllerManagerCommand } from "./command/controller-manager.ts";
export { controllers } from "./registry.ts";
