import { deleteBody, type DeleteOptions, type WriteOptions } from "../../client/index.ts";

/** The options of a write as admission shows them to webhooks and expressions: as a remote client's would be shown. */
export function shownWriteOptions(kind: string, options: WriteOptions): Record<string, unknown> {
  const { dryRun, fieldManager, fieldValidation } = options;
  return {
    kind,
    apiVersion: "meta.k8s.io/v1",
    ...(dryRun === true ? { dryRun: ["All"] } : {}),
    ...(fieldManager === undefined ? {} : { fieldManager }),
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
  };
}

export function shownDeleteOptions(options: DeleteOptions): Record<string, unknown> {
  const given = Object.entries(deleteBody(options)).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), apiVersion: "meta.k8s.io/v1" };
}
