import { Worker } from "node:worker_threads";
import { messageOf } from "../../base/index.ts";
import { StoreClosedError, StoreFailedError } from "../errors.ts";
import { Deque } from "../mvcc/deque.ts";
import type { Journal, JournalListener, Transaction } from "../mvcc/journal.ts";
import { toError } from "./to-error.ts";
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

/** So many groups may be on their way; what comes then waits here and becomes one group. */
const GROUPS_MAX = 4;

/**
 * Group commit. The first write of an idle store is sent at once. What comes while commits are on their way is sent
 * once per turn of the event loop, and the worker makes one commit of all that has reached it meanwhile; so the disk
 * never waits for a busy main thread.
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
  /** The newest revision of each group on its way. */
  readonly #groups = new Deque<number>();
  #epoch = 1;
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
    this.#scheduleFlush();
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

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    const flush = (): void => {
      this.#flushScheduled = false;
      this.#flush();
    };
    // Either way, what is written in the same breath still gets in.
    if (this.#groups.length === 0) queueMicrotask(flush);
    else setImmediate(flush);
  }

  #flush(): void {
    if (this.#broken !== undefined) return;
    if (this.#frame.count > 0) {
      if (this.#groups.length >= GROUPS_MAX) return;
      const frame = this.#frame.take();
      this.#groups.push(this.#revision);
      this.#send({ type: "commit", epoch: this.#epoch, revision: this.#revision, frame }, [frame.buffer]);
    } else if (this.#closing && this.#groups.length === 0) {
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
        while ((this.#groups.at(0) ?? Infinity) <= response.revision) this.#groups.shift();
        // The worker gets its next commit before the writers of this one get their answers.
        this.#flush();
        this.#listener.durable(response.revision);
        return;
      case "commit-failed":
        if (response.epoch === this.#epoch)
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
    this.#epoch++;
    this.#groups.clear();
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
