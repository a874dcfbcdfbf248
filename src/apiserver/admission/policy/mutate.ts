import {
  configErrors,
  configErrorText,
  DecodeError,
  type KindCodec,
  type KubeObject,
  mergeObjects,
  newInternalError,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { applyOperations, PatchFailure } from "../json-patch.ts";
import { atomicPathsIn } from "./atomics.ts";
import type { CompiledExpression } from "./expressions.ts";

type Codec = KindCodec<KubeObject>;

/** A mutation that cannot be made; the policy's failure policy decides what comes of that. */
export class MutationError extends Error {}

/** The object as patched; as it was, where a `test` failed. What comes out must be of the object's kind. */
export function patched(
  live: KubeObject,
  patch: readonly unknown[] | undefined,
  codec: Codec,
  { text }: CompiledExpression,
): KubeObject {
  if (patch === undefined) throw new MutationError(`expression '${text}' must evaluate to a list of JSONPatch`);
  let changed: unknown;
  try {
    changed = applyOperations(live, patch);
  } catch (error) {
    if (error instanceof PatchFailure && error.isTest) return live;
    throw new MutationError(`JSON Patch: ${messageOf(error)}`);
  }
  checkKind(live, changed as KubeObject);
  return decoded(changed, codec);
}

function checkKind(live: KubeObject, { apiVersion = "", kind = "" }: KubeObject): void {
  if (apiVersion === live.apiVersion && kind === live.kind) return;
  const version = JSON.stringify(apiVersion);
  throw newInternalError(`no kind ${JSON.stringify(kind)} is registered for version ${version}`);
}

/** The object with what a configuration says merged into it, as server-side apply merges. */
export function merged(
  live: KubeObject,
  configuration: Readonly<Record<string, unknown>> | undefined,
  codec: Codec,
  { text }: CompiledExpression,
): KubeObject {
  if (configuration === undefined) throw new MutationError(`expression '${text}' must evaluate to Object`);
  const { apiVersion, kind } = live;
  const own = { ...configuration, apiVersion, kind };
  const problems = configErrors(own, codec.schema);
  const why = (message: string) => new MutationError(`error applying patch: ${message}`);
  if (problems.length > 0) throw why(`failed to convert patch object to typed object: ${configErrorText(problems)}`);
  const atomics = atomicPathsIn(codec.schema, own);
  if (atomics.length > 0) {
    throw why(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`);
  }
  return decoded(mergeObjects(structuredClone(live), own, codec.schema), codec);
}

/** As if it had come so: decoded and defaulted. */
function decoded(changed: unknown, codec: Codec): KubeObject {
  try {
    const { object, problems } = codec.decodeValue(structuredClone(changed), { unknownFields: "report" });
    if (problems.length > 0) throw newInternalError(`strict decoding error: ${problems.join(", ")}`);
    codec.applyDefaults(object);
    return object;
  } catch (error) {
    throw error instanceof DecodeError ? newInternalError(error.message) : error;
  }
}
