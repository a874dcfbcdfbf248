import { type Listener, type Log, messageOf, type Network } from "../../base/index.ts";
import { type DiagnosticsAnswer, startDiagnosticsServer } from "../../component/index.ts";

export type AnswerNow = () => DiagnosticsAnswer;

/** One small HTTP server for each port that is asked for. Every path gets the port's current answer. */
export class HealthServers {
  readonly #network: Network;
  readonly #log: Log;
  readonly #host: string;
  readonly #failed = new Set<number>();
  readonly #open = new Map<number, { readonly listener: Listener; answer: AnswerNow }>();

  constructor(network: Network, log: Log, host: string) {
    this.#network = network;
    this.#log = log;
    this.#host = host;
  }

  /** Opens, updates and closes servers so that exactly these ports answer. A port in use is logged once and tried again. */
  async sync(answers: ReadonlyMap<number, AnswerNow>): Promise<void> {
    for (const [port, { listener }] of this.#open) {
      if (answers.has(port)) continue;
      this.#open.delete(port);
      await listener.close();
    }
    for (const [port, answer] of answers) {
      const open = this.#open.get(port);
      if (open === undefined) await this.#listen(port, answer);
      else open.answer = answer;
    }
  }

  close(): Promise<void> {
    return this.sync(new Map());
  }

  async #listen(port: number, first: AnswerNow): Promise<void> {
    const handler = async () => (this.#open.get(port)?.answer ?? first)();
    try {
      const listener = await startDiagnosticsServer({
        network: this.#network,
        log: this.#log,
        address: { host: this.#host, port },
        handlers: [handler],
      });
      this.#open.set(port, { listener, answer: first });
      this.#failed.delete(port);
    } catch (error) {
      if (this.#failed.has(port)) return;
      this.#failed.add(port);
      this.#log.error("health check port cannot be opened", { port, error: messageOf(error) });
    }
  }
}
