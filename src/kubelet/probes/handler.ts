import { type Clock, messageOf, type Network, TimeoutError, withTimeout } from "../../base/index.ts";
import { isCriError, type RuntimeService } from "../../cri/index.ts";
import { expand } from "../runtime/expand.ts";
import type { Container, LifecycleHandler, Probe } from "../types.ts";
import { grpcProbe } from "./grpc-probe.ts";
import { dialError, httpProbe, type HttpProbeTarget } from "./http-probe.ts";
import type { ProbeOutcome } from "./outcome.ts";

export interface HandlerDependencies {
  readonly clock: Clock;
  readonly network: Network;
  readonly runtime: RuntimeService;
}

export interface ProbeTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
}

const outputBytesMax = 10 * 1024;

/** Carries out one probe. Never rejects but with the signal's reason. */
export async function runProbe(
  deps: HandlerDependencies,
  probe: Probe,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const timeoutMs = Math.max(1, probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec) return execProbe(deps, probe.exec.command ?? [], target, timeoutMs, signal);
  if (probe.httpGet) return httpWithTimeout(deps, httpTarget(probe.httpGet, target), timeoutMs, signal);
  if (probe.tcpSocket) {
    const port = resolvePort(probe.tcpSocket.port, target.container);
    return tcpProbe(deps, probe.tcpSocket.host || target.podIp, port, timeoutMs, signal);
  }
  if (probe.grpc) return grpcProbe(deps.clock, target.podIp, probe.grpc.port, probe.grpc.service ?? "", timeoutMs);
  return { verdict: "unknown", output: `missing probe handler for ${target.container.name}` };
}

async function httpWithTimeout(
  deps: HandlerDependencies,
  target: HttpProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const limit = new AbortController();
  const timer = deps.clock.after(timeoutMs, () => limit.abort());
  try {
    return await httpProbe(deps.network, target, AbortSignal.any([signal, limit.signal]));
  } finally {
    timer.cancel();
  }
}

export function httpTarget(action: NonNullable<Probe["httpGet"]>, target: ProbeTarget): HttpProbeTarget {
  return {
    scheme: (action.scheme ?? "HTTP").toUpperCase() === "HTTPS" ? "https" : "http",
    host: action.host || target.podIp,
    port: resolvePort(action.port, target.container),
    path: action.path ?? "/",
    headers: (action.httpHeaders ?? []).map(({ name, value = "" }) => ({ name, value })),
  };
}

/** A number, or the name of one of the container's ports. Throws when there is no such port. */
export function resolvePort(port: string | number, container: Container): number {
  const value = typeof port === "number" ? port : /^\d+$/.test(port) ? Number(port) : undefined;
  const found = value ?? container.ports?.find((one) => one.name === port)?.containerPort;
  if (found === undefined || found < 1 || found > 65_535)
    throw new Error(`couldn't find port: "${port}" in ${container.name}`);
  return found;
}

export async function execProbe(
  { runtime, clock }: HandlerDependencies,
  command: readonly string[],
  target: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const env = new Map((target.container.env ?? []).map(({ name, value }) => [name, value ?? ""]));
  const cmd = command.map((word) => expand(word, (name) => env.get(name)));
  try {
    const timeout = Math.ceil(timeoutMs / 1000);
    const answer = await withTimeout(
      clock,
      timeoutMs + 2_000,
      (limit) => runtime.execSync({ containerId: target.containerId, cmd, timeout }, { signal: limit, timeoutMs: 0 }),
      signal,
    );
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, outputBytesMax).toString("utf8");
    return { verdict: answer.exitCode === 0 ? "success" : "failure", output };
  } catch (error) {
    signal.throwIfAborted();
    const timedOut = error instanceof TimeoutError || isCriError(error, "DeadlineExceeded");
    if (timedOut)
      return {
        verdict: "failure",
        output: `command timed out: "${cmd.join(" ")}" timed out after ${timeoutMs / 1000}s`,
      };
    return { verdict: "unknown", output: messageOf(error) };
  }
}

async function tcpProbe(
  { network }: HandlerDependencies,
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  try {
    const stream = await network.connect({ host, port }, { timeoutMs, signal });
    stream.destroy();
    return { verdict: "success", output: "" };
  } catch (error) {
    signal.throwIfAborted();
    return { verdict: "failure", output: dialError(error, host, port) };
  }
}

/** Runs a postStart or preStop handler to its end. Rejects with what went wrong. */
export async function runHook(
  deps: HandlerDependencies,
  hook: LifecycleHandler,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<void> {
  if (hook.sleep) return deps.clock.sleep(hook.sleep.seconds * 1000, signal);
  if (hook.exec) {
    const command = hook.exec.command ?? [];
    const answer = await deps.runtime.execSync(
      { containerId: target.containerId, cmd: command },
      { signal, timeoutMs: 0 },
    );
    if (answer.exitCode === 0) return;
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, outputBytesMax).toString("utf8");
    throw new Error(`command '${command.join(" ")}' exited with ${answer.exitCode}: ${output}`);
  }
  if (hook.httpGet) {
    const outcome = await httpProbe(deps.network, httpTarget(hook.httpGet, target), signal);
    if (outcome.verdict !== "success") throw new Error(outcome.output);
    return;
  }
  throw new Error(`invalid handler for container ${target.container.name}`);
}
