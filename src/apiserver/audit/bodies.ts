import type { Scheme } from "../../api/index.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { wholeOf } from "../http/reply.ts";
import { openEnvelope } from "../handlers/protobuf-envelope.ts";
import { fromYaml } from "../handlers/yaml.ts";

/** Turns bodies into what an event shows of them. What cannot be read is left out. */
export class BodyReader {
  readonly #scheme: Scheme;

  constructor(scheme: Scheme) {
    this.#scheme = scheme;
  }

  read(bytes: Uint8Array, contentType: string): unknown {
    if (bytes.length === 0) return undefined;
    try {
      if (contentType.includes("protobuf")) return this.#protobuf(bytes);
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
      if (contentType.includes("yaml")) return fromYaml(text);
      return contentType === "" || contentType.includes("json") ? (JSON.parse(text) as unknown) : undefined;
    } catch {
      return undefined;
    }
  }

  readResponse({ body, headers }: ApiResponse): unknown {
    const type = headers["content-type"];
    const contentType = typeof type === "string" ? type : "";
    if (body.type === "bytes") return this.read(body.bytes, contentType);
    return body.type === "parts" ? this.read(wholeOf(body), contentType) : undefined;
  }

  #protobuf(bytes: Uint8Array): unknown {
    const envelope = openEnvelope(bytes);
    if (envelope === undefined) return undefined;
    const { apiVersion, kind, raw } = envelope;
    const at = apiVersion.indexOf("/");
    const group = at < 0 ? "" : apiVersion.slice(0, at);
    const codec = this.#scheme.codec<object>({ group, version: apiVersion.slice(at + 1), kind });
    return { kind, apiVersion, ...codec.decodeProtobuf(raw) };
  }
}

/** The object (or the list with its items) without `metadata.managedFields`. */
export function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { metadata, items } = value as { metadata?: Record<string, unknown>; items?: unknown };
  const { managedFields: _left, ...shown } = metadata ?? {};
  const bare = metadata === undefined ? value : { ...value, metadata: shown };
  return Array.isArray(items) ? { ...bare, items: items.map(withoutManagedFields) } : bare;
}
