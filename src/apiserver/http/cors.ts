import type { ApiHandler } from "./exchange.ts";

/** Upstream: `WithCORS`. */
const fixed: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE, PATCH",
  "access-control-allow-headers":
    "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since",
  "access-control-expose-headers": "Date",
  "access-control-allow-credentials": "true",
};

/** Lets scripts from these origins read answers; who asks whether they may (OPTIONS) gets no other answer. */
export function withCors(handler: ApiHandler, origins: readonly RegExp[]): ApiHandler {
  if (origins.length === 0) return handler;
  return async (request) => {
    const { origin } = request.headers;
    if (typeof origin !== "string" || !origins.some((pattern) => pattern.test(origin))) return handler(request);
    const headers = { "access-control-allow-origin": origin, ...fixed };
    if (request.method === "OPTIONS") return { status: 204, headers, body: { type: "none" } };
    const response = await handler(request);
    return { ...response, headers: { ...headers, ...response.headers } };
  };
}
