import type { AuthenticationResult, Authenticator, Credentials } from "../../component/index.ts";

const header = "sec-websocket-protocol";
const prefix = "base64url.bearer.authorization.k8s.io.";

/**
 * Takes the bearer token of browsers, which can send no header of their own: a sub-protocol whose name ends with the
 * token. It is removed, so that it is neither chosen nor passed on. Upstream: `websocket.ProtocolAuthenticator`.
 */
export function withWebSocketTokens(inner: Authenticator): Authenticator {
  return {
    name: inner.name,
    authenticate(credentials, signal) {
      if (credentials.headers[header] === undefined) return inner.authenticate(credentials, signal);
      return fromProtocols(inner, credentials, signal);
    },
  };
}

function fromProtocols(
  inner: Authenticator,
  credentials: Credentials,
  signal: AbortSignal,
): AuthenticationResult | Promise<AuthenticationResult> {
  const { headers } = credentials;
  const offered = [headers[header] ?? []].flat().flatMap((value) => value.split(",").map((name) => name.trim()));
  const tokens = offered.filter((name) => name.startsWith(prefix));
  if (tokens.length === 0 || String(headers["upgrade"]).toLowerCase() !== "websocket") {
    return inner.authenticate(credentials, signal);
  }
  if (tokens.length > 1) return rejected("multiple base64.bearer.authorization tokens specified");
  const others = offered.filter((name) => !name.startsWith(prefix));
  if (others.length === 0) return rejected("missing additional subprotocol");
  const token = decode((tokens[0] ?? "").slice(prefix.length));
  if (token === undefined) return rejected("token is not valid utf-8");
  // The request's own headers, for all who come after.
  (headers as Record<string, string>)[header] = others.join(", ");
  const authorization = headers["authorization"] ?? `Bearer ${token}`;
  return inner.authenticate({ ...credentials, headers: { ...headers, authorization } }, signal);
}

function rejected(message: string): AuthenticationResult {
  return { type: "rejected", message };
}

/** Base64url without padding, of UTF-8; undefined for anything else. */
function decode(text: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64url"));
  } catch {
    return undefined;
  }
}
