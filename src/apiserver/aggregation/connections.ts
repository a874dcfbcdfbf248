import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { APIService } from "../../api/index.ts";
import type { Network } from "../../base/index.ts";
import { type Connections, type ForwardedRequest, sendOver, type Target } from "../streaming/kubelet-connection.ts";
import type { ServiceResolver } from "./service-resolver.ts";

/** What shows an extension server that it is the aggregator that asks. PEM. */
export interface ProxyClient {
  readonly certificate: string;
  readonly key: string;
}

const connectTimeoutMs = 10_000;

/** Connections to the server behind one APIService. */
export class ServiceConnections implements Connections {
  readonly #network: Network;
  readonly #client: ProxyClient | undefined;
  readonly #service: APIService;
  /** Discovery checks look whether somebody answers; identity is for requests. */
  readonly #verify: boolean;

  constructor(network: Network, client: ProxyClient | undefined, service: APIService, verify: boolean) {
    this.#network = network;
    this.#client = client;
    this.#service = service;
    this.#verify = verify;
  }

  async open({ host, port }: Target, signal: AbortSignal): Promise<Duplex> {
    const { caBundle = "", insecureSkipTLSVerify, service } = this.#service.spec;
    const socket = await this.#network.connect({ host, port }, { timeoutMs: connectTimeoutMs, signal });
    const secure = connectTls({
      socket,
      servername: `${service?.name}.${service?.namespace}.svc`,
      ALPNProtocols: ["http/1.1"],
      ...(this.#client === undefined ? {} : { cert: this.#client.certificate, key: this.#client.key }),
      ...(caBundle === "" ? {} : { ca: Buffer.from(caBundle, "base64").toString() }),
      rejectUnauthorized: this.#verify && insecureSkipTLSVerify !== true,
    });
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
    });
    secure.on("error", () => secure.destroy());
    return secure;
  }

  async send(target: Target, forwarded: ForwardedRequest): Promise<IncomingMessage> {
    return sendOver(await this.open(target, forwarded.signal), target, forwarded);
  }
}

/** Where the service of a registration is reached. Throws why it cannot be. */
export function targetOf(resolver: ServiceResolver, { spec }: APIService): Target {
  const { namespace = "", name = "", port = 443 } = spec.service ?? {};
  return { ...resolver.resolve(namespace, name, port), tls: true };
}
