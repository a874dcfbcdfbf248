import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import { MemoryDisk, VirtualClock } from "../../base/index.ts";
import { mergeIntoUserFile, removeFromUserFile, userKubeconfigPath } from "./kubeconfig.ts";

const access = {
  name: "k8ts-default",
  server: "https://127.0.0.1:6443",
  certificateAuthority: "ca",
  clientCertificate: "cert",
  clientKey: "key",
};
const path = "/home/me/.kube/config";

interface File {
  clusters: { name: string }[];
  contexts: { name: string }[];
  "current-context": string;
  extensions?: unknown;
}

async function diskWith(text?: string): Promise<MemoryDisk> {
  const disk = new MemoryDisk(new VirtualClock());
  await disk.makeDirectory("/home/me/.kube");
  if (text !== undefined) await disk.write(path, text);
  return disk;
}

const read = async (disk: MemoryDisk): Promise<File> => load(await disk.readText(path)) as File;

describe("the user's kubeconfig", () => {
  it("is made when there is none, readable by its owner only", async () => {
    const disk = await diskWith();
    await mergeIntoUserFile(disk, path, access);
    assert.equal((await read(disk))["current-context"], "k8ts-default");
    assert.equal((await disk.status(path))?.mode, 0o600);
  });

  it("keeps what else it holds, and replaces our own entry", async () => {
    const disk = await diskWith(
      "clusters: [{name: other, cluster: {server: x}}]\ncontexts: null\nextensions: [kept]\ncurrent-context: other\n",
    );
    await mergeIntoUserFile(disk, path, access);
    await mergeIntoUserFile(disk, path, { ...access, server: "https://127.0.0.1:7443" });
    const merged = await read(disk);
    assert.deepEqual(
      merged.clusters.map(({ name }) => name),
      ["other", "k8ts-default"],
    );
    assert.deepEqual(merged.extensions, ["kept"]);
    await removeFromUserFile(disk, path, "k8ts-default");
    const left = await read(disk);
    assert.deepEqual(
      left.clusters.map(({ name }) => name),
      ["other"],
    );
    assert.equal(left["current-context"], "");
  });

  it("is left alone when it is not a kubeconfig", async () => {
    const disk = await diskWith("- just\n- a list\n");
    await assert.rejects(mergeIntoUserFile(disk, path, access), /is not a kubeconfig; move it away or set KUBECONFIG/);
    assert.equal(await disk.readText(path), "- just\n- a list\n");
  });

  it("is the first file that KUBECONFIG names", () => {
    assert.equal(userKubeconfigPath({}, "/home/me"), path);
    assert.equal(userKubeconfigPath({ KUBECONFIG: ":/a:/b" }, "/home/me"), "/a");
  });
});
