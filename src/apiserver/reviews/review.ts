import { type KubeObject, newFailure } from "../../apimachinery/index.ts";
import type { Scheme } from "../../api/index.ts";
import { readObject } from "../handlers/body.ts";
import type { VirtualResource } from "../handlers/router.ts";
import { bytesReply, mediaJson } from "../http/reply.ts";
import { closeEnvelope } from "../handlers/protobuf-envelope.ts";
import type { LiveContext } from "../request/context.ts";

/**
 * A kind that is a question: it is posted, filled in, and sent back; nothing is stored. `answer` may change the
 * object in place.
 */
export function review<T extends KubeObject>(
  scheme: Scheme,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
  answer: (object: T, context: LiveContext) => void | Promise<void>,
): VirtualResource {
  return async (request, query, context) => {
    if (context.info.verb !== "create") {
      throw newFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
    }
    const codec = scheme.codec(kind);
    const validation = query.get("fieldValidation") as "Ignore" | "Warn" | "Strict" | undefined;
    const object = await readObject(request, { ...kind, codec }, validation ?? "Warn", context);
    await answer(object as T, context);
    return wantsProtobuf(request.headers["accept"])
      ? bytesReply(
          201,
          "application/vnd.kubernetes.protobuf",
          closeEnvelope({
            apiVersion: `${kind.group}/${kind.version}`,
            kind: kind.kind,
            raw: codec.encodeProtobuf(object),
          }),
        )
      : bytesReply(201, mediaJson, Buffer.from(codec.encode(object)));
  };
}

function wantsProtobuf(accept: string | readonly string[] | undefined): boolean {
  return [accept ?? ""].flat().join(",").trimStart().startsWith("application/vnd.kubernetes.protobuf");
}
