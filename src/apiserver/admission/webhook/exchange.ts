import { newGenericServerResponse, type Status } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { HttpTransport } from "../../../client/index.ts";

const bodyBytesMax = 3 * 1024 * 1024;

interface AnswerFacts {
  readonly code?: number;
  readonly cause?: unknown;
  readonly retryAfter?: number | undefined;
  readonly status?: Status | undefined;
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
  constructor(message: string, { code, cause, retryAfter, status }: AnswerFacts = {}) {
    super(message, { cause });
    this.code = code ?? 503;
    this.answered = code ?? 200;
    this.retryAfter = retryAfter;
    this.status = status;
  }
}

export interface Question {
  readonly path: string;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly traceparent?: string | undefined;
  readonly authorization?: string | undefined;
}

/** Posts JSON and reads the JSON that comes; rejects with an `AnswerError` in the words of upstream's client. */
export async function exchange(
  transport: HttpTransport,
  { path, body, signal, traceparent, authorization }: Question,
): Promise<unknown> {
  const response = await transport.send({
    method: "POST",
    path,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": "kube-apiserver-admission",
      ...(authorization === undefined ? {} : { authorization }),
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    body,
    signal,
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > bodyBytesMax) {
      response.close();
      throw new AnswerError("the response is too large");
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const { status, headers } = response;
  if (status < 200 || status > 299) {
    const seconds = Number(headers["retry-after"] ?? Number.NaN);
    const retryAfter = Number.isInteger(seconds) ? seconds : undefined;
    const told = statusIn(text);
    throw new AnswerError(told?.message ?? failureIn(text, status, headers), {
      code: status,
      retryAfter,
      status: told,
    });
  }
  if (text === "") {
    const type = headers["content-type"] ?? "";
    throw new AnswerError(`0-length response with status code: ${status} and content type: ${type}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AnswerError(`couldn't get version/kind; json parse error: ${goJsonReason(messageOf(error))}`, {
      cause: error,
    });
  }
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

function goJsonReason(message: string): string {
  const found = /Unexpected token '?(.)'?/.exec(message);
  if (found !== null) return `invalid character '${found[1]}' looking for beginning of value`;
  return /end of JSON/i.test(message) ? "unexpected end of JSON input" : message;
}
