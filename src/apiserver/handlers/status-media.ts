import { loadScheme } from "../../api/index.ts";
import type { KindCodec, KubeObject } from "../../apimachinery/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { bytesReply, mediaJson } from "../http/reply.ts";
import { headerText } from "./body.ts";
import { type MediaType, mediaTypes, statusMedia } from "./negotiation.ts";
import { closeEnvelope } from "./protobuf-envelope.ts";
import { toYaml } from "./yaml.ts";

/** Kinds that are never stored: of meta/v1 where they name no group, as upstream's are. */
function codecOf(apiVersion: string, kind: string): KindCodec {
  const [group = "", version = ""] = apiVersion.includes("/") ? apiVersion.split("/") : ["meta.k8s.io", "v1"];
  return loadScheme().codec({ group, version, kind });
}

/** What is no resource (discovery, Status), ending as upstream ends it. */
export function encoded(value: object, media: MediaType): Buffer {
  if (media === "json") return Buffer.from(`${JSON.stringify(value)}\n`);
  if (media === "yaml") return Buffer.from(toYaml(value));
  const { apiVersion = "", kind = "" } = value as { readonly apiVersion?: string; readonly kind?: string };
  const raw = codecOf(apiVersion, kind).encodeProtobuf(value as KubeObject);
  return closeEnvelope({ apiVersion, kind, raw });
}

/** A `Status` as clients of upstream read it that speak nothing but protobuf. */
export function protobufStatus(status: object): Buffer {
  return encoded({ kind: "Status", apiVersion: "v1", metadata: {}, ...status }, "protobuf");
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
  const reply = bytesReply(response.status, mediaTypes[media], encoded(status, media));
  Object.assign(headers, reply.headers);
  return { ...reply, headers };
}
