import {
  goJson,
  jsonSyntaxError,
  type KubeObject,
  newInternalError,
  semanticEqual,
} from "../../../apimachinery/index.ts";
import { loadScheme, type MutatingWebhook } from "../../../api/index.ts";
import { messageOf } from "../../../base/index.ts";
import { applyOperations } from "../json-patch.ts";
import { annotate } from "../annotate.ts";
import { type AdmissionAttributes, type AdmissionPlugin, Reinvocation } from "../contract.ts";
import { ask, CallError, settle } from "./ask.ts";
import type { Variant } from "./equivalents.ts";
import { HookList, type HookInputs, mayBeHooked, type Registered } from "./hooks.ts";
import { match } from "./match.ts";
import { ReinvocationRecord } from "../reinvocation-record.ts";
import type { HookResponse } from "./review.ts";

const pluginName = "MutatingAdmissionWebhook";
const mutationPrefix = "mutation.webhook.admission.k8s.io/";
const patchPrefix = "patch.webhook.admission.k8s.io/";

/** Calls the mutating webhooks one after the other. In the second pass, those that asked for it and saw an older state. */
export function mutatingWebhooks(inputs: HookInputs): AdmissionPlugin {
  const hooks = HookList.mutating(inputs);
  return {
    name: pluginName,
    handles: (_operation, resource) => mayBeHooked(resource),
    idle: () => hooks.all().length === 0,
    admit(attributes) {
      const all = hooks.all();
      return all.length === 0 ? undefined : callAll(all, attributes, inputs);
    },
  };
}

async function callAll(
  all: readonly Registered<MutatingWebhook>[],
  attributes: AdmissionAttributes,
  inputs: HookInputs,
): Promise<void> {
  const reinvocation = Reinvocation.of(attributes);
  const record = ReinvocationRecord.of(reinvocation, pluginName);
  if (reinvocation.again) record.compare(attributes.object);
  for (const [index, registered] of all.entries()) {
    const variant = await match(registered.hook, attributes, inputs, "admit");
    if (variant === undefined || (reinvocation.again && !record.isDue(registered.id))) continue;
    const position = `round_${reinvocation.again ? 1 : 0}_index_${index}`;
    const changed = await callOne(registered, variant, attributes, inputs, position);
    if (changed) {
      record.changed();
      reinvocation.wanted = true;
    }
    if (registered.hook.reinvocationPolicy === "IfNeeded") record.called(registered.id);
  }
  record.remember(attributes.object);
}

/** Returns whether the object changed. */
async function callOne(
  { hook, configuration }: Registered<MutatingWebhook>,
  variant: Variant,
  attributes: AdmissionAttributes,
  inputs: HookInputs,
  position: string,
): Promise<boolean> {
  let changed = false;
  try {
    await settle("admit", { hook, attributes }, inputs, `failed-open.${mutationPrefix}${position}`, async () => {
      const objects = {
        object: attributes.object === undefined ? undefined : await variant.convert(attributes.object),
        oldObject: attributes.oldObject === undefined ? undefined : await variant.convert(attributes.oldObject),
      };
      const response = await ask({ hook, variant, attributes, objects }, inputs, true);
      const patch = patchIn(response);
      if (patch.length === 0) return;
      if (objects.object === undefined) {
        const name = JSON.stringify(hook.name);
        throw newInternalError(
          `admission webhook ${name} attempted to modify the object, which is not supported for this operation`,
        );
      }
      const patched = patchedBy(patch, objects.object, variant, inputs);
      changed = !semanticEqual(objects.object, patched);
      const seen = { configuration, webhook: hook.name, patch: patch.map(sorted), patchType: "JSONPatch" };
      annotate(attributes, patchPrefix + position, goJson(seen), "Request");
      attributes.object = await variant.revert(patched);
    });
  } finally {
    const seen = { configuration, webhook: hook.name, mutated: changed };
    annotate(attributes, mutationPrefix + position, goJson(seen));
  }
  return changed;
}

type JsonPatch = readonly Readonly<Record<string, unknown>>[];

function patchIn({ patch = "", patchType = "" }: HookResponse): JsonPatch {
  if (patch === "") return [];
  const text = Buffer.from(patch, "base64").toString();
  const undecodable = (why: string) => new CallError(`received undecodable patch in webhook response: ${why}`);
  const syntax = jsonSyntaxError(text);
  if (syntax !== undefined) throw undecodable(syntax);
  const operations: unknown = JSON.parse(text);
  if (operations !== null && !Array.isArray(operations))
    throw undecodable("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  if (operations === null || (operations as JsonPatch).length === 0) return [];
  if (patchType !== "JSONPatch") throw new CallError(`unsupported patch type ${JSON.stringify(patchType)}`, 400);
  return operations as JsonPatch;
}

/** As if it had come so: decoded and defaulted. */
function patchedBy(patch: JsonPatch, object: KubeObject, variant: Variant, { codecOf }: HookInputs): KubeObject {
  try {
    const patched = applyOperations(object, patch) as KubeObject;
    checkKind(patched, variant);
    const codec = codecOf(variant);
    if (codec === undefined) return patched;
    const decoded = codec.decodeValue(structuredClone(patched), { unknownFields: "ignore" }).object;
    codec.applyDefaults(decoded);
    return decoded;
  } catch (error) {
    throw newInternalError(messageOf(error));
  }
}

/** What is patched stays what it is. */
function checkKind({ apiVersion = "", kind = "" }: KubeObject, { kind: of }: Variant): void {
  const wanted = of.group === "" ? of.version : `${of.group}/${of.version}`;
  if (kind === of.kind && apiVersion === wanted) return;
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  if (loadScheme().schema({ group, version, kind }) === undefined) {
    const registered = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
    throw new Error(`${registered} in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`);
  }
  throw new Error(`converting (${version}.${kind}) to (${of.version}.${of.kind}): unknown conversion`);
}

/** Go writes the keys of a map in their order. */
function sorted(operation: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(operation).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
