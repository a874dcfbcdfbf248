import { Worker } from "node:worker_threads";
import { messageOf } from "../../base/index.ts";
import { StoreClosedError, StoreFailedError } from "../errors.ts";
import type { Journal, JournalListener, Transaction } from "../mvcc/journal.ts";
import { toError } from "./failure.ts";
import { FrameWriter } from "./frame.ts";
import type { DatabaseOptions, Request, Response, WorkerJob } from "./protocol.ts";

interface Question {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

export function startWorker(job: WorkerJob): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: job,
    name: "store",
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
}

/**
 * Group commit: what arrives while one commit is in flight shares the next. The worker has one commit at a time, so a
 * commit that fails takes only what waits behind it along.
 */
export class SqliteJournal implements Journal {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #listener: JournalListener;
  readonly #questions = new Map<number, Question>();
  readonly #closed = Promise.withResolvers<void>();
  #frame = new FrameWriter();
  /** The newest revision in `#frame`. */
  #revision = 0;
  #committing = false;
  #flushScheduled = false;
  #closing = false;
  #broken: Error | undefined;

  constructor(worker: Worker, options: DatabaseOptions, listener: JournalListener) {
    this.#worker = worker;
    this.#path = options.path;
    this.#listener = listener;
    worker.on("message", (response: Response) => this.#receive(response));
    worker.on("error", (error) => this.#break(new StoreFailedError(messageOf(error), { cause: error })));
    worker.on("exit", () => this.#break(new StoreClosedError()));
  }

  append({ batch, deadlines }: Transaction): void {
    for (const event of batch.events) {
      if (event.type === "put") {
        const { key, value, createRevision, modRevision } = event.entry;
        this.#frame.add({ key, value, createRevision, modRevision, deadlineMs: deadlines?.get(key) });
      } else {
        const { key, revision } = event;
        this.#frame.add({ key, value: undefined, createRevision: 0, modRevision: revision, deadlineMs: undefined });
      }
    }
    this.#revision = batch.revision;
    if (this.#committing || this.#flushScheduled) return;
    // What the same turn of the event loop writes next still gets in.
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  size(): Promise<number> {
    return this.#ask((id) => ({ type: "size", id }));
  }

  async backup(path: string): Promise<void> {
    await this.#ask((id) => ({ type: "backup", id, path }));
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      if (!this.#flushScheduled) this.#flush();
    }
    return this.#closed.promise;
  }

  #flush(): void {
    if (this.#committing || this.#broken !== undefined) return;
    if (this.#frame.count > 0) {
      this.#committing = true;
      const frame = this.#frame.take();
      this.#send({ type: "commit", revision: this.#revision, frame }, [frame.buffer]);
    } else if (this.#closing) {
      this.#send({ type: "close" });
    }
  }

  #send(request: Request, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  #ask(makeRequest: (id: number) => Request): Promise<number> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      const request = makeRequest(this.#questions.size === 0 ? 1 : Math.max(...this.#questions.keys()) + 1);
      if ("id" in request) this.#questions.set(request.id, { resolve, reject });
      this.#send(request);
    });
  }

  #receive(response: Response): void {
    switch (response.type) {
      case "durable":
        this.#committing = false;
        // The worker gets its next commit before the writers of this one get their answers.
        this.#flush();
        this.#listener.durable(response.revision);
        return;
      case "commit-failed":
        this.#committing = false;
        this.#fail(toError(response.failure, this.#path), response.failure.kind !== "full");
        this.#flush();
        return;
      case "answer":
        this.#takeQuestion(response.id)?.resolve(response.value);
        return;
      case "answer-failed":
        this.#takeQuestion(response.id)?.reject(toError(response.failure, this.#path));
        return;
      case "closed":
        this.#break(new StoreClosedError());
        return;
      default:
    }
  }

  #takeQuestion(id: number): Question | undefined {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    return question;
  }

  #fail(error: Error, final: boolean): void {
    this.#frame = new FrameWriter();
    this.#listener.failed(error, final);
  }

  /** The worker is gone, as asked for or not. */
  #break(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    for (const question of this.#questions.values()) question.reject(error);
    this.#questions.clear();
    this.#fail(error, true);
    this.#closed.resolve();
  }
}
