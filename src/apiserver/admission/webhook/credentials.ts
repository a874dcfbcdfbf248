import type { Platform } from "../../../base/index.ts";
import {
  credentialsOf,
  type Kubeconfig,
  type KubeconfigUser,
  type TlsMaterial,
  tlsMaterialOf,
} from "../../../client/index.ts";

/** Who a webhook is told that this server is. */
export interface CallCredentials {
  /** Its name in the kubeconfig. */
  readonly user: string;
  authorization(): Promise<string | undefined>;
  certificate(): Promise<Pick<TlsMaterial, "certificate" | "key">>;
}

/** `undefined` where the server says nothing of itself. Of a Service, the host is `name.namespace.svc`. */
export type CredentialsByHost = (hostPort: string) => CallCredentials | undefined;

type Files = Pick<Platform, "disk" | "clock" | "processes">;

/**
 * The users of a kubeconfig by what their names stand for: a host and port, `*.` and the end of one, both without the
 * port for 443, `*` for all others, and failing that the one of the current context. Upstream:
 * `NewDefaultAuthenticationInfoResolver`.
 */
export function credentialsByHost(config: Kubeconfig, files: Files): CredentialsByHost {
  const users = new Map((config.users ?? []).map(({ name, user }) => [name, user ?? {}]));
  const current = config.contexts?.find(({ name }) => name === config["current-context"])?.context.user;
  const known = new Map<string, CallCredentials>();
  return (hostPort) => {
    const name = [...namesFor(hostPort), "*", current ?? ""].find((one) => users.has(one));
    if (name === undefined) return undefined;
    const made = known.get(name) ?? credentials(name, users.get(name) ?? {}, hostPort, files);
    known.set(name, made);
    return made;
  };
}

function* namesFor(hostPort: string): Generator<string> {
  yield* patternsFor(hostPort);
  if (hostPort.endsWith(":443")) yield* patternsFor(hostPort.slice(0, -":443".length));
}

function* patternsFor(target: string): Generator<string> {
  yield target;
  const labels = target.split(".");
  for (let from = 1; from < labels.length; from++) yield `*.${labels.slice(from).join(".")}`;
}

function credentials(name: string, user: KubeconfigUser, hostPort: string, files: Files): CallCredentials {
  const cluster = { server: `https://${hostPort}` };
  const own = credentialsOf({ ...files, cluster, user });
  return {
    user: name,
    authorization: () => own.authorization(),
    certificate: async () => {
      const { certificate, key } = (await own.certificate?.()) ?? (await tlsMaterialOf(files.disk, cluster, user));
      return { certificate, key };
    },
  };
}
