import { type Listener, type Log, messageOf, type Network } from "../../base/index.ts";
import { type DiagnosticsAnswer, type DiagnosticsHandler, startDiagnosticsServer } from "../../component/index.ts";

/** The answer at a path; `undefined` is 404. */
export type AnswerNow = (path: string) => DiagnosticsAnswer | undefined;

/** One small HTTP server for each `host:port` that is asked for. */
export class HealthServers {
  readonly #network: Network;
  readonly #log: Log;
  readonly #failed = new Set<string>();
  readonly #open = new Map<string, { readonly listener: Listener; answer: AnswerNow }>();

  constructor(network: Network, log: Log) {
    this.#network = network;
    this.#log = log;
  }

  /** Opens, updates and closes servers so that exactly these answer. A port in use is logged once and tried again. */
  async sync(answers: ReadonlyMap<string, AnswerNow>): Promise<void> {
    for (const [bind, { listener }] of this.#open) {
      if (answers.has(bind)) continue;
      this.#open.delete(bind);
      await listener.close();
    }
    for (const [bind, answer] of answers) {
      const open = this.#open.get(bind);
      if (open === undefined) await this.#listen(bind, answer);
      else open.answer = answer;
    }
  }

  close(): Promise<void> {
    return this.sync(new Map());
  }

  async #listen(bind: string, first: AnswerNow): Promise<void> {
    const split = bind.lastIndexOf(":");
    const address = { host: bind.slice(0, split), port: Number(bind.slice(split + 1)) };
    const handler: DiagnosticsHandler = async ({ path }) => (this.#open.get(bind)?.answer ?? first)(path);
    try {
      const listener = await startDiagnosticsServer({
        network: this.#network,
        log: this.#log,
        address,
        handlers: [handler],
      });
      this.#open.set(bind, { listener, answer: first });
      this.#failed.delete(bind);
    } catch (error) {
      if (this.#failed.has(bind)) return;
      this.#failed.add(bind);
      this.#log.error("health checks cannot be answered", { bind, error: messageOf(error) });
    }
  }
}
