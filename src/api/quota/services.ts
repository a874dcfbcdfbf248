import { Quantity } from "../../apimachinery/index.ts";
import type { Service } from "../core/v1/types.ts";
import type { QuotaEvaluator } from "./evaluator.ts";

const one = Quantity.fromValue(1);
const tracked = ["count/services", "services", "services.loadbalancers", "services.nodeports"];

export const serviceEvaluator: QuotaEvaluator = {
  tracks: (name) => tracked.includes(name),
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as Service).spec ?? {};
    const balanced = type === "LoadBalancer";
    // A load balancer may do without node ports, but for those that are asked for.
    const asked = balanced && allocateLoadBalancerNodePorts === false;
    const taken = asked ? ports.filter(({ nodePort = 0 }) => nodePort !== 0) : ports;
    return new Map([
      ["count/services", one],
      ["services", one],
      ["services.loadbalancers", balanced ? one : Quantity.zero],
      ["services.nodeports", balanced || type === "NodePort" ? Quantity.fromValue(taken.length) : Quantity.zero],
    ]);
  },
};
