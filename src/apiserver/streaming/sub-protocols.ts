/** How a client's WebSocket carries the streams of a remote command. */
export interface ChannelProtocol {
  readonly name: string;
  /** Messages are text: the channel's digit, then base64. */
  readonly base64: boolean;
  /** The error channel carries a JSON Status, not a bare message. */
  readonly statusJson: boolean;
  /** The client can close one channel and go on reading the others. */
  readonly closes: boolean;
}

const protocol = (name: string, base64: boolean, statusJson: boolean, closes: boolean): ChannelProtocol => ({
  name,
  base64,
  statusJson,
  closes,
});

const channelProtocols: readonly ChannelProtocol[] = [
  protocol("v5.channel.k8s.io", false, true, true),
  protocol("v4.channel.k8s.io", false, true, false),
  protocol("v4.base64.channel.k8s.io", true, true, false),
  protocol("channel.k8s.io", false, false, false),
  protocol("base64.channel.k8s.io", true, false, false),
];
/** A client that names no sub-protocol gets the oldest. */
const unnamed = protocol("", false, false, false);

/** How a client's WebSocket carries bytes that go one way: whether as text in base64, by sub-protocol. */
const readerProtocols: ReadonlyMap<string, boolean> = new Map([
  ["", false],
  ["binary.k8s.io", false],
  ["base64.binary.k8s.io", true],
]);

const tunnelPrefix = "SPDY/3.1+";
const kubernetesSuffix = ".k8s.io";

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export function isWebSocketUpgrade(headers: Headers): boolean {
  return valueOf(headers, "upgrade").toLowerCase() === "websocket";
}

/** The first one of the client's that is known; undefined when it names only others. */
export function channelProtocolOf(headers: Headers): ChannelProtocol | undefined {
  const offered = offeredProtocols(headers);
  if (offered.length === 0) return unnamed;
  for (const name of offered) {
    const known = channelProtocols.find((one) => one.name === name);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** The first one of the client's that is known; undefined when it names only others. */
export function readerProtocolOf(headers: Headers): { readonly name: string; readonly base64: boolean } | undefined {
  const offered = offeredProtocols(headers);
  for (const name of offered.length === 0 ? [""] : offered) {
    const base64 = readerProtocols.get(name);
    if (base64 !== undefined) return { name, base64 };
  }
  return undefined;
}

/** Protocols over SPDY that the client would speak within WebSocket messages. */
export function tunnelledProtocols(headers: Headers): readonly string[] {
  return offeredProtocols(headers)
    .filter((name) => name.startsWith(tunnelPrefix) && name.endsWith(kubernetesSuffix))
    .map((name) => name.slice(tunnelPrefix.length));
}

export function tunnelNameOf(protocolName: string): string {
  return `${tunnelPrefix}${protocolName}`;
}

export function offeredProtocols(headers: Headers): readonly string[] {
  return valueOf(headers, "sec-websocket-protocol")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function valueOf(headers: Headers, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : (value ?? []).join(",");
}
