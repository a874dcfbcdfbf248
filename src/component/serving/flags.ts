import { isIP } from "node:net";
import { FlagError, type FlagValues, flag } from "../flags/index.ts";
import type { TlsLimits } from "./diagnostics-server.ts";

/** The flags of a component that serves its health and metrics. `port` is upstream's default. */
export const servingFlags = (port: number) => ({
  "bind-address": flag.text({ usage: "The IP address on which to listen for --secure-port.", default: "0.0.0.0" }),
  "secure-port": flag.integer({ usage: "Where health and metrics are served over HTTPS; 0: nowhere.", default: port }),
  "cert-dir": flag.text({
    usage: "Where a certificate is looked for, and made when there is none; empty: made anew and kept in memory.",
  }),
  "tls-cert-file": flag.text({ usage: "File containing the x509 certificate for HTTPS, with its chain." }),
  "tls-private-key-file": flag.text({ usage: "File containing the x509 private key matching --tls-cert-file." }),
  "tls-min-version": flag.text({ usage: "The oldest version of TLS: VersionTLS10, VersionTLS11, 12 or 13." }),
  "tls-cipher-suites": flag.textList({
    usage: "Cipher suites up to TLS 1.2, by Go's names; empty for the usual ones.",
  }),
  "disable-http2-serving": flag.boolean({ usage: "Serve HTTP/1.1 only." }),
  "http2-max-streams-per-connection": flag.integer({ usage: "Requests of one connection at once; 0: 250." }),
  "permit-port-sharing": flag.boolean({ usage: "Let other processes listen at the same address and port." }),
  "permit-address-sharing": flag.boolean({ usage: "Has no effect: ports that are still closing are always taken." }),
  profiling: flag.boolean({ usage: "Has no effect: there are no profiles to read.", default: true }),
  "contention-profiling": flag.boolean({ usage: "Has no effect, as --profiling." }),
});

export type ServingFlags = FlagValues<ReturnType<typeof servingFlags>>;

const versions: Readonly<Record<string, TlsLimits["minVersion"]>> = {
  VersionTLS10: "TLSv1",
  VersionTLS11: "TLSv1.1",
  VersionTLS12: "TLSv1.2",
  VersionTLS13: "TLSv1.3",
};

/** Go's suites by OpenSSL's names. Those of TLS 1.3 have one name, and are always on. */
const suites: ReadonlyMap<string, string> = new Map(
  `
  TLS_AES_128_GCM_SHA256=TLS_AES_128_GCM_SHA256
  TLS_AES_256_GCM_SHA384=TLS_AES_256_GCM_SHA384
  TLS_CHACHA20_POLY1305_SHA256=TLS_CHACHA20_POLY1305_SHA256
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA=ECDHE-ECDSA-AES128-SHA
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA=ECDHE-ECDSA-AES256-SHA
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256=ECDHE-ECDSA-AES128-SHA256
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256=ECDHE-ECDSA-AES128-GCM-SHA256
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384=ECDHE-ECDSA-AES256-GCM-SHA384
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305=ECDHE-ECDSA-CHACHA20-POLY1305
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256=ECDHE-ECDSA-CHACHA20-POLY1305
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA=ECDHE-RSA-AES128-SHA
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA=ECDHE-RSA-AES256-SHA
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256=ECDHE-RSA-AES128-SHA256
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256=ECDHE-RSA-AES128-GCM-SHA256
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384=ECDHE-RSA-AES256-GCM-SHA384
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305=ECDHE-RSA-CHACHA20-POLY1305
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256=ECDHE-RSA-CHACHA20-POLY1305
  TLS_RSA_WITH_AES_128_CBC_SHA=AES128-SHA
  TLS_RSA_WITH_AES_256_CBC_SHA=AES256-SHA
  TLS_RSA_WITH_AES_128_CBC_SHA256=AES128-SHA256
  TLS_RSA_WITH_AES_128_GCM_SHA256=AES128-GCM-SHA256
  TLS_RSA_WITH_AES_256_GCM_SHA384=AES256-GCM-SHA384
  `
    .trim()
    .split(/\s+/)
    .map((line) => line.split("=") as [string, string]),
);

/** Throws a `FlagError` for what upstream refuses before it starts, in its words. */
export function checkServingFlags(flags: ServingFlags): TlsLimits {
  const port = flags["secure-port"];
  // Upstream says so of ports that are too large even where 0 would do.
  if (port > 65_535)
    throw new FlagError(`--secure-port ${port} must be between 1 and 65535, inclusive. It cannot be turned off with 0`);
  if (port < 0)
    throw new FlagError(`--secure-port ${port} must be between 0 and 65535, inclusive. 0 for turning off secure port`);
  const address = flags["bind-address"];
  if (address !== "" && isIP(address) === 0) {
    const text = JSON.stringify(address);
    throw new FlagError(`invalid argument ${text} for "--bind-address" flag: failed to parse IP: ${text}`);
  }
  const version = flags["tls-min-version"];
  const minVersion = version === "" ? "TLSv1.2" : versions[version];
  if (minVersion === undefined) throw new FlagError(`unknown tls version ${JSON.stringify(version)}`);
  const ciphers = flags["tls-cipher-suites"].map((name) => {
    const suite = suites.get(name);
    if (suite === undefined) throw new FlagError(`Cipher suite ${name} not supported or doesn't exist`);
    return suite;
  });
  const streamsMax = flags["http2-max-streams-per-connection"];
  return {
    ...{ minVersion, onlyHttp1: flags["disable-http2-serving"] },
    ...(streamsMax > 0 ? { streamsMax } : {}),
    ...(ciphers.length === 0 ? {} : { ciphers }),
  };
}
