import type { OidcOptions } from "../../../apiserver/index.ts";
import type { Clock } from "../../../base/index.ts";
import { NodeTransport } from "../../../client/index.ts";

const bytesMax = 1024 * 1024;

/** Reads the documents of an OpenID issuer, trusting its own authority if one is given. */
export function issuerFetch(clock: Clock, ca: string | undefined): OidcOptions["fetch"] {
  return async (url, { signal }) => {
    const { origin, pathname, search } = new URL(url);
    const transport = new NodeTransport({ origin, clock, tls: async () => (ca === undefined ? {} : { ca }) });
    try {
      const response = await transport.send({ method: "GET", path: pathname + search, headers: {}, signal });
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body) {
        size += chunk.length;
        if (size > bytesMax) throw new Error(`the document at ${url} is too large`);
        chunks.push(chunk);
      }
      return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
    } finally {
      transport.close();
    }
  };
}
