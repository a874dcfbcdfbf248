import type { ReplicaSet } from "../../api/index.ts";
import { selectorFromObject } from "../../apimachinery/index.ts";
import { kinds } from "../../client/index.ts";
import { createReplicaController, type ReplicaKind } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const replicaSets: ReplicaKind<ReplicaSet> = {
  controllerName: "replicaset-controller",
  eventSource: "replicaset-controller",
  kind: kinds.replicasets,
  countsTerminating: true,
  view({ spec, status }) {
    const selector = selectorFromObject(spec.selector);
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

export const replicaSetController: ControllerDescriptor = {
  name: "replicaset-controller",
  create: (context) => createReplicaController(replicaSets, context),
};
