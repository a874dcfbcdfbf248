import { StatusError, newInternalError } from "../../apimachinery/index.ts";
import type { AuditedCall } from "../audit/contract.ts";

/** Does the work of a call and records how it ended. */
export async function audited<R>(record: AuditedCall, code: number, work: () => Promise<R>): Promise<R> {
  await arrived(record);
  try {
    const result = await work();
    await record.ended(code, result);
    return result;
  } catch (error) {
    await failed(record, error);
    throw error;
  }
}

/** The same for a watch, which ends later than it begins. */
export async function auditedStart<R>(record: AuditedCall, work: () => Promise<R>): Promise<R> {
  await arrived(record);
  try {
    const result = await work();
    await record.started();
    return result;
  } catch (error) {
    await failed(record, error);
    throw error;
  }
}

async function arrived({ stored }: AuditedCall): Promise<void> {
  if (stored !== undefined && !(await stored)) throw newInternalError("failed to store audit event");
}

async function failed(record: AuditedCall, error: unknown): Promise<void> {
  const { status } = error instanceof StatusError ? error : newInternalError(String(error));
  await record.ended(status.code ?? 500, status);
}
