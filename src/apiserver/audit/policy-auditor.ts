import type { Clock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, StreamSink } from "../http/exchange.ts";
import type { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import { type BodyReader, withoutManagedFields } from "./bodies.ts";
import type {
  AuditBackend,
  AuditEvent,
  AuditedRequest,
  Auditor,
  AuditObjectReference,
  AuditStage,
  AuditStatus,
  AuditUser,
} from "./contract.ts";
import type { AuditDecision, AuditPolicy } from "./policy.ts";

export interface AuditorOptions {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
  readonly bodies: BodyReader;
  readonly clock: Clock;
  readonly onEvent?: (event: AuditEvent) => void;
}

/** Records requests as the policy says. */
export class PolicyAuditor implements Auditor {
  readonly #options: AuditorOptions;

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  begin(request: ApiRequest, context: LiveContext, longRunning: boolean): AuditedRequest | undefined {
    const decision = this.#options.policy.decide(context.user, context.info);
    return decision === undefined ? undefined : new Recording(this.#options, decision, request, context, longRunning);
  }
}

interface Outcome {
  readonly status: AuditStatus;
  readonly object: unknown;
}

class Recording implements AuditedRequest {
  readonly request: ApiRequest;
  readonly #options: AuditorOptions;
  readonly #decision: AuditDecision;
  readonly #context: LiveContext;
  readonly #longRunning: boolean;
  readonly #user: AuditUser;
  readonly #body: BodyWitness;
  #impersonated: AuditUser | undefined;
  #shown: { readonly object: unknown } | undefined;

  constructor(
    options: AuditorOptions,
    decision: AuditDecision,
    request: ApiRequest,
    context: LiveContext,
    longRunning: boolean,
  ) {
    this.#options = options;
    this.#decision = decision;
    this.#context = context;
    this.#longRunning = longRunning;
    this.#user = userOf(context.user);
    this.#body = new BodyWitness(request);
    this.request = this.#body;
    this.#emit("RequestReceived");
  }

  impersonated(user: UserInfo): void {
    this.#impersonated = userOf(user);
  }

  respond(response: ApiResponse): ApiResponse {
    const outcome = this.#outcome(response);
    if (!this.#longRunning || response.status >= 400) {
      this.#emit("ResponseComplete", outcome);
      return response;
    }
    this.#emit("ResponseStarted", outcome);
    const { body } = response;
    const complete = (): void => this.#emit("ResponseComplete", outcome);
    if (body.type !== "stream") {
      complete();
      return response;
    }
    const run = (sink: StreamSink): void => {
      sink.onClose(complete);
      body.run(sink);
    };
    return { ...response, body: { type: "stream", run } };
  }

  #outcome(response: ApiResponse): Outcome {
    const wanted = this.#decision.level === "RequestResponse" && !this.#longRunning;
    if (!wanted && response.status < 400) return { status: { metadata: {}, code: response.status }, object: undefined };
    const object = this.#options.bodies.readResponse(response);
    return { status: statusOf(object, response.status), object: wanted ? object : undefined };
  }

  #emit(stage: AuditStage, outcome?: Outcome): void {
    if (this.#decision.omitStages.has(stage)) return;
    const event = this.#event(stage, outcome);
    this.#options.onEvent?.(event);
    for (const backend of this.#options.backends) backend.record(event);
  }

  #event(stage: AuditStage, outcome: Outcome | undefined): AuditEvent {
    const { info, auditId, userAgent, sourceAddresses, receivedAtMs, annotations } = this.#context;
    const { level } = this.#decision;
    const sent = this.#sent();
    const reference = info.isResourceRequest ? referenceTo(info, sent) : undefined;
    const showsBody = level === "Request" || level === "RequestResponse";
    return {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level,
      auditID: auditId,
      stage,
      requestURI: this.request.target,
      verb: info.verb,
      user: this.#user,
      ...(this.#impersonated === undefined ? {} : { impersonatedUser: this.#impersonated }),
      ...(sourceAddresses.length === 0 ? {} : { sourceIPs: sourceAddresses }),
      ...(userAgent === "" ? {} : { userAgent }),
      ...(reference === undefined ? {} : { objectRef: reference }),
      ...(outcome === undefined ? {} : { responseStatus: outcome.status }),
      ...(showsBody && sent !== undefined ? { requestObject: this.#bare(sent) } : {}),
      ...(outcome?.object === undefined ? {} : { responseObject: this.#bare(outcome.object) }),
      requestReceivedTimestamp: timestamp(receivedAtMs),
      stageTimestamp: timestamp(this.#options.clock.now()),
      ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    };
  }

  /** What the client sent, once the handlers have read it. */
  #sent(): unknown {
    const { bytes } = this.#body;
    if (bytes === undefined) return undefined;
    const type = this.request.headers["content-type"];
    this.#shown ??= { object: this.#options.bodies.read(bytes, typeof type === "string" ? type : "") };
    return this.#shown.object;
  }

  #bare(object: unknown): unknown {
    return this.#decision.omitManagedFields ? withoutManagedFields(object) : object;
  }
}

/** The request itself, and a look at its body as it is read. */
class BodyWitness implements ApiRequest {
  readonly method;
  readonly target;
  readonly headers;
  readonly peer;
  readonly takeOver?: NonNullable<ApiRequest["takeOver"]>;
  readonly user?: UserInfo;
  readonly #request: ApiRequest;
  bytes: Uint8Array | undefined;

  constructor(request: ApiRequest) {
    this.#request = request;
    this.method = request.method;
    this.target = request.target;
    this.headers = request.headers;
    this.peer = request.peer;
    if (request.takeOver !== undefined) this.takeOver = request.takeOver;
    if (request.user !== undefined) this.user = request.user;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  async body(limitBytes: number): Promise<Uint8Array> {
    this.bytes = await this.#request.body(limitBytes);
    return this.bytes;
  }
}

function referenceTo(info: LiveContext["info"], sent: unknown): AuditObjectReference {
  const { metadata } = (typeof sent === "object" && sent !== null ? sent : {}) as {
    metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string };
  };
  const all: AuditObjectReference = {
    resource: info.resource,
    namespace: info.namespace || metadata?.namespace || "",
    name: info.name || metadata?.name || "",
    uid: metadata?.uid ?? "",
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    resourceVersion: metadata?.resourceVersion ?? "",
    subresource: info.subresource,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** Of an answer that is a Status, what it says; of any other, its code. */
function statusOf(object: unknown, code: number): AuditStatus {
  const answer = object as (AuditStatus & { kind?: string }) | undefined;
  if (answer?.kind !== "Status") return { metadata: {}, code };
  const { status, message, reason, details } = answer;
  return {
    metadata: {},
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}

function userOf({ name, uid, groups, extra }: UserInfo): AuditUser {
  return {
    ...(name === "" ? {} : { username: name }),
    ...(uid === undefined || uid === "" ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Microseconds, as `MicroTime` has them. */
function timestamp(ms: number): string {
  const micros = Math.round((ms - Math.floor(ms)) * 1000);
  return new Date(Math.floor(ms)).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
}
