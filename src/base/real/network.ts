import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { PlatformError } from "../errors.ts";
import type {
  Address,
  ConnectOptions,
  DatagramAddress,
  DatagramHandler,
  Listener,
  ListenOptions,
  Network,
} from "../network.ts";
import { platformError } from "./errors.ts";

const datagramTimeoutMsDefault = 5_000;

export class RealNetwork implements Network {
  connect(address: Address, options: ConnectOptions = {}): Promise<Duplex> {
    const { signal, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const socket: Socket = connectSocket({ ...address, noDelay: true, allowHalfOpen: true });
      const settle = (failure?: unknown): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        socket.off("error", onError);
        if (failure === undefined) return resolve(socket);
        // Late errors of a socket that nobody gets must not end the process.
        socket.on("error", () => {});
        socket.destroy();
        reject(failure);
      };
      const onAbort = (): void => settle(signal?.reason);
      const onError = (error: Error): void => settle(platformError(error));
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => settle(new PlatformError("ETIMEDOUT", `connect ${describe(address)} timed out`)),
              timeoutMs,
            );
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("error", onError);
      socket.once("connect", () => settle());
    });
  }

  listen(address: Address, onConnection: (stream: Duplex) => void, options: ListenOptions = {}): Promise<Listener> {
    const sockets = new Set<Socket>();
    const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(platformError(error)));
      const where =
        "path" in address
          ? { path: address.path }
          : { host: address.host, port: address.port, reusePort: options.sharesPort === true };
      server.listen(where, () => {
        server.removeAllListeners("error");
        server.on("error", () => {});
        resolve({ address: boundAddress(server, address), close: () => closeServer(server, sockets) });
      });
    });
  }

  listenDatagram(address: DatagramAddress, onMessage: DatagramHandler): Promise<Listener> {
    const socket = createSocket({ type: datagramType(address.host), reuseAddr: false });
    socket.on("message", (message, peer) => {
      onMessage(message, (answer) => socket.send(answer, peer.port, peer.address));
    });
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => reject(platformError(error)));
      socket.bind(address.port, address.host, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => {});
        const bound = socket.address();
        resolve({ address: { host: bound.address, port: bound.port }, close: () => closeDatagram(socket) });
      });
    });
  }

  exchangeDatagram(address: DatagramAddress, message: Uint8Array, options: ConnectOptions = {}): Promise<Uint8Array> {
    const { signal, timeoutMs = datagramTimeoutMsDefault } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const socket = createSocket(datagramType(address.host));
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        socket.close();
        finish();
      };
      const onAbort = (): void => settle(() => reject(signal?.reason));
      const fail = (error: unknown): void => settle(() => reject(platformError(error)));
      const timer = setTimeout(
        () => fail(new PlatformError("ETIMEDOUT", `no answer from ${describe(address)}`)),
        timeoutMs,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("error", fail);
      socket.once("message", (answer) => settle(() => resolve(answer)));
      // A connected socket sees ICMP refusals and takes answers only from this peer.
      socket.connect(address.port, address.host, () => socket.send(message));
    });
  }
}

function describe(address: Address): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}

function datagramType(host: string): "udp4" | "udp6" {
  return host.includes(":") ? "udp6" : "udp4";
}

function boundAddress(server: Server, requested: Address): Address {
  const bound = server.address();
  if (bound === null || typeof bound === "string") return requested;
  return { host: bound.address, port: bound.port };
}

function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

function closeDatagram(socket: DatagramSocket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
