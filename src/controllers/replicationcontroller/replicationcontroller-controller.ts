import type { ReplicationController } from "../../api/index.ts";
import { selectorFromLabels } from "../../apimachinery/index.ts";
import { kinds } from "../../client/index.ts";
import { createReplicaController, type ReplicaKind } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const replicationControllers: ReplicaKind<ReplicationController> = {
  controllerName: "replicationcontroller-controller",
  eventSource: "replication-controller",
  kind: kinds.replicationcontrollers,
  countsTerminating: false,
  view({ spec, status }) {
    const selector = selectorFromLabels(spec.selector);
    return {
      replicas: spec.replicas ?? 1,
      minReadySeconds: spec.minReadySeconds ?? 0,
      template: spec.template,
      status,
      matches: (labels) => !selector.isEmpty && selector.matches(labels),
    };
  },
  withStatus: (set, status) => ({ ...set, status }),
};

export const replicationControllerController: ControllerDescriptor = {
  name: "replicationcontroller-controller",
  serviceAccount: "replication-controller",
  create: (context) => createReplicaController(replicationControllers, context),
};
