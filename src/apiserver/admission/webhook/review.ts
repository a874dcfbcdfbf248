import { type KubeObject, type Status, StatusError } from "../../../apimachinery/index.ts";
import { loadScheme } from "../../../api/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { requestOf } from "../request.ts";
import type { Variant } from "./equivalents.ts";
import type { Hook } from "./hooks.ts";

const group = "admission.k8s.io";
const known = ["v1", "v1beta1"];
const kind = "AdmissionReview";
/** Newer than this version's shape; the other is the same, less strictly read. */
const shape = { group, version: "v1", kind };

/** The objects of a request in the version that a webhook wants. */
export interface Converted {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

export interface Review {
  readonly version: string;
  readonly uid: string;
  readonly body: unknown;
}

/** What a webhook is asked, in the first version of its `admissionReviewVersions` that there is. */
export function reviewOf(
  hook: Hook,
  uid: string,
  variant: Variant,
  attributes: AdmissionAttributes,
  objects: Converted,
): Review {
  const version = hook.admissionReviewVersions.find((wanted) => known.includes(wanted));
  if (version === undefined) {
    throw new Error(
      "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)",
    );
  }
  const { object = null, oldObject = null } = objects;
  const request = { uid, ...requestOf(variant, attributes), object, oldObject };
  return { version, uid, body: { kind, apiVersion: `${group}/${version}`, request } };
}

/** `AdmissionReview.response`. */
export interface HookResponse {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Status;
  /** Base64. */
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

/** Throws what is wrong with an answer. Upstream: `VerifyAdmissionResponse`. */
export function readResponse(answer: unknown, { uid, version }: Review, mutating: boolean): HookResponse {
  const { kind: given = "", apiVersion = "" } = answer as { kind?: string; apiVersion?: string };
  if (given !== "" && apiVersion !== "") checkType(given, apiVersion, version);
  const response = responseIn(answer as object);
  if (response === undefined) throw new InvalidResponse("webhook response was absent");
  if (version === "v1beta1") return response.patch ? { ...response, patchType: "JSONPatch" } : response;
  if (response.uid !== uid) {
    throw new InvalidResponse(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`,
    );
  }
  if (given === "" || apiVersion === "") {
    const wanted = `${group}/${version}, Kind=${kind}`;
    const got = `${apiVersion === "" ? "/" : apiVersion}, Kind=${given}`;
    throw new InvalidResponse(`expected webhook response of ${wanted}, got ${got}`);
  }
  checkPatch(response, mutating);
  return response;
}

function responseIn(answer: object): HookResponse | undefined {
  try {
    const { object } = loadScheme()
      .codec(shape)
      .decodeValue({ ...answer, apiVersion: `${group}/v1`, kind }, { unknownFields: "ignore" });
    return (object as { response?: HookResponse }).response;
  } catch (error) {
    throw new Error(`failed to call webhook: ${messageOf(error)}`);
  }
}

class InvalidResponse extends Error {
  constructor(why: string) {
    super(`received invalid webhook response: ${why}`);
  }
}

function checkType(given: string, apiVersion: string, wanted: string): void {
  const version = known.find((one) => apiVersion === `${group}/${one}`);
  if (given === "Status" && apiVersion === "v1") throw unconvertible("v1.Status", wanted);
  if (given !== kind || version === undefined) {
    const registered = `no kind ${JSON.stringify(given)} is registered for version ${JSON.stringify(apiVersion)}`;
    throw new Error(`failed to call webhook: ${registered} in scheme "k8s.io/apiserver/pkg/util/webhook/client.go:71"`);
  }
  if (version === wanted) return;
  throw unconvertible(`${version}.${kind}`, wanted);
}

function unconvertible(given: string, wanted: string): Error {
  return new Error(`failed to call webhook: converting (${given}) to (${wanted}.${kind}): unknown conversion`);
}

function checkPatch({ patch = "", patchType }: HookResponse, mutating: boolean): void {
  if (!mutating) {
    if (patch !== "") throw new InvalidResponse("validating webhook may not return response.patch");
    if (patchType !== undefined) throw new InvalidResponse("validating webhook may not return response.patchType");
    return;
  }
  if (patch !== "" && patchType === undefined)
    throw new InvalidResponse("webhook returned response.patch but not response.patchType");
  if (patch === "" && patchType !== undefined)
    throw new InvalidResponse("webhook returned response.patchType but not response.patch");
  if (patchType === "") throw new InvalidResponse('webhook returned invalid response.patchType of ""');
}

/** A refusal in the webhook's own words; what it left out is filled in. Upstream: `webhookerrors.ToStatusErr`. */
export function denial(name: string, status: Partial<Status> = {}): StatusError {
  const head = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message = "", reason = "", code = 0 } = status;
  const why = message || reason;
  return new StatusError({
    ...status,
    kind: "Status",
    apiVersion: "v1",
    metadata: status.metadata ?? {},
    status: "Failure",
    message: why === "" ? `${head} without explanation` : `${head}: ${why}`,
    ...(reason === "" ? {} : { reason }),
    code: Math.max(code, 400),
  });
}
