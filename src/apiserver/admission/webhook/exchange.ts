import { jsonSyntaxError, newGenericServerResponse, parseYaml, type Status } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { HttpResponse, HttpTransport } from "../../../client/index.ts";

/** Enough for a patch of the largest object. */
const bodyBytesMax = 16 * 1024 * 1024;

interface AnswerFacts {
  readonly code?: number;
  readonly cause?: unknown;
  readonly retryAfter?: number | undefined;
  readonly status?: Status | undefined;
  readonly location?: string | undefined;
}

/** The webhook was reached, but its answer is no use. */
export class AnswerError extends Error {
  /** Of the answer; 503 where it was a good one. */
  readonly code: number;
  /** The status that came. */
  readonly answered: number;
  /** After how many seconds it wants to be asked again, where it says so. */
  readonly retryAfter: number | undefined;
  /** What it answered with, if that was a Status. */
  readonly status: Status | undefined;
  /** Where else it wants to be asked. */
  readonly location: string | undefined;
  constructor(message: string, { code, cause, retryAfter, status, location }: AnswerFacts = {}) {
    super(message, { cause });
    this.code = code ?? 503;
    this.answered = code ?? 200;
    this.retryAfter = retryAfter;
    this.status = status;
    this.location = location;
  }
}

export interface Question {
  readonly path: string;
  /** Without one, it is a GET. */
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  readonly traceparent?: string | undefined;
  readonly authorization?: string | undefined;
  /** Told when an answer begins, and when it was none to be waited for. */
  readonly begun?: (reading: boolean) => void;
}

/** Posts JSON and reads the JSON that comes; rejects with an `AnswerError` in the words of upstream's client. */
export async function exchange(
  transport: HttpTransport,
  { path, body, signal, traceparent, authorization, begun }: Question,
): Promise<unknown> {
  const response = await transport.send({
    method: body === undefined ? "GET" : "POST",
    path,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      accept: "application/json",
      "user-agent": "kube-apiserver-admission",
      ...(authorization === undefined ? {} : { authorization }),
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    ...(body === undefined ? {} : { body }),
    signal,
  });
  begun?.(true);
  const text = await textOf(response);
  const { status, headers } = response;
  if (status < 200 || status > 299) {
    const seconds = Number(headers["retry-after"] ?? Number.NaN);
    const retryAfter = Number.isInteger(seconds) ? seconds : undefined;
    const told = statusIn(text);
    const facts = { code: status, retryAfter, status: told, location: headers["location"] };
    throw new AnswerError(told?.message ?? failureIn(text, status, headers), facts);
  }
  if (text === "") {
    const type = headers["content-type"] ?? "";
    throw new AnswerError(`0-length response with status code: ${status} and content type: ${type}`);
  }
  return valueIn(text);
}

async function textOf(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > bodyBytesMax) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new AnswerError(
      unreadable(/aborted|ECONNRESET/.test(messageOf(error)) ? "unexpected EOF" : messageOf(error)),
      {
        cause: error,
      },
    );
  }
  if (size <= bodyBytesMax) return Buffer.concat(chunks).toString();
  response.close();
  throw new AnswerError("the response is too large");
}

export function unreadable(why: string): string {
  return `unexpected error when reading response body. Please retry. Original error: ${why}`;
}

const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** JSON, or YAML where it does not begin like JSON; nothing else than an object. */
function valueIn(text: string): object {
  const value = parsed(text) ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  throw new AnswerError(noKindIn(`json: cannot unmarshal ${kind} into Go value of type ${typeMeta}`));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const syntax = text.trimStart().startsWith("{") ? jsonSyntaxError(text) : undefined;
    if (syntax !== undefined) throw new AnswerError(noKindIn(syntax), { cause: error });
  }
  try {
    return parseYaml(text).value;
  } catch (error) {
    throw new AnswerError(noKindIn(messageOf(error)), { cause: error });
  }
}

function noKindIn(why: string): string {
  return `couldn't get version/kind; json parse error: ${why}`;
}

/** Of text, only what the code says is told. */
function failureIn(text: string, code: number, headers: Readonly<Record<string, string>>): string {
  const isText = (headers["content-type"] ?? "").startsWith("text/");
  return newGenericServerResponse({
    code,
    verb: "POST",
    resource: { group: "", resource: "" },
    name: "",
    serverMessage: isText ? text.trim() : "unknown",
    retryAfterSeconds: 0,
    isUnexpected: true,
  }).message;
}

/** A Status in the answer speaks for itself. */
function statusIn(text: string): (Status & { readonly message: string }) | undefined {
  try {
    const given = JSON.parse(text) as Status;
    const { kind, status, message } = given;
    return kind === "Status" && status === "Failure" && message ? { ...given, message } : undefined;
  } catch {
    return undefined;
  }
}
