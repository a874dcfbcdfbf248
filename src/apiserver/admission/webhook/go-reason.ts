const unverified = "tls: failed to verify certificate: x509:";

function namesIn(list = ""): string {
  const names = list.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
  return `valid for ${names.join(", ")}`;
}

/** Node's words for the common failures of a connection, in Go's. */
export function goReason(message: string): string {
  const refused = /ECONNREFUSED (\S+)/.exec(message);
  if (refused !== null) return `dial tcp ${refused[1]}: connect: connection refused`;
  if (/socket hang up|cut before an answer/i.test(message)) return "EOF";
  if (/wrong version number/.test(message)) return "tls: first record does not look like a TLS handshake";
  const unknownHost = /getaddrinfo \w+ (\S+)/.exec(message);
  if (unknownHost !== null) return `dial tcp: lookup ${unknownHost[1]}: no such host`;
  const misnamed = /Host: (\S+?)\.? is not (?:in the cert's altnames|cert's CN)(?:: (.*))?/.exec(message);
  if (misnamed !== null) return `${unverified} certificate is ${namesIn(misnamed[2])}, not ${misnamed[1]}`;
  const misplaced = /IP: (\S+) is not in the cert's list: (.*)/.exec(message);
  if (misplaced !== null) {
    const [, address, list] = misplaced;
    return list === ""
      ? `${unverified} cannot validate certificate for ${address} because it doesn't contain any IP SANs`
      : `${unverified} certificate is ${namesIn(list)}, not ${address}`;
  }
  if (/certificate has expired/i.test(message)) return `${unverified} certificate has expired or is not yet valid`;
  if (/self.signed|unable to verify|unable to get|issuer/i.test(message))
    return `${unverified} certificate signed by unknown authority`;
  return message;
}
