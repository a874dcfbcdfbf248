import { type GroupVersionKind, type KindCodec, type KubeObject } from "../../apimachinery/index.ts";
import type { Scheme } from "../../api/index.ts";
import type { Admission, AdmissionAttributes } from "../admission/contract.ts";
import { headerText, readObject } from "../handlers/body.ts";
import { type MediaType, mediaTypes, negotiateWithoutTables } from "../handlers/negotiation.ts";
import { admissionOptions, writeParameters } from "../handlers/options.ts";
import { unknownResource } from "../handlers/not-found.ts";
import { methodNotAllowed } from "../handlers/resource-handler.ts";
import type { VirtualResource } from "../handlers/router.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { bytesReply, mediaJson } from "../http/reply.ts";
import { closeEnvelope } from "../handlers/protobuf-envelope.ts";
import { toYaml } from "../handlers/yaml.ts";
import { wipeSystemFields } from "../registry/metadata.ts";
import type { LiveContext } from "../request/context.ts";
import type { Query } from "../request/query.ts";

export interface ReviewInputs {
  readonly scheme: Scheme;
  /** Questions are admitted as what is stored is. */
  readonly admission: () => Admission;
}

/**
 * A kind that is a question: it is posted, filled in, and sent back; nothing is stored. `answer` may change the
 * object in place.
 */
export function review<T extends KubeObject>(
  { scheme, admission }: ReviewInputs,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
  answer: (object: T, context: LiveContext) => void | Promise<void>,
): VirtualResource {
  return async (request, query, context) => {
    if ((context.info.parts[1] ?? "") !== "") throw unknownResource();
    if (context.info.verb !== "create") throw methodNotAllowed();
    const media = replyMedia(request);
    const codec = scheme.codec<KubeObject>(kind);
    const validation = query.get("fieldValidation") as "Ignore" | "Warn" | "Strict" | undefined;
    const posted = await readObject(request, { ...kind, codec }, validation ?? "Warn", context);
    wipeSystemFields(posted.metadata);
    const object = await admitted(admission(), kind, posted, query, context);
    await answer(object as T, context);
    return createdReply(media, kind, codec, object);
  };
}

/** The encoding that the client asks for. Throws 406: before anything is done. */
export function replyMedia(request: ApiRequest): MediaType {
  return negotiateWithoutTables(headerText(request, "accept"));
}

/** 201 with what was posted and filled in. */
export function createdReply<T extends KubeObject>(
  media: MediaType,
  { group, version, kind }: GroupVersionKind,
  codec: KindCodec<T>,
  object: T,
): ApiResponse {
  if (media === "json") return bytesReply(201, mediaJson, Buffer.from(codec.encode(object)));
  if (media === "yaml")
    return bytesReply(201, mediaTypes.yaml, Buffer.from(toYaml(JSON.parse(String(codec.encode(object))))));
  const envelope = { apiVersion: `${group}/${version}`, kind, raw: codec.encodeProtobuf(object) };
  return bytesReply(201, mediaTypes.protobuf, closeEnvelope(envelope));
}

async function admitted(
  admission: Admission,
  kind: GroupVersionKind,
  object: KubeObject,
  query: Query,
  context: LiveContext,
): Promise<KubeObject> {
  const { namespace, resource } = context.info;
  const { dryRun } = writeParameters(query, "CreateOptions");
  const attributes: AdmissionAttributes = {
    operation: "CREATE",
    kind,
    resource: { group: kind.group, version: kind.version, resource },
    subresource: "",
    namespace,
    name: object.metadata?.name ?? "",
    object,
    oldObject: undefined,
    options: admissionOptions("CreateOptions", query),
    dryRun,
    context,
  };
  await admission.admit(attributes);
  await admission.validate(attributes);
  return attributes.object ?? object;
}
