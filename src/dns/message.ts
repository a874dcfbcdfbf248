import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  type DecodedPacket,
  encode,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import type { Outcome } from "./resolver.ts";

/** RFC 1035 §4.1.1 and RFC 2136. */
const rcode = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const;
const plainUdpBytes = 512;
const ednsUdpBytesMax = 1232;
const negativeTtlSeconds = 5;

/** What a server says to one message, without looking at the network. `undefined`: say nothing at all. */
export interface Exchange {
  readonly query: DecodedPacket;
  readonly question: { readonly name: string; readonly type: string };
}

/** `undefined` for what is not a DNS query. */
export function parseQuery(message: Uint8Array): Exchange | "malformed" | undefined {
  try {
    const query = decode(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
    if (query.type !== "query") return undefined;
    const [question] = query.questions ?? [];
    if (question === undefined || query.questions?.length !== 1) return "malformed";
    return { query, question: { name: question.name, type: question.type } };
  } catch {
    return message.byteLength >= 12 ? "malformed" : undefined;
  }
}

/** The answer to a message that could not be read: its id and a format error. */
export function formatErrorReply(message: Uint8Array): Uint8Array {
  const reply = Buffer.alloc(12);
  reply.set(message.subarray(0, 2));
  reply.writeUInt16BE(0x8000 | rcode.formatError, 2);
  return reply;
}

/** Encodes an outcome; over UDP it is cut, with the truncation flag, to what the asker can take. */
export function reply(
  { query, question }: Exchange,
  outcome: Outcome,
  domain: string,
  transport: "udp" | "tcp",
): Uint8Array {
  const edns = query.additionals?.find((record) => record.type === "OPT");
  const limit =
    transport === "tcp"
      ? 65_535
      : edns === undefined
        ? plainUdpBytes
        : Math.min(Math.max(edns.udpPayloadSize, plainUdpBytes), ednsUdpBytesMax);
  const full = build({ query, question }, outcome, domain, edns !== undefined);
  if (full.byteLength <= limit) return full;
  const withoutExtra =
    outcome.type === "answer"
      ? build({ query, question }, { ...outcome, additionals: [] }, domain, edns !== undefined)
      : full;
  if (withoutExtra.byteLength <= limit) return withoutExtra;
  return build(
    { query, question },
    { type: "answer", answers: [], additionals: [] },
    domain,
    edns !== undefined,
    TRUNCATED_RESPONSE,
  );
}

function build(
  { query, question }: Exchange,
  outcome: Outcome,
  domain: string,
  edns: boolean,
  extraFlags = 0,
): Uint8Array {
  const negative = outcome.type === "no-data" || outcome.type === "no-such-name";
  const ours = negative || outcome.type === "answer";
  const flags =
    ((query.flags ?? 0) & RECURSION_DESIRED) | (ours ? AUTHORITATIVE_ANSWER : 0) | extraFlags | codeOf(outcome);
  return encode({
    type: "response",
    id: query.id ?? 0,
    flags,
    questions: [{ name: question.name, type: question.type as "A", class: "IN" }],
    answers: outcome.type === "answer" ? [...outcome.answers] : [],
    authorities: negative ? [startOfAuthority(domain)] : [],
    additionals: [
      ...(outcome.type === "answer" ? outcome.additionals : []),
      ...(edns
        ? [{ type: "OPT", name: ".", udpPayloadSize: ednsUdpBytesMax, flags: 0, options: [] } as unknown as Answer]
        : []),
    ],
  });
}

function codeOf(outcome: Outcome): number {
  switch (outcome.type) {
    case "no-such-name":
      return rcode.nameError;
    case "not-ours":
      return rcode.refused;
    case "not-ready":
      return rcode.serverFailure;
    default:
      return rcode.noError;
  }
}

/** Tells resolvers how long "there is no such name" holds (RFC 2308). */
function startOfAuthority(domain: string): Answer {
  return {
    type: "SOA",
    name: domain,
    ttl: negativeTtlSeconds,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: negativeTtlSeconds,
    },
  };
}
