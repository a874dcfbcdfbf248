import type { KubeObject } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import type { Pod } from "../types.ts";

interface RuntimeClass extends KubeObject {
  handler?: string;
}

const runtimeClasses = { group: "node.k8s.io", version: "v1", resource: "runtimeclasses" };

/** The runtime handler that a pod's RuntimeClass names; empty for the default one. */
export async function runtimeHandlerOf(client: Client, pod: Pod, signal: AbortSignal): Promise<string> {
  const name = pod.spec?.runtimeClassName;
  if (!name) return "";
  try {
    const found = await client.resource<RuntimeClass>(runtimeClasses).get(name, { signal });
    return found.handler ?? "";
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`failed to get sandbox runtime: runtimeclass "${name}": ${messageOf(error)}`, { cause: error });
  }
}
