import type { HTTPGetAction, Lifecycle, LifecycleHandler, PodOS, Probe, SleepAction } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  type IntOrString,
  invalid,
  isHttpHeaderName,
  isValidPortName,
  isValidPortNumber,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { addMessages, checkNonNegative, type Errors } from "./check.ts";
import { linuxSignals, windowsSignals } from "./signals.ts";

export function checkPortNumberOrName(port: IntOrString, path: FieldPath, errors: Errors): void {
  addMessages(typeof port === "number" ? isValidPortNumber(port) : isValidPortName(port), port, path, errors);
}

export function checkLivenessProbe(
  probe: Probe | undefined,
  grace: number | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (probe === undefined) return;
  checkProbe(probe, grace, path, errors);
  const successes = probe.successThreshold ?? 0;
  if (successes !== 1) errors.push(invalid(path.child("successThreshold"), successes, "must be 1"));
}

/** Startup probes obey the same rules. */
export const checkStartupProbe = checkLivenessProbe;

export function checkReadinessProbe(
  probe: Probe | undefined,
  grace: number | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (probe === undefined) return;
  checkProbe(probe, grace, path, errors);
  const seconds = probe.terminationGracePeriodSeconds;
  if (seconds === undefined) return;
  errors.push(invalid(path.child("terminationGracePeriodSeconds"), seconds, "must not be set for readinessProbes"));
}

const counts = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

function checkProbe(probe: Probe, grace: number | undefined, path: FieldPath, errors: Errors): void {
  checkHandler(probe, grace, path, errors);
  for (const field of counts) checkNonNegative(probe[field], path.child(field), errors);
  const seconds = probe.terminationGracePeriodSeconds;
  if (seconds !== undefined && seconds <= 0) {
    errors.push(invalid(path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0"));
  }
}

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;
const handlerKinds = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

/** `grace` is the pod's termination grace period in seconds, which a sleep must fit into. */
function checkHandler(handler: Handler, grace: number | undefined, path: FieldPath, errors: Errors): void {
  let found = false;
  for (const kind of handlerKinds) {
    if (handler[kind] === undefined) continue;
    if (found) errors.push(forbidden(path.child(kind), "may not specify more than 1 handler type"));
    else checkHandlerKind(handler, kind, grace, path.child(kind), errors);
    found = true;
  }
  if (!found) errors.push(required(path, "must specify a handler type"));
}

function checkHandlerKind(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  kind: (typeof handlerKinds)[number],
  grace: number | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (kind === "exec" && (exec?.command ?? []).length === 0) errors.push(required(path.child("command")));
  if (kind === "httpGet" && httpGet !== undefined) checkHttpGet(httpGet, path, errors);
  if (kind === "tcpSocket" && tcpSocket !== undefined)
    checkPortNumberOrName(tcpSocket.port, path.child("port"), errors);
  if (kind === "grpc" && grpc !== undefined) checkPortNumberOrName(grpc.port, path.child("port"), errors);
  if (kind === "sleep" && sleep !== undefined) checkSleep(sleep, grace, path, errors);
}

function checkHttpGet(
  { path: target = "", port, scheme, httpHeaders = [] }: HTTPGetAction,
  path: FieldPath,
  errors: Errors,
): void {
  if (target === "") errors.push(required(path.child("path")));
  checkPortNumberOrName(port, path.child("port"), errors);
  if (scheme !== "HTTP" && scheme !== "HTTPS")
    errors.push(notSupported(path.child("scheme"), scheme, ["HTTP", "HTTPS"]));
  for (const { name } of httpHeaders) addMessages(isHttpHeaderName(name), name, path.child("httpHeaders"), errors);
}

function checkSleep(
  { seconds = 0 }: Partial<SleepAction>,
  grace: number | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (grace === undefined || (seconds >= 0 && seconds <= grace)) return;
  errors.push(invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`));
}

export function checkLifecycle(
  { postStart, preStop, stopSignal }: Lifecycle,
  grace: number | undefined,
  os: PodOS | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (postStart !== undefined) checkHandler(postStart, grace, path.child("postStart"), errors);
  if (preStop !== undefined) checkHandler(preStop, grace, path.child("preStop"), errors);
  if (stopSignal !== undefined) checkStopSignal(stopSignal, os, path.child("stopSignal"), errors);
}

function checkStopSignal(signal: string, os: PodOS | undefined, path: FieldPath, errors: Errors): void {
  if (os === undefined) {
    errors.push(forbidden(path, "may not be set for containers with empty `spec.os.name`"));
    return;
  }
  const supported = os.name === "windows" ? windowsSignals : linuxSignals;
  if (!supported.includes(signal)) errors.push(notSupported(path, signal, supported));
}
