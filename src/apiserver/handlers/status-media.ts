import { loadScheme } from "../../api/index.ts";
import type { KindCodec, KubeObject } from "../../apimachinery/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { bytesReply, mediaJson } from "../http/reply.ts";
import { headerText } from "./body.ts";
import { mediaTypes, statusMedia } from "./negotiation.ts";
import { closeEnvelope } from "./protobuf-envelope.ts";
import { toYaml } from "./yaml.ts";

let made: KindCodec | undefined;

function codec(): KindCodec {
  made ??= loadScheme().codec({ group: "meta.k8s.io", version: "v1", kind: "Status" });
  return made;
}

/** A `Status` as clients of upstream read it that speak nothing but protobuf. */
export function protobufStatus(status: object): Buffer {
  const raw = codec().encodeProtobuf({ metadata: {}, ...status } as KubeObject);
  return closeEnvelope({ apiVersion: "v1", kind: "Status", raw });
}

/** Every Status is written so by `statusReply`. */
const head = Buffer.from('{"kind":"Status","apiVersion":"v1"');

/** Answers that say how a request went come in the encoding that the client wants; all others are as they should be. */
export function inAcceptedMedia(response: ApiResponse, request: ApiRequest): ApiResponse {
  const accept = request.headers["accept"];
  if (accept === undefined || accept === mediaJson || accept === "*/*") return response;
  const { body, headers } = response;
  if (body.type !== "bytes" || headers["content-type"] !== mediaJson) return response;
  const media = statusMedia(headerText(request, "accept") ?? "");
  if (media === "json" || Buffer.compare(body.bytes.subarray(0, head.length), head) !== 0) return response;
  const status = JSON.parse(Buffer.from(body.bytes).toString()) as object;
  const bytes = media === "protobuf" ? protobufStatus(status) : Buffer.from(toYaml(status));
  const encoded = bytesReply(response.status, mediaTypes[media], bytes);
  Object.assign(headers, encoded.headers);
  return { ...encoded, headers };
}
