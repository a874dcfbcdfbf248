import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import type { ApiRequest, ApiResponse } from "../../http/exchange.ts";
import type { LiveContext } from "../../request/context.ts";
import type { Query } from "../../request/query.ts";
import { type BodyKind, headerText, readObject } from "../body.ts";
import { negotiate } from "../negotiation.ts";
import { methodNotAllowedReply, type VirtualResource } from "../router.ts";
import { closeEnvelope } from "../protobuf-envelope.ts";
import { mediaTypes } from "../negotiation.ts";
import { bytesReply } from "../../http/reply.ts";
import { apiVersionOf } from "../../cacher/shape.ts";
import { writeParameters } from "../options.ts";
import { renderValue } from "../render.ts";

export interface ReviewKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A resource that only answers questions: POST an object with a spec, get it back with a status. */
export function review<T extends KubeObject>(
  scheme: Scheme,
  gvk: ReviewKind,
  answer: (object: T, context: LiveContext) => T | Promise<T>,
): VirtualResource {
  const kind: BodyKind = { ...gvk, codec: scheme.codec(gvk) };
  return async (request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> => {
    if (context.info.verb !== "create" || context.info.subresource !== "") return methodNotAllowedReply();
    const accepted = negotiate(headerText(request, "accept"));
    const { fieldValidation } = writeParameters(query, "CreateOptions");
    const object = (await readObject(request, kind, fieldValidation, context)) as T;
    const answered = await answer(object, context);
    return renderAnswer(answered, kind, accepted.media === "protobuf", accepted);
  };
}

/** An object that is stored nowhere, in the encoding the client asked for. */
export function renderAnswer(
  object: KubeObject,
  kind: BodyKind,
  protobuf: boolean,
  accepted = negotiate(undefined),
): ApiResponse {
  const whole = { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) };
  if (!protobuf) return renderValue(whole, accepted, 201);
  const raw = kind.codec.encodeProtobuf(whole);
  return bytesReply(201, mediaTypes.protobuf, closeEnvelope({ apiVersion: whole.apiVersion, kind: whole.kind, raw }));
}
