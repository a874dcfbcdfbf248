import type { ApiResponse } from "../http/exchange.ts";
import { handlePatch } from "./patch-handler.ts";
import { renderObject } from "./render.ts";
import { methodNotAllowed, renderOptionsOf, replace, type ResourceCall } from "./resource-handler.ts";
import { unknownResource } from "./not-found.ts";

/** Serves one subresource that is more than a view of its object (binding, scale, log…). */
export type SubresourceHandler = (call: ResourceCall) => Promise<ApiResponse>;

/** Which handler serves which subresource: by `group/resource/subresource`, or `subresource` for all resources. */
export class SubresourceHandlers {
  readonly #handlers: ReadonlyMap<string, SubresourceHandler>;

  constructor(handlers: Readonly<Record<string, SubresourceHandler>>) {
    this.#handlers = new Map(Object.entries(handlers));
  }

  async handle(call: ResourceCall): Promise<ApiResponse> {
    const { served, context } = call;
    const { verb, subresource } = context.info;
    const facts = served.subresources.get(subresource);
    if (facts === undefined) throw unknownResource();
    // What has no verb is a method that only proxies take.
    if (verb !== "" && !facts.verbs.includes(verb)) throw methodNotAllowed();
    const { group, facts: resource } = served.descriptor;
    const own = this.#handlers.get(`${group}/${resource.name}/${subresource}`) ?? this.#handlers.get(subresource);
    if (own !== undefined) return own(call);
    return facts.kind === served.descriptor.gvk.kind ? view(call) : Promise.reject(unknownResource());
  }
}

/** Subresources that have the object's own shape: `status`, `finalize`, `approval`, `resize`, `ephemeralcontainers`. */
async function view(call: ResourceCall): Promise<ApiResponse> {
  const { served, context, query } = call;
  const { verb, subresource, namespace, name } = context.info;
  if (verb === "update") return replace(call, subresource);
  if (verb === "patch") return handlePatch(call, subresource);
  if (verb !== "get") throw methodNotAllowed();
  const options = renderOptionsOf(call);
  return renderObject(
    served,
    await served.registry.get(namespace, name, query.get("resourceVersion"), context.signal),
    options,
  );
}
