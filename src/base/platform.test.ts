import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { after, before, describe, test } from "node:test";
import {
  createRealPlatform,
  createVirtualPlatform,
  isPlatformError,
  type Network,
  type Platform,
  VirtualClock,
} from "./index.ts";

const code = (expected: string) => (error: unknown) => isPlatformError(error, expected);

for (const [name, create] of [
  ["real", createRealPlatform],
  ["virtual", createVirtualPlatform],
] as const) {
  describe(`${name} platform`, () => {
    const platform: Platform = create();
    const { clock, random, disk, network } = platform;
    let root = "/data";

    /** Virtual time has to be pushed; real time goes by itself. */
    const pass = <T>(promise: Promise<T>): Promise<T> =>
      clock instanceof VirtualClock ? clock.resolve(promise) : promise;

    before(async () => {
      if (name === "real") root = await mkdtemp(join(tmpdir(), "k8ts-base-"));
      else await disk.makeDirectory(root);
    });
    after(() => disk.remove(root).then(() => rm(root, { force: true, recursive: true })));

    test("time goes forward by what was slept", async () => {
      const before = clock.monotonic();
      await pass(clock.sleep(20));
      assert.ok(clock.monotonic() - before >= 19);
    });

    test("a sleep ends with its signal", async () => {
      const controller = new AbortController();
      const asleep = clock.sleep(60_000, controller.signal);
      controller.abort(new Error("stop"));
      await assert.rejects(asleep, /stop/);
      await assert.rejects(clock.sleep(1, controller.signal), /stop/);
    });

    test("a cancelled timer does not fire", async () => {
      let fired = false;
      clock
        .after(1, () => {
          fired = true;
        })
        .cancel();
      await pass(clock.sleep(10));
      assert.equal(fired, false);
    });

    test("random numbers are in range, and identifiers are version 4", () => {
      for (let count = 0; count < 2000; count++) {
        const value = random.next();
        assert.ok(value >= 0 && value < 1);
      }
      assert.equal(random.bytes(33).length, 33);
      assert.match(random.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.notEqual(random.uuid(), random.uuid());
    });

    test("files are written, read, appended to and removed", async () => {
      const path = join(root, "a", "file");
      await assert.rejects(disk.write(path, "x"), code("ENOENT"));
      await disk.makeDirectory(join(root, "a"), { mode: 0o700 });
      await disk.makeDirectory(join(root, "a"));
      await disk.write(path, "hello", { mode: 0o600, durable: true });
      await disk.append(path, " world");
      assert.equal(await disk.readText(path), "hello world");
      assert.equal(Buffer.from(await disk.readRange(path, 6, 100)).toString(), "world");
      const status = await disk.status(path);
      assert.deepEqual([status?.kind, status?.size, status?.mode], ["file", 11, 0o600]);
      await disk.changeMode(path, 0o644);
      assert.equal((await disk.status(path))?.mode, 0o644);
      assert.equal((await disk.status(join(root, "a")))?.mode, 0o700);
      assert.deepEqual(await disk.list(join(root, "a")), ["file"]);
      await disk.rename(path, join(root, "a", "other"));
      await assert.rejects(disk.read(path), code("ENOENT"));
      await assert.rejects(disk.read(join(root, "a")), code("EISDIR"));
      await assert.rejects(disk.list(join(root, "a", "other")), code("ENOTDIR"));
      await disk.remove(join(root, "a"));
      await disk.remove(join(root, "a"));
      assert.equal(await disk.status(join(root, "a", "other")), undefined);
      assert.equal(await disk.status(join(root, "a")), undefined);
      assert.ok((await disk.capacity(root)).totalBytes > 0);
    });

    test("links are followed, kept by status, and not followed by remove", async () => {
      await disk.makeDirectory(join(root, "target"));
      await disk.write(join(root, "target", "file"), "kept");
      await disk.symlink("target", join(root, "link"));
      assert.equal(await disk.readText(join(root, "link", "file")), "kept");
      assert.equal((await disk.status(join(root, "link")))?.kind, "symlink");
      assert.equal(await disk.readLink(join(root, "link")), "target");
      await assert.rejects(disk.symlink("target", join(root, "link")), code("EEXIST"));
      await disk.remove(join(root, "link"));
      assert.equal(await disk.readText(join(root, "target", "file")), "kept");
      await disk.symlink("loop", join(root, "loop"));
      await assert.rejects(disk.read(join(root, "loop")), code("ELOOP"));
    });

    test("a watch reports changes to a file and ends with its signal", async () => {
      const path = join(root, "watched");
      await disk.write(path, "1");
      const controller = new AbortController();
      let changed = Promise.withResolvers<void>();
      let calls = 0;
      disk.watch(
        path,
        () => {
          calls++;
          changed.resolve();
        },
        controller.signal,
      );
      await disk.write(path, "2");
      await changed.promise;
      changed = Promise.withResolvers<void>();
      controller.abort();
      const before = calls;
      await disk.write(path, "3");
      await pass(clock.sleep(50));
      assert.equal(calls, before);
    });

    test("streams carry bytes both ways and may be half closed", async () => {
      const listener = await network.listen({ host: "127.0.0.1", port: 0 }, (stream) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => stream.end(`got ${Buffer.concat(chunks).toString()}`));
      });
      const stream = await network.connect(listener.address);
      stream.end("ping");
      assert.equal(await readAll(stream), "got ping");
      await listener.close();
      await assert.rejects(network.connect(listener.address), code("ECONNREFUSED"));
    });

    test("unix sockets work by path, and an address is taken once", async () => {
      const address = { path: join(root, "socket") };
      const listener = await network.listen(address, (stream) => stream.end("hi"));
      await assert.rejects(
        network.listen(address, () => {}),
        code("EADDRINUSE"),
      );
      assert.equal(await readAll(await network.connect(address)), "hi");
      await listener.close();
    });

    test("closing a listener cuts its streams", async () => {
      const listener = await network.listen({ host: "127.0.0.1", port: 0 }, (stream) => stream.resume());
      const stream = await network.connect(listener.address);
      const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
      stream.on("error", () => {});
      stream.resume();
      await listener.close();
      stream.end();
      await closed;
    });

    test("datagrams are answered, and silence times out", async () => {
      const listener = await listenEcho(network);
      const { address } = listener;
      assert.ok("port" in address);
      const patient = { timeoutMs: 60_000 };
      assert.equal(Buffer.from(await network.exchangeDatagram(address, Buffer.from("abc"), patient)).toString(), "cba");
      const quiet = network.exchangeDatagram(address, Buffer.from("quiet"), { timeoutMs: 30 });
      await assert.rejects(pass(quiet), /timed out|no answer/);
      await listener.close();
    });
  });
}

async function listenEcho(network: Network) {
  return network.listenDatagram({ host: "127.0.0.1", port: 0 }, (message, reply) => {
    const text = Buffer.from(message).toString();
    if (text !== "quiet") reply(Buffer.from(message).reverse());
  });
}

async function readAll(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
