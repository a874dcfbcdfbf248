import {
  type FieldError,
  invalid,
  type KubeObject,
  newBadRequest,
  newConflict,
  newInvalid,
  newNotFound,
  type ObjectMeta,
  quote,
} from "../../apimachinery/index.ts";
import type { Scheme, TokenRequest } from "../../api/index.ts";
import type { ServiceAccountTokens, TokenObjects } from "../authn/index.ts";
import { readObject } from "../handlers/body.ts";
import { admissionOptions, writeParameters } from "../handlers/options.ts";
import { type ResourceCall } from "../handlers/resource-handler.ts";
import type { SubresourceHandler } from "../handlers/subresource-handlers.ts";
import { timeText } from "../registry/times.ts";
import { createdReply, replyMedia } from "./review.ts";

const kind = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
/** Upstream: 10 minutes at least, 2^32 seconds at most; one hour unless asked otherwise. */
const secondsMin = 600;
const secondsMax = 2 ** 32;
const secondsDefault = 3600;

type Reference = NonNullable<TokenRequest["spec"]["boundObjectRef"]>;
const bindable: Readonly<Record<string, "pods" | "secrets" | "nodes">> = {
  Pod: "pods",
  Secret: "secrets",
  Node: "nodes",
};

/** What a token says of the pod that it is bound to. */
export interface BoundPod {
  readonly serviceAccountName: string;
  readonly node?: { readonly name: string; readonly uid: string };
}

/** `serviceaccounts/token`: issues a token that lives no longer than what it is bound to. */
export function tokenRequestHandler(
  scheme: Scheme,
  tokens: ServiceAccountTokens,
  objects: TokenObjects,
  podOf: (namespace: string, pod: string) => BoundPod | undefined,
): SubresourceHandler {
  const codec = scheme.codec<TokenRequest>(kind);
  return async (call) => {
    const { request, context, query } = call;
    const media = replyMedia(request);
    const { namespace, name } = context.info;
    const validation = query.get("fieldValidation") as "Ignore" | "Warn" | "Strict" | undefined;
    const posted = await readObject(request, { ...kind, codec }, validation ?? "Warn", context);
    checkPlace(posted.metadata, namespace);
    const object = await admitted(call, posted);
    checkName(object.metadata, name);
    const account = objects.find("serviceaccounts", namespace, name);
    if (account === undefined) throw newNotFound({ group: "", resource: "serviceaccounts" }, name);
    checkUid(object.metadata, name, account.uid);
    const { spec } = object;
    spec.audiences = spec.audiences?.length ? spec.audiences : [...tokens.audiences];
    spec.expirationSeconds ??= secondsDefault;
    validate(spec.expirationSeconds);
    const bound = spec.boundObjectRef === undefined ? undefined : bind(spec.boundObjectRef, namespace, objects);
    const pod = bound?.kind === "Pod" ? { name: bound.name, uid: bound.uid } : undefined;
    const boundPod = pod && podOf(namespace, pod.name);
    if (pod !== undefined && boundPod?.serviceAccountName !== name) {
      const why = `cannot bind token for serviceaccount ${quote(name)} to pod running with different serviceaccount name.`;
      throw newBadRequest(why);
    }
    const node = bound?.kind === "Node" ? { name: bound.name, uid: bound.uid } : boundPod?.node;
    const issued = await tokens.issue({
      namespace,
      serviceAccount: { name, uid: account.uid },
      audiences: spec.audiences,
      expirationSeconds: spec.expirationSeconds,
      ...(pod === undefined ? {} : { pod }),
      ...(bound?.kind === "Secret" ? { secret: { name: bound.name, uid: bound.uid } } : {}),
      ...(node === undefined ? {} : { node }),
    });
    context.annotate("authentication.kubernetes.io/issued-credential-id", issued.credentialId);
    const creationTimestamp = timeText(context.receivedAtMs);
    object.metadata = { ...object.metadata, name, namespace, uid: account.uid, creationTimestamp };
    object.status = {
      token: issued.token,
      expirationTimestamp: new Date(issued.expirationTimestampMs).toISOString().replace(/\.\d+Z$/, "Z"),
    };
    return createdReply(media, kind, codec, object);
  };
}

async function admitted(
  { served: { registry }, context, query }: ResourceCall,
  object: KubeObject,
): Promise<TokenRequest> {
  const { namespace, name } = context.info;
  const options = admissionOptions("CreateOptions", query);
  const { dryRun } = writeParameters(query, "CreateOptions");
  object.metadata = { ...object.metadata, namespace };
  const of = { namespace, name, subresource: "token", object, oldObject: undefined };
  const attributes = { ...registry.attributes("CREATE", { context, options, dryRun }, of), kind };
  await registry.admission.admit(attributes);
  const request = attributes.object ?? object;
  request.metadata.name ??= name;
  await registry.admission.validate(attributes);
  return request as unknown as TokenRequest;
}

function checkPlace({ namespace: given = "" }: ObjectMeta, namespace: string): void {
  if (given === "" || given === namespace) return;
  throw newBadRequest("the namespace of the provided object does not match the namespace sent on the request");
}

function checkName({ name: given = "" }: ObjectMeta, name: string): void {
  if (given === "" || given === name) return;
  const error = invalid("metadata.name", given, "must match the service account name if specified");
  throw newInvalid({ group: kind.group, kind: kind.kind }, name, [error]);
}

function checkUid({ uid: given = "" }: ObjectMeta, name: string, uid: string): void {
  if (given === "" || given === uid) return;
  const why = `the UID in the token request (${given}) does not match the UID of the service account (${uid})`;
  throw newConflict({ group: kind.group, resource: kind.kind }, name, why);
}

function validate(seconds: number): void {
  const problem = (detail: string): FieldError => ({
    type: "FieldValueInvalid",
    field: "spec.expirationSeconds",
    badValue: seconds,
    detail,
  });
  const errors: FieldError[] = [];
  if (seconds < secondsMin) errors.push(problem("may not specify a duration less than 10 minutes"));
  if (seconds > secondsMax) errors.push(problem("may not specify a duration larger than 2^32 seconds"));
  if (errors.length > 0) throw newInvalid({ group: kind.group, kind: kind.kind }, "", errors);
}

function bind(
  reference: Reference,
  namespace: string,
  objects: TokenObjects,
): { kind: string; name: string; uid: string } {
  const { kind: of = "", apiVersion = "" } = reference;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const resource = group === "" ? bindable[of] : undefined;
  const name = reference.name ?? "";
  if (resource === undefined) {
    throw newBadRequest(`cannot bind token to object of type ${group}/${version}, Kind=${of}`);
  }
  const found = objects.find(resource, resource === "nodes" ? "" : namespace, name);
  if (found === undefined) throw newNotFound({ group: "", resource }, name);
  if (reference.uid !== undefined && reference.uid !== "" && reference.uid !== found.uid) {
    throw newConflict(
      { group: "", resource: of },
      name,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { kind: reference.kind ?? "", name, uid: found.uid };
}
