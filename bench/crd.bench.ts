// Custom resources beside built-in kinds of the same size: create, get and list through the whole request pipeline, in
// one process, on the memory store. `--objects=N` (default 1500), `--rounds=N` (default 4; the best one counts).
import { parseArgs } from "node:util";
import type { KubeObject } from "../src/apimachinery/index.ts";
import type { Client } from "../src/client/index.ts";
import { startStandardControlPlane } from "../src/testing/index.ts";
import { printFigure } from "./figures.ts";

const { values } = parseArgs({
  options: { objects: { type: "string", default: "1500" }, rounds: { type: "string", default: "4" } },
});
const objects = Number(values.objects);
const rounds = Number(values.rounds);
const listsOfRound = 20;

interface Contender {
  readonly name: string;
  readonly path: string;
  readonly body: (name: string) => string;
}

const labels = { app: "bench", tier: "backend", team: "platform" };
const container = { name: "main", image: "registry.example.com/app:1", args: ["--serve"], workingDir: "/srv" };
const spec = {
  replicas: 2,
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [container] } },
};

const text = { type: "string" };
const map = { type: "object", additionalProperties: text };
const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["selector", "template"],
      properties: {
        replicas: { type: "integer", minimum: 0, default: 1 },
        paused: { type: "boolean", default: false },
        selector: { type: "object", properties: { matchLabels: map } },
        template: {
          type: "object",
          properties: {
            metadata: { type: "object", properties: { labels: map } },
            spec: {
              type: "object",
              properties: {
                restartPolicy: { type: "string", enum: ["Always", "Never"], default: "Always" },
                containers: {
                  type: "array",
                  "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": ["name"],
                  items: {
                    type: "object",
                    required: ["name"],
                    properties: { name: text, image: text, args: { type: "array", items: text }, workingDir: text },
                  },
                },
              },
            },
          },
        },
      },
    },
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

const builtIn: Contender = {
  name: "deployments",
  path: "/apis/apps/v1/namespaces/default/deployments",
  body: (name) => JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels }, spec }),
};
const custom: Contender = {
  name: "custom resources",
  path: "/apis/bench.example.com/v1/namespaces/default/rollouts",
  body: (name) =>
    JSON.stringify({ apiVersion: "bench.example.com/v1", kind: "Rollout", metadata: { name, labels }, spec }),
};

async function define(client: Client): Promise<void> {
  const definitions = { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" };
  const versions = [
    { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } },
  ];
  const names = { plural: "rollouts", singular: "rollout", kind: "Rollout", listKind: "RolloutList" };
  await client.resource(definitions).create({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "rollouts.bench.example.com" },
    spec: { group: "bench.example.com", scope: "Namespaced", names, versions },
  } as KubeObject);
  while ((await client.raw({ method: "GET", path: custom.path })).status !== 200) await new Promise(setImmediate);
}

async function expectStatus(client: Client, wanted: number, request: Parameters<Client["raw"]>[0]): Promise<void> {
  const { status, body } = await client.raw(request);
  if (status !== wanted)
    throw new Error(`${request.method} ${request.path}: ${status} ${Buffer.from(body).toString()}`);
}

async function perSecond(count: number, work: (index: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < count; index += 1) await work(index);
  return (count * 1000) / (performance.now() - start);
}

type Figures = Record<"create" | "get" | "list", number>;

async function measure(client: Client, { path, body }: Contender, round: number): Promise<Figures> {
  const headers = { "content-type": "application/json" };
  const name = (index: number): string => `o-${round}-${index}`;
  const create = await perSecond(objects, (index) =>
    expectStatus(client, 201, { method: "POST", path, headers, body: Buffer.from(body(name(index))) }),
  );
  const get = await perSecond(objects, (index) =>
    expectStatus(client, 200, { method: "GET", path: `${path}/${name(index)}` }),
  );
  const list = await perSecond(listsOfRound, () =>
    expectStatus(client, 200, { method: "GET", path: `${path}?limit=500&labelSelector=app%3Dbench` }),
  );
  return { create, get, list };
}

const plane = await startStandardControlPlane();
try {
  await define(plane.client);
  const best = { builtIn: { create: 0, get: 0, list: 0 }, custom: { create: 0, get: 0, list: 0 } };
  for (let round = 0; round < rounds; round += 1) {
    for (const [key, contender] of [["builtIn", builtIn] as const, ["custom", custom] as const]) {
      const figures = await measure(plane.client, contender, round);
      for (const what of ["create", "get", "list"] as const) best[key][what] = Math.max(best[key][what], figures[what]);
    }
  }
  for (const what of ["create", "get", "list"] as const) {
    printFigure(`${what}: ${builtIn.name}`, `${best.builtIn[what].toFixed(0)}/s`);
    printFigure(`${what}: ${custom.name}`, `${best.custom[what].toFixed(0)}/s`);
    printFigure(
      `${what}: custom to built-in`,
      `${((100 * best.custom[what]) / best.builtIn[what]).toFixed(0)} %`,
      "≥ 80 %",
    );
  }
} finally {
  await plane.stop();
}
