import { CompactedError, FutureRevisionError, type Entry, type ListOptions, type Revision } from "../contract.ts";

/** One state of a key, linked to the state it superseded as long as history keeps that. */
export interface Version {
  readonly revision: Revision;
  /** `undefined` when the key was deleted. */
  readonly entry: Entry | undefined;
  older: Version | undefined;
}

/** What stood there at a revision. */
export function entryAt(version: Version, revision: Revision): Entry | undefined {
  let candidate: Version | undefined = version;
  while (candidate !== undefined && candidate.revision > revision) candidate = candidate.older;
  return candidate?.entry;
}

/** The revision a list is to be read at. */
export function readRevision(options: ListOptions, current: Revision, compacted: Revision): Revision {
  const wanted = options.revision ?? 0;
  if (wanted === 0) return current;
  if (wanted > current) throw new FutureRevisionError(current);
  if (wanted < compacted) throw new CompactedError(compacted);
  return wanted;
}
