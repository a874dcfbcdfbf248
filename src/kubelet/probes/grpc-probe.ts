import * as grpc from "@grpc/grpc-js";
import type { Clock } from "../../base/index.ts";
import { goDuration } from "../time.ts";
import type { ProbeOutcome } from "./outcome.ts";

const statusNames = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const serving = 1;

/** The standard gRPC health check (`grpc.health.v1.Health/Check`), without TLS. */
export function grpcProbe(
  clock: Clock,
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0,
    "grpc.use_local_subchannel_pool": 1,
  });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      encodeRequest,
      decodeStatus,
      service,
      { deadline: clock.now() + timeoutMs },
      (error, status) => {
        client.close();
        resolve(error === null ? outcomeOf(status ?? 0) : failureOf(error, address, timeoutMs));
      },
    );
  });
}

function outcomeOf(status: number): ProbeOutcome {
  const name = statusNames[status] ?? String(status);
  if (status === serving) return { verdict: "success", output: "service healthy" };
  return { verdict: "failure", output: `service unhealthy (responded with "${name}")` };
}

function failureOf(error: grpc.ServiceError, address: string, timeoutMs: number): ProbeOutcome {
  const within = goDuration(timeoutMs);
  if (error.code === grpc.status.UNIMPLEMENTED) {
    return {
      verdict: "failure",
      output: "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)",
    };
  }
  if (error.code === grpc.status.UNAVAILABLE || error.code === grpc.status.DEADLINE_EXCEEDED) {
    return {
      verdict: "failure",
      output: `timeout: failed to connect service "${address}" within ${within}: context deadline exceeded`,
    };
  }
  return { verdict: "failure", output: `error: health rpc probe failed: ${error.message}` };
}

/** HealthCheckRequest: field 1 is the service. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service, "utf8");
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/** HealthCheckResponse: field 1 is the status. */
function decodeStatus(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0;
}
