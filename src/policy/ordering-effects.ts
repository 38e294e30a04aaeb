import { ACT, type Action, ORDER } from "./action.ts";
import { causeWords } from "./plain-reasons.ts";
import { roleOf } from "./resource-state.ts";
import { ROLE } from "./working-set.ts";

/** What has changed by an ordering, as bits. */
export const FIRST_CHANGED = 1;
export const NEXT_CHANGED = 2;

/** What a mark means for the next that counts its firsts. */
export function applyMarkFlags(flags: number, next: Action, firstFlags: number): number {
  let changed = 0;
  if (flags & ORDER.minRunnable && firstFlags & ACT.runnable) {
    next.runnableBefore++;
    if (next.runnableBefore >= next.requiredBefore && !next.is(ACT.runnable)) {
      next.set(ACT.runnable);
      changed |= NEXT_CHANGED;
    }
  }
  if (
    flags & ORDER.unrunnableFirstBlocks &&
    !(firstFlags & ACT.runnable) &&
    next.is(ACT.runnable)
  ) {
    next.clear(ACT.runnable);
    changed |= NEXT_CHANGED;
  }
  return changed;
}

/** What nobody may stop keeps back what comes after its stop. */
export function blockedByUnmanagedStop(flags: number, first: Action, next: Action): number {
  const binding = ORDER.firstImpliesNext | ORDER.nextImpliesFirst | ORDER.restart;
  const resource = first.resource;
  if (!(flags & binding) || !resource || resource.managed || !resource.blocked) return 0;
  if (first.is(ACT.runnable) || first.task !== "stop" || !next.is(ACT.runnable)) return 0;
  next.clear(ACT.runnable);
  return NEXT_CHANGED;
}

function clearBecause(action: Action, flag: number, cause: Action): void {
  if (!action.is(flag)) return;
  action.clear(flag);
  if (action.resource === cause.resource || action.reason !== undefined) return;
  const what = causeWords(cause);
  if (flag === ACT.runnable) action.reason = what.impossible;
  else if (flag === ACT.optional) action.reason = what.necessary;
  else action.reason = `${what.necessary} and does not migrate`;
}

/** The effect of one ordering on its two actions. */
export function applyPair(
  first: Action,
  next: Action,
  flags: number,
  filter: number,
  type: number,
): void {
  const onOptional = (filter & ACT.optional) !== 0;
  if (type & ORDER.asymmetric) applyAsymmetric(first, next);
  if (type & ORDER.nextImpliesFirst && !next.is(ACT.optional)) {
    // The flags are those of the first as the ordering sees it, possibly of a whole collective.
    if (onOptional && !(flags & ACT.optional)) clearBecause(first, ACT.optional, next);
    if (flags & ACT.migratable && !next.is(ACT.migratable))
      clearBecause(first, ACT.migratable, next);
  }
  if (
    type & ORDER.promotedNextImpliesFirst &&
    next.resource?.role === ROLE.promoted &&
    onOptional &&
    !next.is(ACT.optional)
  ) {
    clearBecause(first, ACT.optional, next);
    if (!next.is(ACT.migratable)) clearBecause(first, ACT.migratable, next);
  }
  if (type & ORDER.unmigratableNextBlocks && onOptional) {
    if (!next.is(ACT.migratable | ACT.runnable)) clearBecause(first, ACT.runnable, next);
    if (!next.is(ACT.optional)) clearBecause(first, ACT.optional, next);
  }
  if (type & ORDER.nestedMigration && onOptional && !first.is(ACT.runnable)) {
    clearBecause(next, ACT.migratable, first);
    next.clear(ACT.pseudo);
  }
  if (
    type & ORDER.unrunnableFirstBlocks &&
    filter & ACT.runnable &&
    next.is(ACT.runnable) &&
    !(flags & ACT.runnable)
  ) {
    clearBecause(next, ACT.runnable, first);
    clearBecause(next, ACT.migratable, first);
  }
  if (type & ORDER.firstImpliesNext && onOptional && next.is(ACT.optional)) {
    if (!(flags & ACT.optional) && !first.is(ACT.migratable))
      clearBecause(next, ACT.optional, first);
  }
  if (type & ORDER.restart) applyRestart(first, next, filter);
}

function applyAsymmetric(first: Action, next: Action): void {
  if (!next.resource || first.is(ACT.runnable)) return;
  if (next.is(ACT.optional)) {
    const role = roleOf(next.resource, true);
    if (role === ROLE.stopped && next.task === "stop") return;
    const running = next.resource.runningOn;
    if (
      role >= ROLE.started &&
      next.task === "start" &&
      running.length === 1 &&
      running[0] === next.node
    )
      return;
  }
  clearBecause(next, ACT.optional, first);
  clearBecause(next, ACT.runnable, first);
}

function applyRestart(first: Action, next: Action, filter: number): void {
  const required = (filter & ACT.optional) !== 0 && !next.is(ACT.optional);
  const stuck =
    (filter & ACT.runnable) !== 0 &&
    !next.is(ACT.runnable) &&
    next.resource?.managed === true &&
    first.resource === next.resource;
  if (!required && !stuck) return;
  if (first.is(ACT.runnable)) clearBecause(first, ACT.optional, next);
  if (!next.is(ACT.optional)) clearBecause(first, ACT.optional, next);
  if (!next.is(ACT.migratable)) clearBecause(first, ACT.migratable, next);
  if (!first.is(ACT.optional) && !first.is(ACT.runnable)) clearBecause(next, ACT.runnable, first);
}
