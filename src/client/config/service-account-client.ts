import type { TokenRequest } from "../../api/index.ts";
import type { Clock, Disk } from "../../base/index.ts";
import type { Client } from "../contract.ts";
import type { ClosableClient } from "../http/http-client.ts";
import { isAlreadyExists, isNotFound } from "../retry.ts";
import { createHttpClient, type HttpClientConfig } from "./create-http-client.ts";
import type { Credentials } from "./credentials.ts";
import type { KubeconfigCluster } from "./kubeconfig.ts";

export interface ServiceAccountClientOptions {
  /** May ask for tokens and make service accounts. */
  readonly client: Client;
  readonly cluster: KubeconfigCluster;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly userAgent?: string;
  readonly rateLimit?: HttpClientConfig["rateLimit"];
}

const accounts = { group: "", version: "v1", resource: "serviceaccounts" };
const tokenSeconds = 3_600;

/** A client that acts as a service account, by tokens that it asks for and renews well before they end. */
export function createServiceAccountClient(options: ServiceAccountClientOptions): ClosableClient {
  const { cluster, clock, disk, rateLimit, userAgent } = options;
  return createHttpClient({
    cluster,
    user: {},
    clock,
    disk,
    credentials: tokenCredentials(options),
    userAgent,
    rateLimit,
  });
}

function tokenCredentials(options: ServiceAccountClientOptions): Credentials {
  const { clock } = options;
  let token: Promise<string> | undefined;
  let renewAtMs = 0;
  const renew = (): Promise<string> => {
    renewAtMs = clock.monotonic() + tokenSeconds * 800;
    token = requestToken(options).catch((error: unknown) => {
      token = undefined;
      throw error;
    });
    return token;
  };
  return {
    authorization: async () =>
      `Bearer ${await (token === undefined || clock.monotonic() >= renewAtMs ? renew() : token)}`,
    refresh: async () => {
      await renew();
      return true;
    },
  };
}

async function requestToken({ client, namespace, serviceAccount }: ServiceAccountClientOptions): Promise<string> {
  const scoped = client.resource(accounts).namespace(namespace);
  const request: TokenRequest = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {},
    spec: { audiences: [], expirationSeconds: tokenSeconds },
  };
  const ask = async (): Promise<string> =>
    (await scoped.createSubresource(serviceAccount, "token", request)).status?.token ?? "";
  try {
    return await ask();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: serviceAccount, namespace } };
  await scoped.create(account).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  return ask();
}
