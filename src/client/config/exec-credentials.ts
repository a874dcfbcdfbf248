import { type Clock, messageOf, type Processes } from "../../base/index.ts";
import type { TlsMaterial } from "../http/transport.ts";
import type { Credentials } from "./credentials.ts";
import type { ExecConfig, KubeconfigCluster } from "./kubeconfig.ts";

interface ExecCredentialStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const timeoutMs = 120_000;

/** Credentials from a plug-in: run when first needed, when they expired, and after the server refused them. */
export class ExecCredentials implements Credentials {
  readonly #config: ExecConfig;
  readonly #cluster: KubeconfigCluster;
  readonly #processes: Processes;
  readonly #clock: Clock;
  #current: Promise<ExecCredentialStatus> | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(config: ExecConfig, cluster: KubeconfigCluster, processes: Processes, clock: Clock) {
    this.#config = config;
    this.#cluster = cluster;
    this.#processes = processes;
    this.#clock = clock;
  }

  async authorization(): Promise<string | undefined> {
    const { token } = await this.#status();
    return token === undefined || token === "" ? undefined : `Bearer ${token}`;
  }

  async certificate(): Promise<Pick<TlsMaterial, "certificate" | "key">> {
    const { clientCertificateData, clientKeyData } = await this.#status();
    return { certificate: clientCertificateData, key: clientKeyData };
  }

  async refresh(): Promise<boolean> {
    this.#current = undefined;
    await this.#status();
    return true;
  }

  #status(): Promise<ExecCredentialStatus> {
    if (this.#clock.now() >= this.#expiresAt) this.#current = undefined;
    this.#current ??= this.#run().catch((error: unknown) => {
      this.#current = undefined;
      throw error;
    });
    return this.#current;
  }

  async #run(): Promise<ExecCredentialStatus> {
    const { command, args, env, installHint = "", apiVersion = "" } = this.#config;
    if (!versions.includes(apiVersion)) throw new Error(`exec plugin: invalid apiVersion "${apiVersion}"`);
    const environment = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    const finished = await this.#processes
      .run(command, args ?? [], { env: { ...environment, KUBERNETES_EXEC_INFO: this.#info(apiVersion) }, timeoutMs })
      .catch((error: unknown) => {
        const hint = installHint === "" ? "" : `\n\n${installHint}`;
        throw new Error(`getting credentials: exec: executable ${command} not found: ${messageOf(error)}${hint}`);
      });
    if (finished.code !== 0) {
      throw new Error(`getting credentials: exec: executable ${command} failed with exit code ${finished.code ?? -1}`);
    }
    return this.#accept(apiVersion, finished.stdout);
  }

  #info(apiVersion: string): string {
    const cluster = this.#cluster;
    const info = {
      server: cluster.server,
      "tls-server-name": cluster["tls-server-name"],
      "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
      "certificate-authority-data": cluster["certificate-authority-data"],
    };
    const spec = { ...(this.#config.provideClusterInfo === true ? { cluster: info } : {}), interactive: false };
    return JSON.stringify({ kind: "ExecCredential", apiVersion, spec });
  }

  #accept(apiVersion: string, output: string): ExecCredentialStatus {
    const answer = JSON.parse(output) as { apiVersion?: string; status?: ExecCredentialStatus };
    if (answer.apiVersion !== apiVersion) {
      throw new Error(
        `exec plugin is configured to use API version ${apiVersion}, plugin returned version ${answer.apiVersion ?? ""}`,
      );
    }
    const { status } = answer;
    if (status === undefined) throw new Error("exec plugin didn't return a status field");
    this.#expiresAt =
      status.expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(status.expirationTimestamp);
    return status;
  }
}
