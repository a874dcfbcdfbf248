import { deploymentController } from "./deployment/deployment-controller.ts";
import type { ControllerDescriptor } from "./descriptor.ts";
import { replicaSetController } from "./replicaset/replicaset-controller.ts";
import { replicationControllerController } from "./replicationcontroller/replicationcontroller-controller.ts";

/** Every controller, in the order in which they are made. */
export const controllers: readonly ControllerDescriptor[] = [
  replicaSetController,
  replicationControllerController,
  deploymentController,
];
