import { newBadRequest } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";

import type { MediaType } from "./negotiation.ts";
import { openEnvelope } from "./protobuf-envelope.ts";
import { readMessage } from "./protobuf-reader.ts";
import { fromYaml } from "./yaml.ts";

export interface DeleteOptionsBody {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly orphanDependents?: boolean;
  readonly propagationPolicy?: string;
  readonly dryRun?: readonly string[];
}

/** Undefined when the body is of another kind. */
export function decodeDeleteOptions(bytes: Uint8Array, media: MediaType): DeleteOptionsBody | undefined {
  if (media === "protobuf") return fromProtobuf(bytes);
  const text = Buffer.from(bytes).toString();
  let value: unknown;
  try {
    value = media === "json" ? JSON.parse(text) : fromYaml(text);
  } catch (error) {
    throw newBadRequest(`couldn't get version/kind; json parse error: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { kind } = value as { readonly kind?: unknown };
  return kind === undefined || kind === "" || kind === "DeleteOptions" ? clean(value) : undefined;
}

function clean(value: object): DeleteOptionsBody {
  const raw = value as Record<string, unknown>;
  const { gracePeriodSeconds, preconditions, orphanDependents, propagationPolicy, dryRun } = raw;
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds !== null && !Number.isSafeInteger(gracePeriodSeconds)) {
    throw newBadRequest(
      "json: cannot unmarshal value into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
    );
  }
  return {
    ...(typeof gracePeriodSeconds === "number" ? { gracePeriodSeconds } : {}),
    ...(typeof preconditions === "object" && preconditions !== null
      ? { preconditions: cleanPreconditions(preconditions) }
      : {}),
    ...(typeof orphanDependents === "boolean" ? { orphanDependents } : {}),
    ...(typeof propagationPolicy === "string" ? { propagationPolicy } : {}),
    ...(Array.isArray(dryRun) ? { dryRun: dryRun.map(String) } : {}),
  };
}

function cleanPreconditions(value: object): { readonly uid?: string; readonly resourceVersion?: string } {
  const { uid, resourceVersion } = value as Record<string, unknown>;
  return {
    ...(typeof uid === "string" ? { uid } : {}),
    ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
  };
}

/** gracePeriodSeconds = 1, preconditions = 2 {uid = 1, resourceVersion = 2}, orphanDependents = 3, propagationPolicy = 4, dryRun = 5. */
function fromProtobuf(bytes: Uint8Array): DeleteOptionsBody | undefined {
  const envelope = openEnvelope(bytes);
  if (envelope === undefined || (envelope.kind !== "DeleteOptions" && envelope.kind !== "")) return undefined;
  const message = readMessage(envelope.raw);
  const preconditions = message.bytes(2);
  const inner = preconditions === undefined ? undefined : readMessage(preconditions);
  const grace = message.integer(1);
  const orphan = message.integer(3);
  const policy = message.text(4);
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(inner === undefined
      ? {}
      : { preconditions: cleanPreconditions({ uid: inner.text(1), resourceVersion: inner.text(2) }) }),
    ...(orphan === undefined ? {} : { orphanDependents: orphan !== 0 }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(message.texts(5).length === 0 ? {} : { dryRun: message.texts(5) }),
  };
}
