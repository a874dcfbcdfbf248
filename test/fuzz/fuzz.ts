import { Agent, request } from "node:http";
import {
  createStandardServer,
  type HttpServer,
  listenHttp,
  tokenFileAuthenticator,
} from "../../src/apiserver/index.ts";
import { CapturingLog, createRealPlatform } from "../../src/base/index.ts";
import { generateKey, privateKeyPem } from "../../src/component/index.ts";
import { createMemoryStore } from "../../src/storage/index.ts";
import { Choice } from "./choice.ts";
import { type AnyPath, type RandomRequest, RandomRequests, type Target } from "./random-request.ts";
import type { OpenApiSchema, Schemas } from "./random-value.ts";

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: string;
  /** Told now and then how many have been answered. */
  readonly progress?: (answered: number) => void;
}

export interface FuzzResult {
  /** By status code. */
  readonly answers: ReadonlyMap<number, number>;
  /** Requests that got no answer or one that blames the server, with what it said. */
  readonly failures: readonly string[];
  /** What the server logged as its own errors. */
  readonly errors: readonly string[];
}

const atOnce = 8;
const failuresMax = 100;
/** A watch is left alone after this; anything else has to have answered. */
const watchMs = 100;
const answerMs = 30_000;

/** Faults of the client that upstream, too, answers with 500. */
const asUpstream =
  /patch type|setElementOrder|declared merge key|typed patch object|merging to|element types are not identical|target\.(kind|name): |strconv\.ParseUint: parsing/;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends random requests to the standard API server over HTTP. */
export async function fuzz({ requests, seed, progress }: FuzzOptions): Promise<FuzzResult> {
  const log = new CapturingLog();
  const served = await serve(log);
  const answers = new Map<number, number>();
  const failures: string[] = [];
  try {
    const { targets, paths } = await discover(served);
    const random = new RandomRequests(new Choice(seed), targets, paths);
    let left = requests;
    const client = async (): Promise<void> => {
      while (left > 0 && failures.length < failuresMax) {
        left -= 1;
        if (left % 10_000 === 0) progress?.(requests - left);
        const asked = random.next();
        const answer = await served.send(asked).catch((error: unknown) => ({ status: 0, text: String(error) }));
        answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
        const failed = answer.status === 0 || (answer.status >= 500 && !asUpstream.test(answer.text));
        if (failed) failures.push(`${describe(asked)}\n  ${answer.status} ${answer.text.slice(0, 500)}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, client));
  } finally {
    await served.stop();
  }
  const errors = log.entries.filter(({ level }) => level === "error").map((entry) => JSON.stringify(entry));
  return { answers, failures, errors };
}

function describe({ method, path, headers, body }: RandomRequest): string {
  return `${method} ${path} ${JSON.stringify(headers)} ${body?.toString().slice(0, 2_000) ?? ""}`;
}

interface Served {
  send(asked: RandomRequest): Promise<Answer>;
  stop(): Promise<void>;
}

async function serve(log: CapturingLog): Promise<Served> {
  const platform = createRealPlatform();
  const { server } = createStandardServer({
    ...platform,
    log,
    store: createMemoryStore({ clock: platform.clock }),
    authenticators: [tokenFileAuthenticator("token,admin,uid,system:masters\n")],
    serviceAccounts: {
      signingKey: privateKeyPem(generateKey().privateKey),
      verificationKeys: [],
      issuers: ["https://kubernetes.default.svc"],
      audiences: [],
    },
  });
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await server.started;
  const http = await listenHttp({ host: "127.0.0.1", port: 0, handler: server.handler });
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  return {
    send: (asked) => send(http, agent, asked),
    stop: async () => {
      agent.destroy();
      await http.close(0);
      stopping.abort();
      await running;
    },
  };
}

function send({ port }: HttpServer, agent: Agent, { method, path, headers, body }: RandomRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      method,
      path,
      agent,
      headers: { authorization: "Bearer token", ...headers },
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      const status = response.statusCode ?? 0;
      response.on("data", (chunk: Buffer) => void chunks.push(chunk));
      response.once("close", () => resolve({ status, text: Buffer.concat(chunks).toString() }));
      if (path.includes("watch")) setTimeout(() => response.destroy(), watchMs);
    });
    sent.setTimeout(answerMs, () => sent.destroy(new Error("no answer in time")));
    sent.once("error", reject);
    sent.end(body);
  });
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Schemas };
}

interface OpenApiOperation {
  readonly "x-kubernetes-action"?: string;
  readonly "x-kubernetes-group-version-kind"?: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  };
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: OpenApiSchema }>> };
}

/** These have the server call addresses that objects name: random ones must stay where they are. */
const callingPaths = /\/(?:proxy|exec|attach|portforward|log)(?:\/|$)/;
const callingKinds: ReadonlySet<string> = new Set([
  "APIService",
  "CustomResourceDefinition",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
]);

/** What there is to ask, from the documents that the server publishes. */
async function discover({ send }: Served): Promise<{ targets: Target[]; paths: AnyPath[] }> {
  const get = async (path: string): Promise<unknown> =>
    JSON.parse((await send({ method: "GET", path, headers: {} })).text) as unknown;
  const root = (await get("/openapi/v3")) as { readonly paths: Readonly<Record<string, unknown>> };
  const targets: Target[] = [];
  const paths: AnyPath[] = [];
  for (const name of Object.keys(root.paths)) {
    const document = (await get(`/openapi/v3/${name}`)) as OpenApiDocument;
    for (const [path, operations] of Object.entries(document.paths)) {
      if (callingPaths.test(path)) continue;
      const methods = Object.keys(operations).filter((key) => ["get", "post", "put", "patch", "delete"].includes(key));
      paths.push({ path, methods: methods.map((method) => method.toUpperCase()) });
      const target = path.includes("{name}") ? undefined : targetOf(path, operations["post"], document);
      if (target !== undefined) targets.push(target);
    }
  }
  return { targets, paths };
}

function targetOf(path: string, post: OpenApiOperation | undefined, document: OpenApiDocument): Target | undefined {
  const gvk = post?.["x-kubernetes-group-version-kind"];
  const schema = Object.values(post?.requestBody?.content ?? {})[0]?.schema;
  if (post?.["x-kubernetes-action"] !== "post" || gvk === undefined || schema === undefined) return undefined;
  if (callingKinds.has(gvk.kind)) return undefined;
  const apiVersion = gvk.group === "" ? gvk.version : `${gvk.group}/${gvk.version}`;
  return { path, apiVersion, kind: gvk.kind, schema, schemas: document.components.schemas };
}
