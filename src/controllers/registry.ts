import { deploymentController } from "./deployment/deployment-controller.ts";
import type { ControllerDescriptor } from "./descriptor.ts";
import { endpointSliceController } from "./endpoints/endpointslice-controller.ts";
import { endpointsController } from "./endpoints/endpoints-controller.ts";
import { namespaceController } from "./namespace/namespace-controller.ts";
import { replicaSetController } from "./replicaset/replicaset-controller.ts";
import { replicationControllerController } from "./replicationcontroller/replicationcontroller-controller.ts";
import { rootCaCertificatePublisherController } from "./root-ca-certificate-publisher/root-ca-certificate-publisher-controller.ts";
import { serviceAccountController } from "./serviceaccount/serviceaccount-controller.ts";
import { garbageCollectorController } from "./garbage-collector/garbage-collector-controller.ts";
import { nodeLifecycleController } from "./node-lifecycle/node-lifecycle-controller.ts";
import { taintEvictionController } from "./taint-eviction/taint-eviction-controller.ts";
import { nodeIpamController } from "./node-ipam/node-ipam-controller.ts";
import { daemonSetController } from "./daemonset/daemonset-controller.ts";
import { jobController } from "./job/job-controller.ts";
import { statefulSetController } from "./statefulset/statefulset-controller.ts";

/** Every controller, in the order in which they are made. */
export const controllers: readonly ControllerDescriptor[] = [
  namespaceController,
  serviceAccountController,
  rootCaCertificatePublisherController,
  replicaSetController,
  replicationControllerController,
  deploymentController,
  daemonSetController,
  statefulSetController,
  jobController,
  endpointsController,
  endpointSliceController,
  garbageCollectorController,
  nodeLifecycleController,
  taintEvictionController,
  nodeIpamController,
];
