import { loadScheme } from "../../api/index.ts";
import { type KindCodec, newBadRequest, quote, type StatusError } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { kindProblem, textOf } from "./body.ts";
import type { MediaType } from "./negotiation.ts";
import { openEnvelope } from "./protobuf-envelope.ts";
import { fromYaml } from "./yaml.ts";

export interface DeleteOptionsBody {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly orphanDependents?: boolean;
  readonly propagationPolicy?: string;
  readonly dryRun?: readonly string[];
}

let made: KindCodec<DeleteOptionsBody> | undefined;

function codec(): KindCodec<DeleteOptionsBody> {
  made ??= loadScheme().codec({ group: "meta.k8s.io", version: "v1", kind: "DeleteOptions" });
  return made;
}

/** Throws 400 for what is no DeleteOptions; fields that are not known are left out. */
export function decodeDeleteOptions(bytes: Uint8Array, media: MediaType): DeleteOptionsBody {
  const { kind, apiVersion, ...options } = media === "protobuf" ? fromProtobuf(bytes) : fromText(textOf(bytes), media);
  if (kind !== undefined && kind !== "" && kind !== "DeleteOptions") throw anotherKind(kind, apiVersion);
  return options;
}

function fromText(text: string, media: MediaType): DeleteOptionsBody {
  const options = { unknownFields: "ignore" } as const;
  try {
    const { object } =
      media === "yaml" ? codec().decodeValue(fromYaml(text) ?? {}, options) : codec().decode(text, options);
    return (object as DeleteOptionsBody | null) ?? {};
  } catch (error) {
    const why = media === "json" ? kindProblem(text) : undefined;
    throw newBadRequest(why ?? messageOf(error));
  }
}

function fromProtobuf(bytes: Uint8Array): DeleteOptionsBody {
  const envelope = openEnvelope(bytes);
  if (envelope === undefined) {
    throw newBadRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  return { ...codec().decodeProtobuf(envelope.raw), kind: envelope.kind, apiVersion: envelope.apiVersion };
}

function anotherKind(kind: string, apiVersion: string | undefined): StatusError {
  const version = quote(apiVersion === undefined || apiVersion === "" ? "meta.k8s.io/v1" : apiVersion);
  const scheme = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27";
  return newBadRequest(`no kind ${quote(kind)} is registered for version ${version} in scheme "${scheme}"`);
}
