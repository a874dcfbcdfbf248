import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRealPlatform, createVirtualPlatform } from "../../../base/index.ts";
import { HookServer } from "../../../testing/index.ts";
import type { ServiceResolver } from "../../aggregation/service-resolver.ts";
import { WebhookCaller } from "./caller.ts";
import { credentialsByHost } from "./credentials.ts";

const hooks = new HookServer();
const review = { request: { uid: "u" } };

describe("a kubeconfig for webhooks", () => {
  before(() => hooks.start());
  after(() => hooks.stop());

  it("says to each webhook who calls: by its URL, or the name of its Service", async () => {
    const { clock } = createRealPlatform();
    const config = {
      users: [
        { name: `localhost:${hooks.port}`, user: { token: "by-url" } },
        { name: "hook.default.svc", user: { username: "u", password: "p" } },
      ],
    };
    const resolver = { resolve: () => ({ host: "127.0.0.1", port: hooks.port }) } as unknown as ServiceResolver;
    const plain = new WebhookCaller(resolver, clock);
    const caller = plain.with(credentialsByHost(config, { ...createVirtualPlatform(), clock }));
    const { signal } = new AbortController();
    const { caBundle } = hooks;
    const byUrl = { url: `https://localhost:${hooks.port}/url`, caBundle };
    const byService = { service: { namespace: "default", name: "hook" }, caBundle };
    for (const address of [byUrl, byService]) await caller.post(address, review, 5_000, signal);
    await plain.post(byUrl, review, 5_000, signal);
    const basic = `Basic ${Buffer.from("u:p").toString("base64")}`;
    assert.deepEqual(
      hooks.seen.map(({ authorization }) => authorization),
      ["Bearer by-url", basic, ""],
    );
  });
});
