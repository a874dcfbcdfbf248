import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousAuthenticator, tokenFileAuthenticator, unionAuthenticator, withWebSocketTokens } from "./index.ts";

const authenticator = withWebSocketTokens(
  unionAuthenticator([tokenFileAuthenticator("t0ken/é,ann,1\n")], anonymousAuthenticator),
);
const signal = new AbortController().signal;

function protocolOf(token: string | Uint8Array): string {
  return `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
}

async function ask(protocols: string | undefined, more: Record<string, string> = { upgrade: "WebSocket" }) {
  const headers: Record<string, string> = { ...more };
  if (protocols !== undefined) headers["sec-websocket-protocol"] = protocols;
  const result = await authenticator.authenticate({ headers, clientCertificates: [], remoteAddress: "" }, signal);
  const told =
    result.type === "authenticated" ? result.user.name : result.type === "rejected" ? result.message : "none";
  return { told, left: headers["sec-websocket-protocol"] };
}

test("a token among the sub-protocols authenticates, and is taken out", async () => {
  assert.deepEqual(await ask(`${protocolOf("t0ken/é")}, v5.channel.k8s.io,v4.channel.k8s.io`), {
    told: "ann",
    left: "v5.channel.k8s.io, v4.channel.k8s.io",
  });
});

test("other sub-protocols are left alone", async () => {
  assert.deepEqual(await ask("v5.channel.k8s.io"), { told: "system:anonymous", left: "v5.channel.k8s.io" });
  assert.equal((await ask(undefined)).told, "system:anonymous");
  const plain = protocolOf("t0ken/é");
  assert.deepEqual(await ask(plain, {}), { told: "system:anonymous", left: plain });
});

test("what is no token, or comes alone or twice, is refused", async () => {
  assert.equal((await ask(`${protocolOf("wrong")},v5.channel.k8s.io`)).told, "invalid bearer token");
  assert.equal((await ask(protocolOf("t0ken/é"))).told, "missing additional subprotocol");
  const twice = `${protocolOf("a")},${protocolOf("b")},v5.channel.k8s.io`;
  assert.equal((await ask(twice)).told, "multiple base64.bearer.authorization tokens specified");
  const invalid = `${protocolOf(new Uint8Array([0xff, 0xfe]))},v5.channel.k8s.io`;
  assert.equal((await ask(invalid)).told, "token is not valid utf-8");
});
