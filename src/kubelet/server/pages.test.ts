import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { flagzPage } from "../../component/index.ts";
import { kubeletStatusz, pagesComponent } from "./pages.ts";

test("the kubelet says what it serves", () => {
  const clock = new VirtualClock();
  const page = kubeletStatusz(clock, [flagzPage(pagesComponent, {}, {})]);
  assert.match(page.text(), /\nPaths: \/configz \/containerLogs \/exec \/flagz \/healthz \/metrics /);
  assert.doesNotMatch(kubeletStatusz(clock).text(), /flagz/);
});
