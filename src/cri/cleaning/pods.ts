import type { RuntimeService } from "../services.ts";

const CALL_TIMEOUT_MS = 30_000;

/**
 * Stops and removes every pod sandbox of a runtime, and the containers in them. Containers get `graceSeconds` to end
 * after their stop signal. Rejects with an `AggregateError` of what could not be removed, after trying all.
 */
export async function removeAllPods(runtime: RuntimeService, graceSeconds: number): Promise<void> {
  if (graceSeconds > 0) await stopContainers(runtime, graceSeconds);
  const { items } = await runtime.listPodSandbox({}, { timeoutMs: CALL_TIMEOUT_MS });
  const results = await Promise.allSettled(
    items.map(async ({ id }) => {
      await runtime.stopPodSandbox({ podSandboxId: id }, { timeoutMs: CALL_TIMEOUT_MS });
      await runtime.removePodSandbox({ podSandboxId: id }, { timeoutMs: CALL_TIMEOUT_MS });
    }),
  );
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} pod sandboxes could not be removed`);
}

async function stopContainers(runtime: RuntimeService, graceSeconds: number): Promise<void> {
  const filter = { state: { state: "CONTAINER_RUNNING" } } as const;
  const { containers } = await runtime.listContainers({ filter }, { timeoutMs: CALL_TIMEOUT_MS });
  const timeoutMs = graceSeconds * 1_000 + CALL_TIMEOUT_MS;
  await Promise.allSettled(
    containers.map(({ id }) => runtime.stopContainer({ containerId: id, timeout: graceSeconds }, { timeoutMs })),
  );
}
