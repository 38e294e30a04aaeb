import type { ResourceHistory } from "../model/cluster-status.ts";
import type { LocalStatus } from "../model/operation.ts";

/** What changed in a node's status from one revision to the next. */
export interface StatusDelta {
  readonly node: string;
  readonly incarnation: number;
  readonly fromRevision: number;
  readonly revision: number;
  /** Changed or new attributes; null: removed. */
  readonly attributes: Readonly<Record<string, string | null>>;
  /** Histories that changed or are new. */
  readonly history: readonly ResourceHistory[];
  readonly forgotten: readonly string[];
  readonly inFlight: readonly string[];
}

/** Compares by identity: an LRM keeps the object of a history that did not change. */
export function statusDelta(from: LocalStatus, to: LocalStatus): StatusDelta {
  const attributes: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(to.attributes)) {
    if (from.attributes[name] !== value) attributes[name] = value;
  }
  for (const name of Object.keys(from.attributes)) {
    if (!(name in to.attributes)) attributes[name] = null;
  }
  const before = new Map(from.history.map((entry) => [entry.resource, entry]));
  const history: ResourceHistory[] = [];
  for (const entry of to.history) {
    if (before.get(entry.resource) !== entry) history.push(entry);
    before.delete(entry.resource);
  }
  return {
    node: to.node,
    incarnation: to.incarnation,
    fromRevision: from.revision,
    revision: to.revision,
    attributes,
    history,
    forgotten: [...before.keys()],
    inFlight: to.inFlight,
  };
}

/**
 * Applies a delta; undefined if it does not follow on `from` (the whole status must be asked for). The
 * outcome is what the whole status would be, order and all: whoever coordinates plans from the same.
 */
export function applyDelta(from: LocalStatus, delta: StatusDelta): LocalStatus | undefined {
  if (from.incarnation !== delta.incarnation || from.revision !== delta.fromRevision) {
    return undefined;
  }
  const attributes: Record<string, string> = { ...from.attributes };
  for (const [name, value] of Object.entries(delta.attributes)) {
    if (value === null) delete attributes[name];
    else attributes[name] = value;
  }
  const gone = new Set(delta.forgotten);
  const byName = new Map(
    from.history.filter((h) => !gone.has(h.resource)).map((h) => [h.resource, h]),
  );
  for (const entry of delta.history) byName.set(entry.resource, entry);
  return {
    node: from.node,
    incarnation: from.incarnation,
    revision: delta.revision,
    attributes: Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))),
    history: [...byName.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1)),
    inFlight: delta.inFlight,
  };
}
