import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { flag } from "../flags/index.ts";
import { flagzPage } from "./flagz.ts";
import { answerZPage, type ZPage } from "./page.ts";
import { statuszPage } from "./statusz.ts";

const clock = new VirtualClock();
const status = statuszPage({ component: "kube-scheduler", clock, paths: ["/metrics", "/flagz"] });
const flags = flagzPage(
  "kube-scheduler",
  {
    "leader-elect": flag.boolean({ usage: "", default: true }),
    period: flag.duration({ usage: "" }),
    v: flag.integer({ usage: "" }),
    names: flag.textList({ usage: "" }),
    kubeconfig: flag.text({ usage: "" }),
    "feature-gates": flag.textList({ usage: "", valueName: "pairs" }),
  },
  { "leader-elect": true, period: 90_000, v: 0, names: ["a", "b"], kubeconfig: "/x y", "feature-gates": [] },
);
const bodyOf = (page: ZPage, accept?: string) => answerZPage(page, accept).body;

test("text is what people get", () => {
  assert.match(
    bodyOf(status),
    /^\nkube-scheduler statusz\nWarning: This endpoint is not meant to be machine parseable/,
  );
  assert.match(
    bodyOf(status, "*/*"),
    /\nStarted: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\nUp: 0 hr 00 min \d\d sec\n/,
  );
  assert.match(bodyOf(status, "text/plain"), /\nEmulation version: 1\.36\nPaths: \/flagz \/metrics\n$/);
  const listed = ["feature-gates=", "kubeconfig=/x y", "leader-elect=true", "names=[a,b]", "period=1m30s", "v=0", ""];
  assert.ok(bodyOf(flags).endsWith(`purposes only.\n${listed.join("\n")}`));
});

test("programs name the kind and its version, as JSON or YAML", () => {
  const accept = "application/json;as=Flagz;v=v1beta1;g=config.k8s.io";
  const answer = answerZPage(flags, accept);
  assert.equal(answer.contentType, "application/json;g=config.k8s.io;v=v1beta1;as=Flagz");
  assert.equal(answer.headers, undefined);
  const { kind, apiVersion, metadata, flags: shown } = JSON.parse(answer.body) as Record<string, unknown>;
  assert.deepEqual([kind, apiVersion, metadata], ["Flagz", "config.k8s.io/v1beta1", { name: "kube-scheduler" }]);
  assert.deepEqual((shown as Record<string, string>)["period"], "1m30s");
  const old = answerZPage(status, "text/html, application/yaml;as=Statusz;v=v1alpha1;g=config.k8s.io");
  assert.equal(old.contentType, "application/yaml;g=config.k8s.io;v=v1alpha1;as=Statusz");
  assert.match(old.headers?.["warning"] ?? "", /^299 - "This version of the statusz endpoint is deprecated\./);
  assert.match(old.body, /^apiVersion: config.k8s.io\/v1alpha1\nbinaryVersion: 1\.36\.\d+\nemulationVersion: "1.36"\n/);
});

test("what cannot be had is refused", () => {
  const refused = [
    "application/json",
    "application/*",
    "text/html",
    "application/json;as=Statusz;v=v1;g=config.k8s.io",
    "application/json;as=Flagz;v=v1beta1;g=config.k8s.io",
    "application/vnd.kubernetes.protobuf;as=Statusz;v=v1beta1;g=config.k8s.io",
  ];
  for (const accept of refused) {
    const { status: code, body } = answerZPage(status, accept);
    assert.equal(code, 406, accept);
    assert.match(
      body,
      /only the following media types are accepted: application\/json, application\/yaml, text\/plain/,
    );
  }
});
