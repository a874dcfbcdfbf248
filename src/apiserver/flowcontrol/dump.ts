import type { ApiResponse } from "../http/exchange.ts";
import { textReply } from "../http/reply.ts";
import type { PathHandler } from "../handlers/router.ts";
import type { Fairness } from "./fairness.ts";
import type { PriorityLevel } from "./priority-level.ts";

const levelColumns = [
  "PriorityLevelName",
  "ActiveQueues",
  "IsIdle",
  "IsQuiescing",
  "WaitingRequests",
  "ExecutingRequests",
  "DispatchedRequests",
  "RejectedRequests",
  "TimedoutRequests",
  "CancelledRequests",
];
const queueColumns = [
  "PriorityLevelName",
  "Index",
  "PendingRequests",
  "ExecutingRequests",
  "SeatsInUse",
  "NextDispatchR",
  "InitialSeatsSum",
  "MaxSeatsSum",
  "TotalWorkSum",
];
const requestColumns = [
  "PriorityLevelName",
  "FlowSchemaName",
  "QueueIndex",
  "RequestIndexInQueue",
  "FlowDistingsher",
  "ArriveTime",
  "InitialSeats",
  "FinalSeats",
  "AdditionalLatency",
];
const detailColumns = ["UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"];

/** `/debug/api_priority_and_fairness/…`: levels, queues and waiting requests, as upstream prints them. */
export function fairnessDumps(fairness: Fairness): PathHandler {
  const pages: Readonly<Record<string, (details: boolean) => readonly (readonly string[])[]>> = {
    dump_priority_levels: () => [levelColumns, ...[...fairness.levels].map(levelRow)],
    dump_queues: () => [queueColumns, ...[...fairness.levels].flatMap(queueRows)],
    dump_requests: (details) => [
      details ? [...requestColumns, ...detailColumns] : requestColumns,
      ...[...fairness.levels].flatMap((level) => requestRows(level, details)),
    ],
  };
  return {
    handle(request, query): ApiResponse | undefined {
      const [, name = ""] = /^\/debug\/api_priority_and_fairness\/(\w+)(?:\?|$)/.exec(request.target) ?? [];
      const rows = pages[name]?.((query.get("includeRequestDetails") ?? "") !== "");
      return rows === undefined ? undefined : textReply(200, aligned(rows));
    },
  };
}

function levelRow(level: PriorityLevel): readonly string[] {
  const { queues } = level;
  const active = queues?.queues.filter(({ waiting }) => waiting.length > 0).length ?? 0;
  const executing = queues?.executing ?? level.executing;
  const counts = [level.dispatched, level.rejected, level.timedOut, level.cancelled];
  const state = [active, level.idle, false, queues?.waiting ?? 0, executing];
  return [level.name, ...[...state, ...counts].map(String)];
}

function queueRows({ name, queues }: PriorityLevel): readonly (readonly string[])[] {
  return (queues?.queues ?? []).map((queue) => [
    name,
    String(queue.index),
    String(queue.waiting.length),
    String(queue.executing),
    String(queue.seatsInUse),
    `${queue.nextDispatchR.toFixed(8)}ss`,
    String(queue.waitingSeats),
    String(queue.waitingSeats),
    `${(queue.waitingSeats * 0.003).toFixed(8)}ss`,
  ]);
}

function requestRows({ name, queues }: PriorityLevel, details: boolean): readonly (readonly string[])[] {
  return (queues?.queues ?? []).flatMap(({ index, waiting }) =>
    waiting.map(({ data, seats }, position) => {
      const { info } = data;
      const version = info.apiGroup === "" ? info.apiVersion : `${info.apiGroup}/${info.apiVersion}`;
      const more = [data.userName, info.verb, info.path, info.namespace, info.name, version];
      return [
        name,
        data.schema,
        String(index),
        String(position),
        data.distinguisher,
        new Date(data.arrivedAtMs).toISOString(),
        String(seats),
        "0",
        "0s",
        ...(details ? [...more, info.resource, info.subresource] : []),
      ];
    }),
  );
}

/** Cells end with a comma and are padded to their column, as Go's tabwriter does it; the last is not. */
function aligned(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns - 1 }, (_, at) =>
    Math.max(8, ...rows.map((row) => (row[at]?.length ?? 0) + 2)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === columns - 1 ? cell : `${cell},`.padEnd(widths[at] ?? 0))).join("");
  return `${rows.map(line).join("\n")}\n`;
}
