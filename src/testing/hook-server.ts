import { type ApiRequest, type ApiResponse, type HttpServer, listenHttp } from "../apiserver/index.ts";
import type { KubeObject } from "../apimachinery/index.ts";
import type { Client } from "../client/index.ts";
import { servingCertificate } from "./serving-certificate.ts";

/** The `request` of an AdmissionReview. */
export interface ReviewRequest {
  readonly uid: string;
  readonly kind: object;
  readonly resource: object;
  readonly requestKind: object;
  readonly requestResource: object;
  readonly subResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: string;
  readonly object: (KubeObject & Record<string, unknown>) | null;
  readonly oldObject: (KubeObject & Record<string, unknown>) | null;
  readonly options: Record<string, unknown> | null;
  readonly dryRun: boolean;
  readonly userInfo: Record<string, unknown>;
}

/** What the webhook at a path says to a request: a `response`, or a whole answer. */
export type Answer = (request: ReviewRequest, path: string) => object | RawAnswer;

export class RawAnswer {
  readonly text: string;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(text: string, code = 200, headers: Readonly<Record<string, string>> = {}) {
    this.text = text;
    this.code = code;
    this.headers = headers;
  }
}

export const jsonPatch = (operations: readonly object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

const group = "admissionregistration.k8s.io";
const bodyBytesMax = 3 * 1024 * 1024;

/** Webhooks over HTTPS, with a certificate for `localhost` of an authority of their own. */
export class HookServer {
  readonly seen: { readonly path: string; readonly request: ReviewRequest; readonly authorization: string }[] = [];
  answer: Answer = () => ({ allowed: true });
  readonly #tls = servingCertificate({ dnsNames: ["localhost", "hook.default.svc"], ipAddresses: [] });
  #server: HttpServer | undefined;

  async start(): Promise<void> {
    const { key, cert } = this.#tls;
    const tls = { key, cert };
    this.#server = await listenHttp({ host: "127.0.0.1", port: 0, tls, handler: (request) => this.#answer(request) });
  }

  async #answer(incoming: ApiRequest): Promise<ApiResponse> {
    const sent = Buffer.from(await incoming.body(bodyBytesMax)).toString();
    // Who was sent elsewhere may only fetch.
    const { request } = (sent === "" ? { request: {} } : JSON.parse(sent)) as { request: ReviewRequest };
    const path = incoming.target.split("?")[0] ?? "";
    this.seen.push({ path, request, authorization: String(incoming.headers["authorization"] ?? "") });
    const said = this.answer(request, path);
    if (said instanceof RawAnswer) {
      const headers = { "content-type": "text/plain", ...said.headers };
      return { status: said.code, headers, body: { type: "bytes", bytes: Buffer.from(said.text) } };
    }
    const review = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: request.uid, ...said },
    };
    const bytes = Buffer.from(JSON.stringify(review));
    return { status: 200, headers: { "content-type": "application/json" }, body: { type: "bytes", bytes } };
  }

  async stop(): Promise<void> {
    await this.#server?.close(100);
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get caBundle(): string {
    return Buffer.from(this.#tls.ca).toString("base64");
  }

  /** One webhook that wants every operation on these resources. */
  hook(name: string, resources: readonly string[], more: object = {}) {
    return {
      name,
      clientConfig: { url: `https://localhost:${this.port}/${name}`, caBundle: this.caBundle },
      rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: [...resources], scope: "*" }],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      timeoutSeconds: 30,
      ...more,
    };
  }

  /** Has the webhooks in place for the length of some work. */
  async with(
    client: Client,
    kind: "Mutating" | "Validating",
    hooks: readonly object[],
    work: () => Promise<void>,
    name = "test",
  ): Promise<void> {
    this.seen.length = 0;
    const configurations = client.resource({
      ...{ group, version: "v1" },
      resource: `${kind.toLowerCase()}webhookconfigurations`,
    });
    await configurations.create({
      apiVersion: `${group}/v1`,
      kind: `${kind}WebhookConfiguration`,
      metadata: { name },
      webhooks: hooks,
    } as unknown as KubeObject);
    try {
      await work();
    } finally {
      await configurations.delete(name);
    }
  }
}
