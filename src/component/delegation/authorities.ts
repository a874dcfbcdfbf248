import type { ConfigMap } from "../../api/index.ts";
import { CertificatePool, type RequestHeaderOptions } from "../authentication/index.ts";

export interface AuthorityFlags {
  readonly "requestheader-allowed-names": readonly string[];
  readonly "requestheader-username-headers": readonly string[];
  readonly "requestheader-group-headers": readonly string[];
  readonly "requestheader-uid-headers": readonly string[];
  readonly "requestheader-extra-headers-prefix": readonly string[];
}

type HeaderNames = Omit<RequestHeaderOptions, "pool">;

/** Whom a component trusts to say who a caller is. What it is told later counts from then on. */
export class Authorities {
  readonly clients = new CertificatePool("");
  readonly proxies = new CertificatePool("");
  #names: HeaderNames = { allowedNames: [], usernameHeaders: [], groupHeaders: [], extraHeaderPrefixes: [] };
  #clientCa = "";
  #proxyCa = "";

  /** For the authenticator of vouching proxies; reads what counts at the time. */
  get requestHeader(): RequestHeaderOptions {
    return new CurrentNames(this.proxies, () => this.#names);
  }

  /** Throws, and changes nothing, when the PEM holds no certificate. */
  trustClients(pem: string): void {
    if (pem === this.#clientCa) return;
    replace(this.clients, pem);
    this.#clientCa = pem;
  }

  trustProxies(pem: string, names: HeaderNames): void {
    if (pem !== this.#proxyCa) replace(this.proxies, pem);
    this.#proxyCa = pem;
    this.#names = names;
  }
}

class CurrentNames implements RequestHeaderOptions {
  readonly pool: CertificatePool;
  readonly #names: () => HeaderNames;

  constructor(pool: CertificatePool, names: () => HeaderNames) {
    this.pool = pool;
    this.#names = names;
  }

  get allowedNames() {
    return this.#names().allowedNames;
  }

  get usernameHeaders() {
    return this.#names().usernameHeaders;
  }

  get groupHeaders() {
    return this.#names().groupHeaders;
  }

  get extraHeaderPrefixes() {
    return this.#names().extraHeaderPrefixes;
  }

  get uidHeaders() {
    return this.#names().uidHeaders ?? [];
  }
}

/** Upstream: `cert.ParseCertsPEM`. An empty text is no authority at all. */
function replace(pool: CertificatePool, pem: string): void {
  if (pem !== "" && !pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("data does not contain any valid RSA or ECDSA certificates");
  }
  pool.replace(pem);
}

export function headerNamesOf(flags: AuthorityFlags): HeaderNames {
  return {
    allowedNames: flags["requestheader-allowed-names"],
    usernameHeaders: flags["requestheader-username-headers"],
    groupHeaders: flags["requestheader-group-headers"],
    uidHeaders: flags["requestheader-uid-headers"],
    extraHeaderPrefixes: flags["requestheader-extra-headers-prefix"],
  };
}

/** What the API server publishes in `kube-system/extension-apiserver-authentication`. Throws where a list is none. */
export function publishedAuthorities({ data = {} }: ConfigMap) {
  const list = (key: string): readonly string[] => {
    const text = data[key] ?? "";
    if (text === "") return [];
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) throw new Error(`${key} is not a list`);
    return value.map(String);
  };
  const names: HeaderNames = {
    allowedNames: list("requestheader-allowed-names"),
    usernameHeaders: list("requestheader-username-headers"),
    groupHeaders: list("requestheader-group-headers"),
    uidHeaders: list("requestheader-uid-headers"),
    extraHeaderPrefixes: list("requestheader-extra-headers-prefix"),
  };
  return { clientCa: data["client-ca-file"] ?? "", proxyCa: data["requestheader-client-ca-file"] ?? "", names };
}
