import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { servingCertificate } from "./serving-certificate.ts";

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface HttpsReceiver {
  /** `https://127.0.0.1:PORT`. */
  readonly origin: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  close(): Promise<void>;
}

/** An HTTPS server of a test: a webhook, an issuer. What it answers is written as JSON. */
export async function startHttpsReceiver(
  answer: (request: ReceivedRequest) => unknown,
  statusOf: () => number = () => 200,
): Promise<HttpsReceiver> {
  const { key, cert, ca } = servingCertificate({ dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] });
  const server = createServer({ key, cert }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const received = { method, path, headers, body: Buffer.concat(chunks).toString() };
      Promise.resolve(received)
        .then(answer)
        .then(
          (value) =>
            response.writeHead(statusOf(), { "content-type": "application/json" }).end(JSON.stringify(value ?? {})),
          () => response.writeHead(500).end(),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://127.0.0.1:${port}`,
    ca,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The kubeconfig by which a server finds a webhook. */
export function webhookKubeconfig({ origin, ca }: HttpsReceiver, path = "/"): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "webhook",
        cluster: { server: origin + path, "certificate-authority-data": Buffer.from(ca).toString("base64") },
      },
    ],
    users: [{ name: "apiserver", user: {} }],
    contexts: [{ name: "webhook", context: { cluster: "webhook", user: "apiserver" } }],
    "current-context": "webhook",
  });
}
