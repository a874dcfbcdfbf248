import type { ContainerState, ContainerStatus, Pod } from "../../../../api/index.ts";
import { ageText } from "../../../../apimachinery/index.ts";
import { ageColumn, defineTable, nameColumn, none, text, wide } from "../../common/table.ts";

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** When a container last ended before a restart. */
  readonly lastRestart: string;
}

export const podTable = defineTable<Pod>([
  nameColumn,
  text("Ready", "How many of the containers are ready.", (pod) => {
    const { ready, total } = summarize(pod);
    return `${ready}/${total}`;
  }),
  text("Status", "What the containers of the pod do, in one word.", (pod) => summarize(pod).reason),
  text("Restarts", "How often containers were restarted, and when last.", (pod, nowMs) => {
    const { restarts, lastRestart } = summarize(pod);
    return restarts === 0 || lastRestart === "" ? String(restarts) : `${restarts} (${ageText(lastRestart, nowMs)} ago)`;
  }),
  ageColumn,
  wide(text("IP", "The address of the pod.", ({ status }) => none(status?.podIPs?.[0]?.ip))),
  wide(text("Node", "The node the pod runs on.", ({ spec }) => none(spec.nodeName))),
  wide(
    text("Nominated Node", "The node that preemption makes room on.", ({ status }) => none(status?.nominatedNodeName)),
  ),
  wide(text("Readiness Gates", "How many of the readiness gates are open.", readinessGates)),
]);

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const open = gates.filter(({ conditionType }) => {
    return status?.conditions?.find(({ type }) => type === conditionType)?.status === "True";
  });
  return `${open.length}/${gates.length}`;
}

let last: { readonly pod: Pod; readonly summary: Summary } | undefined;

/** The cells of one row ask one after the other, so the last answer is kept. */
function summarize(pod: Pod): Summary {
  if (last?.pod !== pod) last = { pod, summary: summary(pod) };
  return last.summary;
}

function summary(pod: Pod): Summary {
  const { status = {}, spec } = pod;
  const sidecars = new Set(
    (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name),
  );
  const total = (spec.containers ?? []).length + sidecars.size;
  const initial = initSummary(pod, sidecars);
  const initialized =
    status.conditions?.some(({ type, status: is }) => type === "Initialized" && is === "True") ?? false;
  const gated =
    status.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated") ?? false;
  const phase = gated ? "SchedulingGated" : (status.reason ?? "") !== "" ? (status.reason ?? "") : (status.phase ?? "");
  const own =
    initial.reason !== undefined && !initialized
      ? { ready: initial.ready, reason: initial.reason, restarts: initial.restarts, lastRestart: initial.lastRestart }
      : mainSummary(pod, initial, initial.reason ?? phase);
  return { ...own, total, reason: deletionReason(pod) ?? own.reason };
}

function deletionReason({ metadata, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined;
  if (status?.reason === "NodeLost") return "Unknown";
  return status?.phase === "Succeeded" || status?.phase === "Failed" ? undefined : "Terminating";
}

interface InitSummary {
  readonly ready: number;
  /** Set while initialization goes on. */
  readonly reason: string | undefined;
  readonly restarts: number;
  readonly lastRestart: string;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestart: string;
}

function initSummary({ status = {}, spec }: Pod, sidecars: ReadonlySet<string>): InitSummary {
  let [ready, restarts, sidecarRestarts] = [0, 0, 0];
  let [lastRestart, lastSidecarRestart] = ["", ""];
  let reason: string | undefined;
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const ended = container.lastState?.terminated?.finishedAt ?? "";
    const sidecar = sidecars.has(container.name);
    restarts += container.restartCount;
    if (ended > lastRestart) lastRestart = ended;
    if (sidecar) {
      sidecarRestarts += container.restartCount;
      if (ended > lastSidecarRestart) lastSidecarRestart = ended;
    }
    const { terminated } = container.state ?? {};
    if (terminated !== undefined && terminated.exitCode === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) ready++;
      continue;
    }
    reason = initReason(container.state, index, spec.initContainers?.length ?? 0);
    break;
  }
  return { ready, reason, restarts, lastRestart, sidecarRestarts, lastSidecarRestart };
}

function initReason(state: ContainerState | undefined, index: number, count: number): string {
  const { terminated, waiting } = state ?? {};
  if (terminated !== undefined) return `Init:${endReason(terminated)}`;
  const reason = waiting?.reason ?? "";
  return reason !== "" && reason !== "PodInitializing" ? `Init:${reason}` : `Init:${index}/${count}`;
}

function endReason({
  reason = "",
  signal = 0,
  exitCode,
}: {
  reason?: string;
  signal?: number;
  exitCode: number;
}): string {
  if (reason !== "") return reason;
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function mainSummary({ status = {} }: Pod, initial: InitSummary, phase: string): Omit<Summary, "total"> {
  let { ready } = initial;
  let restarts = initial.sidecarRestarts;
  let lastRestart = initial.lastSidecarRestart;
  let reason = phase;
  let running = false;
  for (const container of (status.containerStatuses ?? []).toReversed()) {
    restarts += container.restartCount;
    const ended = container.lastState?.terminated?.finishedAt ?? "";
    if (ended > lastRestart) lastRestart = ended;
    const own = containerReason(container);
    if (own !== undefined) reason = own;
    else if (container.ready && container.state?.running !== undefined) {
      running = true;
      ready++;
    }
  }
  if (reason === "Completed" && running) {
    const isReady = status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
    reason = isReady ? "Running" : "NotReady";
  }
  return { ready, reason, restarts, lastRestart };
}

function containerReason({ state }: ContainerStatus): string | undefined {
  const waiting = state?.waiting?.reason ?? "";
  if (waiting !== "") return waiting;
  return state?.terminated === undefined ? undefined : endReason(state.terminated);
}
