import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkRewriter } from "./html-links.ts";
import { throughProxy } from "./proxied-answer.ts";

/** The page rewritten, however it is cut into pieces. */
function rewrite(page: string): string {
  const results = [1, 2, 7, page.length].map((size) => {
    const links = new LinkRewriter((link) => (link.startsWith("/") ? `/p${link}` : link));
    let out = "";
    for (let at = 0; at < page.length; at += size) out += links.push(page.slice(at, at + size));
    return out + links.end();
  });
  assert.equal(new Set(results).size, 1, "pieces make no difference");
  return results[0] ?? "";
}

const pages: readonly (readonly [page: string, rewritten: string])[] = [
  ['<a href="/x">/x</a>', '<a href="/p/x">/x</a>'],
  ["<A class=b HREF=/x>", '<A class=b HREF="/p/x">'],
  ["<img src='/a?b=1&amp;c=2' alt='a > b'/>", "<img src='/p/a?b=1&amp;c=2' alt='a > b'/>"],
  ['<a href="x" title="/x">', '<a href="x" title="/x">'],
  ['<!-- <a href="/x"> --><p>1 < 2</p><br>', '<!-- <a href="/x"> --><p>1 < 2</p><br>'],
  [
    '<script src="/s">x = \'<a href="/x">\'</script><a href="/x">',
    '<script src="/p/s">x = \'<a href="/x">\'</script><a href="/p/x">',
  ],
  ["<style></style><link href=/x>", '<style></style><link href="/p/x">'],
  ['<constructor href="/x"><a', '<constructor href="/x"><a'],
  ['<!DOCTYPE html><html manifest="/m">', '<!DOCTYPE html><html manifest="/p/m">'],
];
for (const [page, rewritten] of pages) test(`links of ${page}`, () => assert.equal(rewrite(page), rewritten));

test("a tag without an end is let through in the end", () => {
  const links = new LinkRewriter(() => "changed");
  const open = `<a href="${"x".repeat(70_000)}`;
  assert.equal(links.push(open) + links.end(), open);
});

test("only what leads to the target leads through the proxy, and only once", () => {
  const at = { prefix: "/api/v1/pods/a/proxy", clientHost: "api:6443", targetHost: "10.0.0.1:80" };
  const cases: readonly (readonly [string, string])[] = [
    ["/x/", "/api/v1/pods/a/proxy/x/"],
    ["/x?y=/z#w", "/api/v1/pods/a/proxy/x?y=/z#w"],
    ["x", "x"],
    ["#top", "#top"],
    ["mailto:a@b", "mailto:a@b"],
    ["http://10.0.0.1:80/x", "/api/v1/pods/a/proxy/x"],
    ["https://api:6443/x", "https://api:6443/api/v1/pods/a/proxy/x"],
    ["https://elsewhere/x", "https://elsewhere/x"],
    ["/api/v1/pods/a/proxy/x", "/api/v1/pods/a/proxy/x"],
  ];
  for (const [link, through] of cases) assert.equal(throughProxy(link, at), through);
});
