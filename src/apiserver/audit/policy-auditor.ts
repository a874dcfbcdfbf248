import type { Clock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, StreamSink } from "../http/exchange.ts";
import type { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import type { BodyReader } from "./bodies.ts";
import type {
  AuditBackend,
  AuditedCall,
  AuditedRequest,
  Auditor,
  AuditLevel,
  AuditStatus,
  InnerCall,
} from "./contract.ts";
import { EventMaker, type Outcome, statusOf, userOf } from "./event-maker.ts";
import type { AuditDecision, AuditPolicy } from "./policy.ts";
import { RecordedCall } from "./recorded-call.ts";

export interface AuditorOptions {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
  readonly bodies: BodyReader;
  readonly clock: Clock;
  readonly onEvent: () => void;
  /** A request was refused because its arrival could not be recorded. */
  readonly onRejected: () => void;
  /** What the policy said of a request, whatever it was. */
  readonly onDecision?: (level: AuditLevel) => void;
}

/** Records requests as the policy says. */
export class PolicyAuditor implements Auditor {
  readonly #options: AuditorOptions;

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  begin(request: ApiRequest, context: LiveContext, longRunning: boolean): AuditedRequest | undefined {
    const decision = this.#decide(context);
    if (decision === undefined) return undefined;
    const { bodies } = this.#options;
    const body = new BodyWitness(request, bodies);
    const maker = this.#maker(decision, context, request.target, () => body.sent());
    return new RecordedRequest(maker, body, bodies, longRunning);
  }

  beginCall(call: () => InnerCall, context: LiveContext): AuditedCall | undefined {
    const decision = this.#decide(context);
    if (decision === undefined) return undefined;
    const { target, sent, longRunning } = call();
    // Callers may change their objects before the event is written.
    const shown = decision.level === "Metadata" ? metadataOf(sent) : sent;
    const snapshot = shown === undefined ? undefined : (JSON.parse(JSON.stringify(shown)) as unknown);
    return new RecordedCall(
      this.#maker(decision, context, target, () => snapshot),
      longRunning,
    );
  }

  #decide({ user, info }: LiveContext): AuditDecision | undefined {
    const { policy, onDecision } = this.#options;
    const decision = policy.decide(user, info);
    onDecision?.(decision.level);
    return decision.level === "None" ? undefined : decision;
  }

  #maker(decision: AuditDecision, context: LiveContext, target: string, sent: () => unknown): EventMaker {
    const { clock, backends, onEvent, onRejected } = this.#options;
    return new EventMaker({ decision, context, target, sent, clock, backends, onEvent, onRejected });
  }
}

function metadataOf(sent: unknown): unknown {
  return { metadata: (sent as { readonly metadata?: unknown } | undefined)?.metadata };
}

class RecordedRequest implements AuditedRequest {
  readonly request: ApiRequest;
  readonly stored: Promise<boolean> | undefined;
  readonly #maker: EventMaker;
  readonly #bodies: BodyReader;
  readonly #longRunning: boolean;
  #panic: string | undefined;

  constructor(maker: EventMaker, request: ApiRequest, bodies: BodyReader, longRunning: boolean) {
    this.request = request;
    this.#maker = maker;
    this.#bodies = bodies;
    this.#longRunning = longRunning;
    this.stored = maker.arrived();
  }

  get showsBodies(): boolean {
    return this.#maker.showsBodies;
  }

  impersonated(user: UserInfo): void {
    this.#maker.impersonated = userOf(user);
  }

  panicked(why: string): void {
    this.#panic = why;
  }

  respond(response: ApiResponse): ApiResponse | Promise<ApiResponse> {
    if (this.#panic !== undefined) {
      const stored = this.#maker.emit("Panic", { status: panicStatus(this.#panic), object: undefined });
      return stored === undefined ? response : stored.then(() => response);
    }
    const outcome = this.#outcome(response);
    if (!this.#longRunning || response.status >= 400) {
      const stored = this.#maker.emit("ResponseComplete", outcome);
      return stored === undefined ? response : stored.then(() => response);
    }
    const stored = this.#maker.emit("ResponseStarted", outcome);
    const { body } = response;
    const complete = (): void => void this.#maker.emit("ResponseComplete", outcome);
    if (body.type !== "stream") {
      complete();
      return response;
    }
    const run = (sink: StreamSink): void => {
      sink.onClose(complete);
      body.run(sink);
    };
    const watched: ApiResponse = { ...response, body: { type: "stream", run } };
    return stored === undefined ? watched : stored.then(() => watched);
  }

  #outcome(response: ApiResponse): Outcome {
    const wanted = this.#maker.level === "RequestResponse" && !this.#longRunning;
    if (!wanted && response.status < 400) return { status: { metadata: {}, code: response.status }, object: undefined };
    const object = this.#bodies.readResponse(response);
    return { status: statusOf(object, response.status), object: wanted ? object : undefined };
  }
}

function panicStatus(why: string): AuditStatus {
  const message = `APIServer panic'd: ${why}`;
  return { metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 };
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
  readonly #bodies: BodyReader;
  #bytes: Uint8Array | undefined;
  #shown: { readonly object: unknown } | undefined;

  constructor(request: ApiRequest, bodies: BodyReader) {
    this.#request = request;
    this.#bodies = bodies;
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
    this.#bytes = await this.#request.body(limitBytes);
    return this.#bytes;
  }

  /** What the client sent, once the handlers have read it. */
  sent(): unknown {
    if (this.#bytes === undefined) return undefined;
    const type = this.headers["content-type"];
    this.#shown ??= { object: this.#bodies.read(this.#bytes, typeof type === "string" ? type : "") };
    return this.#shown.object;
  }
}
