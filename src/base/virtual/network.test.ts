import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { isPlatformError } from "../errors.ts";
import { MemoryNetwork } from "./network.ts";

const address = { host: "10.0.0.1", port: 443 };

test("a wildcard listener answers for every host", async () => {
  const network = new MemoryNetwork();
  await network.listen({ host: "0.0.0.0", port: 443 }, (stream) => stream.end("hello"));
  const stream = await network.connect(address);
  const [data] = await once(stream, "data");
  assert.equal(String(data), "hello");
  await assert.rejects(
    network.listen(address, () => {}),
    (error) => isPlatformError(error, "EADDRINUSE"),
  );
});

test("a severed address loses its streams and refuses new ones until healed", async () => {
  const network = new MemoryNetwork();
  await network.listen(address, (stream) => stream.resume());
  const stream = await network.connect(address);
  stream.on("error", () => {});
  await new Promise((resolve) => setImmediate(resolve));
  const closed = once(stream, "close");
  network.sever(address);
  await closed;
  await assert.rejects(network.connect(address), (error) => isPlatformError(error, "ECONNREFUSED"));
  network.heal(address);
  (await network.connect(address)).destroy();
});
