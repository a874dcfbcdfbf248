import {
  type KubeObject,
  newBadRequest,
  newConflict,
  newInvalid,
  newNotFound,
  invalid,
} from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import type { ServiceAccountTokens } from "../../authn/index.ts";
import type { ApiResponse } from "../../http/exchange.ts";
import { timeText } from "../../registry/times.ts";
import { type BodyKind, headerText, readObject } from "../body.ts";
import { negotiate } from "../negotiation.ts";
import { writeParameters } from "../options.ts";
import type { ResourceCall } from "../resource-handler.ts";
import { renderAnswer } from "../reviews/review.ts";
import type { ResourceTable } from "../served.ts";

interface TokenRequest extends KubeObject {
  spec?: {
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: {
      readonly kind?: string;
      readonly apiVersion?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
  status?: unknown;
}

interface Reference {
  readonly name: string;
  readonly uid: string;
}

const hourSeconds = 3_600;
const expirationSecondsMin = 600;
const expirationSecondsMax = 2 ** 32;

/** `serviceaccounts/token`: issues a token bound to the account and, if asked, to a pod, secret or node. */
export function tokenHandler(scheme: Scheme, table: ResourceTable, tokens: ServiceAccountTokens) {
  const gvk = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
  const kind: BodyKind = { ...gvk, codec: scheme.codec(gvk) };
  return async (call: ResourceCall): Promise<ApiResponse> => {
    const { served, context, query, request } = call;
    const { namespace, name } = context.info;
    const { fieldValidation } = writeParameters(query, "CreateOptions");
    const asked = (await readObject(request, kind, fieldValidation, context)) as TokenRequest;
    const account = (await served.registry.get(namespace, name, undefined, context.signal)).object;
    const expirationSeconds = checkedExpiration(asked, name);
    const audiences = (asked.spec?.audiences?.length ?? 0) > 0 ? (asked.spec?.audiences ?? []) : tokens.audiences;
    const bound = await boundTo(table, namespace, name, asked, context.signal);
    const issued = await tokens.issue({
      namespace,
      serviceAccount: { name, uid: account.metadata.uid ?? "" },
      audiences,
      expirationSeconds,
      ...bound,
    });
    const answer: TokenRequest = {
      ...asked,
      metadata: { ...asked.metadata, name, namespace, creationTimestamp: timeText(context.receivedAtMs) },
      spec: { ...asked.spec, audiences, expirationSeconds },
      status: { token: issued.token, expirationTimestamp: timeText(issued.expirationTimestampMs) },
    };
    const accepted = negotiate(headerText(request, "accept"));
    return renderAnswer(answer, kind, accepted.media === "protobuf", accepted);
  };
}

function checkedExpiration({ spec }: TokenRequest, name: string): number {
  const seconds = spec?.expirationSeconds ?? hourSeconds;
  const path = "spec.expirationSeconds";
  const problem =
    seconds < expirationSecondsMin
      ? invalid(path, seconds, "may not specify a duration less than 10 minutes")
      : seconds > expirationSecondsMax
        ? invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")
        : undefined;
  if (problem !== undefined)
    throw newInvalid({ group: "authentication.k8s.io", kind: "TokenRequest" }, name, [problem]);
  return seconds;
}

/** The live object that the token shall die with. */
async function boundTo(
  table: ResourceTable,
  namespace: string,
  account: string,
  { spec }: TokenRequest,
  signal: AbortSignal,
): Promise<{ readonly pod?: Reference; readonly secret?: Reference; readonly node?: Reference }> {
  const ref = spec?.boundObjectRef;
  if (ref === undefined) return {};
  const find = async (resource: string): Promise<KubeObject> => {
    const found = table.get("", "v1", resource);
    if (found === undefined) throw newNotFound({ group: "", resource }, ref.name ?? "");
    const { object } = await found.registry.get(
      found.descriptor.facts.namespaced ? namespace : "",
      ref.name ?? "",
      undefined,
      signal,
    );
    if ((ref.uid ?? "") !== "" && ref.uid !== object.metadata.uid) {
      const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw newConflict({ group: "", resource }, ref.name ?? "", why);
    }
    return object;
  };
  const reference = ({ metadata }: KubeObject): Reference => ({ name: metadata.name ?? "", uid: metadata.uid ?? "" });
  switch (`${ref.apiVersion}/${ref.kind}`) {
    case "v1/Pod": {
      const pod = (await find("pods")) as KubeObject & { spec?: { serviceAccountName?: string; nodeName?: string } };
      if (pod.spec?.serviceAccountName !== account) {
        throw newBadRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
        );
      }
      const nodeName = pod.spec.nodeName ?? "";
      const node = nodeName === "" ? undefined : await nodeReference(table, nodeName, signal);
      return { pod: reference(pod), ...(node === undefined ? {} : { node }) };
    }
    case "v1/Secret":
      return { secret: reference(await find("secrets")) };
    case "v1/Node":
      return { node: reference(await find("nodes")) };
    default:
      throw newBadRequest(`cannot bind token to object of type ${ref.apiVersion}, Kind=${ref.kind}`);
  }
}

async function nodeReference(table: ResourceTable, name: string, signal: AbortSignal): Promise<Reference | undefined> {
  const nodes = table.get("", "v1", "nodes");
  if (nodes === undefined) return undefined;
  await nodes.registry.cache.fresh(signal);
  const entry = nodes.registry.cache.get(nodes.registry.keyOf("", name));
  return { name, uid: entry?.object.metadata.uid ?? "" };
}
