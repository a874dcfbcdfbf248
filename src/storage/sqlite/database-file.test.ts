import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { VirtualClock } from "../../base/index.ts";
import { contents, put, remove } from "../conformance/engine.ts";
import { openSqliteStore, restoreSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./test-directory.ts";

const run = promisify(execFile);

describe("the database file", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let files = 0;

  before(async () => {
    directory = await temporaryDirectory();
  });
  beforeEach(() => {
    path = directory.file(`${files++}.db`);
  });
  after(() => directory.remove());

  const opened: SqliteStore[] = [];
  const openStore = async (options: Partial<SqliteStoreOptions> = {}) => {
    const store = await openSqliteStore({ clock: new VirtualClock(), path, lockWaitMs: 0, ...options });
    opened.push(store);
    return store;
  };
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));

  it("is readable by its owner only", async () => {
    const store = await openStore();
    await put(store, "/a", "1");
    for (const name of [path, `${path}-wal`]) assert.equal((await stat(name)).mode & 0o777, 0o600, name);
    await store.close();
  });

  it("is refused to a second store, in this process or another, until the first is closed", async () => {
    const store = await openStore();
    await assert.rejects(openStore(), {
      name: "StoreLockedError",
      message: `store file ${path} is in use by another process`,
    });
    const module = fileURLToPath(new URL("./sqlite-store.ts", import.meta.url));
    const script = `import { openSqliteStore } from ${JSON.stringify(module)};
      await openSqliteStore({ clock: {}, path: ${JSON.stringify(path)}, lockWaitMs: 0 })
        .then(() => console.log("opened"), (error) => console.log(error.name));`;
    const other = await run(process.execPath, ["--input-type=module", "--eval", script], { timeout: 120_000 });
    assert.equal(other.stdout.trim(), "StoreLockedError");
    await put(store, "/a", "1");
    await store.close();
    const second = await openStore();
    assert.deepEqual(await contents(second, "/"), ["a=1"]);
    await second.close();
  });

  it("is refused when it is no database, another database, or of a later version", async () => {
    await writeFile(path, "this is not a database, whatever its name says".repeat(100));
    await assert.rejects(openStore(), { name: "StoreCorruptError" });
    path = directory.file("other.db");
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE people (name TEXT)");
    other.close();
    await assert.rejects(openStore(), { name: "StoreCorruptError", message: /not a store's file/ });
    path = directory.file("later.db");
    await (await openStore()).close();
    const later = new DatabaseSync(path);
    later.exec("PRAGMA user_version = 99");
    later.close();
    await assert.rejects(openStore(), { name: "StoreCorruptError", message: /format 99/ });
    path = directory.file("no/such/directory.db");
    await assert.rejects(openStore(), { name: "StoreOpenError" });
  });

  it("is refused when a bit in it has turned", async () => {
    const store = await openStore();
    for (let index = 0; index < 50; index++) await put(store, `/key-${index}`, "marker".repeat(200));
    await store.close();
    const position = (await readFile(path)).lastIndexOf("marker");
    const file = await open(path, "r+");
    await file.write(Buffer.from("M"), 0, 1, position);
    await file.close();
    await assert.rejects(openStore(), { name: "StoreCorruptError", message: /checksum/ });
  });

  it("takes no write above its limit, and goes on when there is space again", async () => {
    const store = await openStore({ fileBytesMax: 1024 * 1024 });
    const value = "x".repeat(50_000);
    let written = 0;
    const fill = async () => {
      for (; written < 100; written++) await put(store, `/big-${written}`, value);
    };
    await assert.rejects(fill(), { name: "StoreFullError", retryable: true });
    assert.ok(written > 10 && written < 25, `${written} fit`);
    const revision = await store.currentRevision();
    assert.equal((await contents(store, "/")).length, written, "reads go on");
    await assert.rejects(Promise.all([put(store, "/one", value), put(store, "/two", value)]), {
      name: "StoreFullError",
    });
    assert.equal(await store.currentRevision(), revision, "a write that failed leaves no revision behind");
    for (let index = 0; index < 3; index++) await remove(store, `/big-${index}`);
    assert.equal(await put(store, "/one", value), revision + 4);
    await store.close();
    const again = await openStore();
    assert.equal((await contents(again, "/")).length, written - 3 + 1);
    await again.close();
  });

  it("is copied while writes go on, and restored at a later revision", async () => {
    const store = await openStore();
    for (let index = 0; index < 2000; index++) void put(store, `/${index}`, "v".repeat(1000));
    await put(store, "/last", "before");
    const copy = directory.file("copy.db");
    const [, revision] = await Promise.all([store.backup(copy), put(store, "/last", "during")]);
    await assert.rejects(store.backup(copy), { name: "StoreOpenError" }, "an existing file is not replaced");
    await put(store, "/last", "after");
    await assert.rejects(restoreSqliteStore({ backup: copy, path }), { name: "StoreLockedError" });
    await store.close();
    const restored = await restoreSqliteStore({ backup: copy, path });
    assert.ok(restored >= revision + 1_000_000 - 1);
    const again = await openStore();
    assert.equal(await again.currentRevision(), restored);
    const entries = (await again.list("/")).entries;
    assert.equal(entries.length, 2001);
    assert.match(Buffer.from((await again.get("/last"))?.value ?? []).toString(), /before|during/);
    await assert.rejects(again.list("/", { revision }), { name: "CompactedError" });
    await again.close();
  });

  it("is copied whenever it is asked for, also between transactions", async () => {
    const store = await openStore();
    for (let round = 0; round < 20; round++) {
      const writes = Array.from({ length: 200 }, (_, index) => put(store, `/${index}`, String(round).repeat(500)));
      const copy = directory.file(`copy-${round}.db`);
      await Promise.all([store.backup(copy), ...writes, put(store, "/last", String(round))]);
    }
    await store.close();
  });

  it("stays small however often its objects change", async () => {
    const store = await openStore();
    const size = 1000;
    const live = 200 * size;
    for (let round = 0; round < 100; round++) {
      const writes = Array.from({ length: 200 }, (_, index) =>
        put(store, `/${index}`, String(round % 10).repeat(size)),
      );
      await Promise.all(writes);
    }
    await store.close();
    assert.ok((await stat(path)).size <= 3 * live, `${(await stat(path)).size} bytes for ${live}`);
  });

  it("gives back the space of what was deleted", async () => {
    const store = await openStore();
    const names = Array.from({ length: 2000 }, (_, index) => `/${index}`);
    await Promise.all(names.map((name) => put(store, name, "x".repeat(2000))));
    await Promise.all(names.slice(20).map((name) => remove(store, name)));
    await store.close();
    const { size } = await stat(path);
    assert.ok(size < 400_000, `${size} bytes for 20 objects`);
  });
});
