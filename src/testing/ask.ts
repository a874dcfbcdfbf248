import type { TestControlPlane } from "./control-plane.ts";

export interface Asked {
  readonly status: number;
  readonly text: string;
  /** Texts of `Warning` headers. */
  readonly warnings: readonly string[];
  json<T>(): T;
}

/** Asks a control plane in this process as a client over HTTP would, whatever media types it likes. */
export async function ask(
  { server }: TestControlPlane,
  {
    method = "GET",
    path,
    headers = {},
    body = "",
  }: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  },
): Promise<Asked> {
  const response = await server.handler({
    method,
    target: path,
    headers: { "content-type": "application/json", ...headers },
    peer: { remoteAddress: "127.0.0.1", clientCertificates: [] },
    signal: new AbortController().signal,
    user: { name: "admin", groups: ["system:masters", "system:authenticated"] },
    body: () => Promise.resolve(Buffer.from(body)),
  });
  const text = response.body.type === "bytes" ? Buffer.from(response.body.bytes).toString() : "";
  return {
    status: response.status,
    text,
    warnings: [response.headers["warning"] ?? []].flat().flatMap(warningTexts),
    json: () => JSON.parse(text),
  };
}

function warningTexts(header: string): readonly string[] {
  return [...header.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = '""']) => JSON.parse(quoted) as string);
}
