import { renameSync, rmSync } from "node:fs";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { DatabaseFile } from "./database-file.ts";
import { describeFailure } from "./failure.ts";
import type { CommitRequest, Request, Response, WorkerJob } from "./protocol.ts";

/** How long nothing must be written before the file is tidied up. */
const IDLE_MS = 1000;

if (parentPort === null) throw new Error("runs as a worker");
const port = parentPort;

function send(response: Response, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

/** Serves one database file until it is told to close. */
class Server {
  readonly #database: DatabaseFile;
  #idle: NodeJS.Timeout | undefined;
  #failedEpoch = 0;
  /** Copies that have not made their first step, and what came since they were asked for. */
  #starting = 0;
  readonly #held: Request[] = [];

  constructor(database: DatabaseFile) {
    this.#database = database;
  }

  receive(request: Request): void {
    if (this.#starting > 0) this.#held.push(request);
    else this.#handle(request);
  }

  #next(): Request | undefined {
    return this.#held.shift() ?? receiveMessageOnPort(port)?.message;
  }

  #handle(request: Request): void {
    switch (request.type) {
      case "commit":
        this.#commit(request);
        return;
      case "size":
        send({ type: "answer", id: request.id, value: this.#database.size() });
        return;
      case "backup":
        this.#backup(request.id, request.path);
        return;
      case "close":
        clearTimeout(this.#idle);
        this.#close();
        send({ type: "closed" });
        port.close();
    }
  }

  /** Commits this request together with those that wait behind it, and then handles what came after them. */
  #commit(first: CommitRequest): void {
    const frames = [first.frame];
    let last = first;
    let next = this.#next();
    for (; next?.type === "commit" && next.epoch === first.epoch; next = this.#next()) {
      frames.push(next.frame);
      last = next;
    }
    if (first.epoch > this.#failedEpoch) this.#commitGroup(frames, last);
    if (next !== undefined) this.#handle(next);
  }

  #commitGroup(frames: readonly Uint8Array<ArrayBuffer>[], { epoch, revision }: CommitRequest): void {
    try {
      this.#database.commit(frames, revision);
    } catch (error) {
      this.#failedEpoch = epoch;
      send({ type: "commit-failed", epoch, failure: describeFailure(error) });
      // A full disk may have room again once the log is emptied.
      this.#tidyThoroughly();
      return;
    }
    send({ type: "durable", revision });
    this.#tidy();
  }

  #close(): void {
    try {
      this.#database.close();
    } catch {
      // Everything acknowledged is in the log already.
    }
  }

  #tidy(): void {
    try {
      this.#database.tidy();
    } catch {
      // What could not be tidied (full disk) stays in the log, and is tried again after the next commit.
    }
    this.#tidyLater();
  }

  #tidyLater(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (!this.#tidyThoroughly()) this.#tidyLater();
    }, IDLE_MS);
  }

  /** Whether there is nothing more to do, or nothing that can be done for now. */
  #tidyThoroughly(): boolean {
    if (this.#starting > 0) return false;
    try {
      return this.#database.tidyThoroughly();
    } catch {
      return true;
    }
  }

  #backup(id: number, path: string): void {
    this.#starting++;
    let started = false;
    const onStep = (): void => {
      if (started) return;
      started = true;
      this.#starting--;
      while (this.#starting === 0) {
        const request = this.#held.shift();
        if (request === undefined) return;
        this.#handle(request);
      }
    };
    this.#database
      .backup(path, onStep)
      .then(
        () => send({ type: "answer", id, value: 0 }),
        (error: unknown) => send({ type: "answer-failed", id, failure: describeFailure(error) }),
      )
      .finally(onStep);
  }
}

function serve(job: Extract<WorkerJob, { job: "serve" }>): void {
  const database = DatabaseFile.open(job);
  send({ type: "opened", revision: database.revision() });
  for (const frame of database.load()) send({ type: "entries", frame }, [frame.buffer]);
  const server = new Server(database);
  port.on("message", (request: Request) => server.receive(request));
  send({ type: "loaded" });
}

async function restore({ from, options, bumpRevision }: Extract<WorkerJob, { job: "restore" }>): Promise<void> {
  const target = `${options.path}.restoring`;
  rmSync(target, { force: true });
  // Whoever uses the file to be replaced is found out here.
  DatabaseFile.open(options).close();
  const source = DatabaseFile.open({ ...options, path: from });
  await source.backup(target);
  source.close();
  const copy = DatabaseFile.open({ ...options, path: target });
  for (const _ of copy.load());
  copy.bumpRevision(bumpRevision);
  const revision = copy.revision();
  copy.close();
  for (const suffix of ["-wal", "-shm"]) rmSync(options.path + suffix, { force: true });
  renameSync(target, options.path);
  send({ type: "answer", id: 0, value: revision });
}

const job = workerData as WorkerJob;
try {
  if (job.job === "serve") serve(job);
  else await restore(job);
} catch (error) {
  send({ type: "open-failed", failure: describeFailure(error) });
  port.close();
}
