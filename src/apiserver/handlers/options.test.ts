import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, startControlPlane, type TestControlPlane } from "../../testing/index.ts";

const maps = "/api/v1/namespaces/default/configmaps";
let plane: TestControlPlane;

before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

/** Code, reason and message of what is said to a query. */
async function said(query: string, path = maps, method = "GET"): Promise<string> {
  const { status, text } = await ask(plane, { method, path: `${path}?${query}` });
  if (status < 400) return `${status} ${text}`;
  const { reason = "none", message = "" } = JSON.parse(text) as { readonly reason?: string; readonly message?: string };
  return `${status} ${reason} ${message}`;
}

const badNumber = (text: string): string => `400 BadRequest strconv.ParseInt: parsing "${text}": invalid syntax`;
const badVersion = (text: string, why: string): string =>
  `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": ${why}`;

test("a resource version that is no number is a failure of reads and watches, and a bad request of lists", async () => {
  for (const [given, why] of [
    ["x", "invalid syntax"],
    ["-1", "invalid syntax"],
    ["99999999999999999999", "value out of range"],
  ] as const) {
    const query = `resourceVersion=${given}`;
    assert.equal(await said(query, `${maps}/none`), `500 none ${badVersion(given, why)}`);
    assert.equal(await said(`watch=1&${query}`), `500 none ${badVersion(given, why)}`);
    assert.equal(await said(query), `400 BadRequest invalid resource version: ${badVersion(given, why)}`);
  }
});

test("a token to continue with is looked at before the resource version", async () => {
  assert.match(await said("continue=abc&resourceVersion=x"), /^400 BadRequest invalid continue token: /);
  const token = Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"a\\u0000"}').toString("base64url");
  const both = "400 BadRequest specifying resource version is not allowed when using continue";
  assert.equal(await said(`continue=${token}&resourceVersion=x`), both);
  assert.equal(await said(`continue=${token}&resourceVersion=1`), both);
  const forbidden = /^422 Invalid ListOptions\.meta\.k8s\.io "" is invalid: .* is forbidden when continue is provided$/;
  assert.match(await said(`watch=1&continue=${token}`), forbidden);
  assert.match(await said(`watch=1&continue=${token}&resourceVersion=0`), forbidden);
});

test("numbers come first, then the syntax of selectors, then what does not go together, then fields that there are not", async () => {
  for (const watch of ["", "watch=1&"]) {
    assert.equal(await said(`${watch}labelSelector=!!&limit=x`), badNumber("x"));
    assert.equal(await said(`${watch}limit=x&timeoutSeconds=y`), badNumber("y"));
    assert.match(await said(`${watch}labelSelector=!!&resourceVersionMatch=Foo`), /^400 BadRequest unable to parse/);
    assert.match(await said(`${watch}fieldSelector=nope=x&resourceVersionMatch=Foo`), /^422 Invalid ListOptions/);
    assert.match(
      await said(`${watch}fieldSelector=nope=x&resourceVersion=x`),
      /"nope" is not a known field|invalid res/,
    );
  }
});

test("numbers are read as Go reads them", async () => {
  assert.equal(await said("limit="), badNumber(""));
  assert.equal(await said("timeoutSeconds="), badNumber(""));
  assert.match(await said("limit=%2B1"), /^200 /);
  assert.equal(await said("gracePeriodSeconds=", `${maps}/none`, "DELETE"), badNumber(""));
  assert.match(await said("propagationPolicy=", `${maps}/none`, "DELETE"), /^422 .*Unsupported value: "": supported/);
});

test("what is malformed in a query is as if it were not there", async () => {
  for (const query of ["limit=%zz", "limit=x%", "limit=x;a", "timeout=%zz", "timeout=-1s"]) {
    assert.match(await said(query), /^200 /, query);
  }
  assert.match(await said("labelSelector=a%3D%ff"), /^400 BadRequest unable to parse requirement: values\[0\]\[a\]/);
  assert.equal(
    await said("timeout=100000000h"),
    '400 BadRequest invalid timeout specified in the request URL - time: invalid duration "100000000h"',
  );
});

test("a watch with a time below nothing is over before it begins", async () => {
  assert.equal(await said("watch=1&timeoutSeconds=-1&resourceVersion=0"), "200 ");
  assert.match(await said("watch=1&timeoutSeconds=-1"), /^200 \{"type":"ERROR",.*"context deadline exceeded"/);
});

test("all that is wrong with a patch's options is said at once", async () => {
  const patched = async (type: string, query: string): Promise<string> => {
    const headers = { "content-type": type };
    const { text } = await ask(plane, { method: "PATCH", path: `${maps}/none?${query}`, headers, body: "{}" });
    return (JSON.parse(text) as { readonly message: string }).message;
  };
  const dryRun = 'dryRun: Unsupported value: ["x"]: supported values: "All"';
  assert.equal(
    await patched("application/apply-patch+yaml", "dryRun=x"),
    `PatchOptions.meta.k8s.io "" is invalid: [fieldManager: Required value: is required for apply patch, ${dryRun}]`,
  );
  assert.equal(
    await patched("application/merge-patch+json", "dryRun=x&force=1&fieldManager=%00"),
    `PatchOptions.meta.k8s.io "" is invalid: [force: Forbidden: may not be specified for non-apply patch, fieldManager: Invalid value: "\\x00": invalid character U+0000 (at position 0), ${dryRun}]`,
  );
});
