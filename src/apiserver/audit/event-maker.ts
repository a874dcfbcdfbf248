import type { Clock } from "../../base/index.ts";
import type { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import { formatDuration } from "../../component/index.ts";
import { withoutManagedFields } from "./bodies.ts";
import type { AuditBackend, AuditEvent, AuditObjectReference, AuditStage, AuditStatus, AuditUser } from "./contract.ts";
import type { AuditDecision } from "./policy.ts";

/** What became of a request, as its events show it. */
export interface Outcome {
  readonly status: AuditStatus;
  /** The answer, where the policy wants it shown. */
  readonly object: unknown;
}

export interface EventMakerOptions {
  readonly decision: AuditDecision;
  readonly context: LiveContext;
  readonly target: string;
  /** What the client sent, once it is known. */
  readonly sent: () => unknown;
  readonly clock: Clock;
  readonly backends: readonly AuditBackend[];
  readonly onEvent: () => void;
  readonly onRejected: () => void;
}

/** Makes the events of one request, a stage at a time, and hands them to the backends. */
export class EventMaker {
  readonly #options: EventMakerOptions;
  readonly #user: AuditUser;
  impersonated: AuditUser | undefined;

  constructor(options: EventMakerOptions) {
    this.#options = options;
    this.#user = userOf(options.context.user);
  }

  get level(): AuditDecision["level"] {
    return this.#options.decision.level;
  }

  get showsBodies(): boolean {
    return this.level === "Request" || this.level === "RequestResponse";
  }

  /** The first event. */
  arrived(): Promise<boolean> | undefined {
    return this.emit("RequestReceived")?.then((stored) => {
      if (!stored) this.#options.onRejected();
      return stored;
    });
  }

  /** A promise where a backend has the request wait: whether the request may go on. */
  emit(stage: AuditStage, outcome?: Outcome): Promise<boolean> | undefined {
    const { decision, onEvent, backends } = this.#options;
    if (decision.omitStages.has(stage)) return undefined;
    const event = this.#event(stage, outcome);
    onEvent();
    const waits = backends.flatMap((backend) => backend.record(event) ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits).then((stored) => stored.every(Boolean));
  }

  #event(stage: AuditStage, outcome: Outcome | undefined): AuditEvent {
    const { context, target, clock } = this.#options;
    if (stage === "ResponseComplete") annotateLatency(context, clock.now());
    const { info, auditId, userAgent, sourceAddresses, receivedAtMs } = context;
    const { level } = this;
    const sent = this.#options.sent();
    const reference = info.isResourceRequest ? referenceTo(info, sent) : undefined;
    return {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level,
      auditID: auditId,
      stage,
      requestURI: target,
      verb: info.verb,
      user: this.#user,
      ...(this.impersonated === undefined ? {} : { impersonatedUser: this.impersonated }),
      ...(sourceAddresses.length === 0 ? {} : { sourceIPs: sourceAddresses }),
      ...(userAgent === "" ? {} : { userAgent }),
      ...(reference === undefined ? {} : { objectRef: reference }),
      ...(outcome === undefined ? {} : { responseStatus: outcome.status }),
      ...(this.showsBodies && sent !== undefined ? { requestObject: this.#bare(sent) } : {}),
      ...(outcome?.object === undefined ? {} : { responseObject: this.#bare(outcome.object) }),
      requestReceivedTimestamp: timestamp(receivedAtMs),
      stageTimestamp: timestamp(clock.now()),
      ...annotationsOf(context, this.showsBodies),
    };
  }

  #bare(object: unknown): unknown {
    return this.#options.decision.omitManagedFields ? withoutManagedFields(object) : object;
  }
}

const slowMs = 500;
const latencyPrefix = "apiserver.latency.k8s.io/";

/** Where the time of a slow request went, as far as it is known. Upstream: `writeLatencyToAnnotation`. */
function annotateLatency(context: LiveContext, nowMs: number): void {
  const totalMs = nowMs - context.receivedAtMs;
  if (totalMs <= slowMs || context.info.verb === "watch") return;
  for (const [layer, tookMs] of context.latencies ?? [])
    context.annotate(`${latencyPrefix}${layer}`, formatDuration(tookMs));
  context.annotate(`${latencyPrefix}total`, formatDuration(totalMs));
}

/** Qualified names only: others are the server's own notes. Those that tell of the body go with it. */
function annotationsOf(
  { annotations, bodyAnnotations }: LiveContext,
  showsBody: boolean,
): Pick<AuditEvent, "annotations"> {
  if (annotations.size === 0 && bodyAnnotations === undefined) return {};
  const all = [...annotations, ...(showsBody ? (bodyAnnotations ?? []) : [])].filter(([key]) => key.includes("/"));
  return all.length === 0 ? {} : { annotations: Object.fromEntries(all) };
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
export function statusOf(object: unknown, code: number): AuditStatus {
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

export function userOf({ name, uid, groups, extra }: UserInfo): AuditUser {
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
