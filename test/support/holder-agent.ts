import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

/**
 * Puts an agent named `holder` into the lab. It runs a process that holds a lock on a file which all
 * nodes share, as a service does with its data on shared storage. If the lock is taken, the service
 * says so in the journal and runs all the same: two at once are then seen, whatever the times say.
 */
export function installHolder(lab: Lab): { readonly journal: string } {
  const journal = join(lab.directory, "holder-journal");
  const agent = join(lab.agentDir, "holder");
  writeFileSync(journal, "");
  writeFileSync(agent, script(join(lab.directory, "holder-lock"), journal));
  chmodSync(agent, 0o755);
  return { journal };
}

/** A service that found the lock taken: by whom it was started, and how long the other one still ran. */
export interface TakenLock {
  readonly node: string;
  /** Until the next other one was stopped, to a hundredth of a second; undefined: none was. */
  readonly ms: number | undefined;
}

/** What a journal of `holder` agents says of locks that were taken. */
export function takenLocks(journal: string): TakenLock[] {
  const entries = journal
    .split("\n")
    .map((line) => line.split(" "))
    .map(([time, node = "", what = ""]) => ({ at: Number(time), node, what }));
  return entries.flatMap(({ at, node, what }, index) => {
    if (what !== "TWICE") return [];
    const end = entries
      .slice(index)
      .find((other) => other.what === "released" && other.node !== node);
    return [{ node, ms: end === undefined ? undefined : Math.round((end.at - at) * 1_000) }];
  });
}

/** Times are CLOCK_BOOTTIME, in hundredths of a second: one clock for all namespaces. */
function script(lock: string, journal: string): string {
  return `#!/bin/sh
pid_file=\${HA_RSCTMP:-/run/resource-agents}/holder.pid
# A dead process that nobody has waited for yet does not run any more.
is_running() {
	[ -s "$pid_file" ] || return 1
	{ read -r _ _ state _ <"/proc/$(cat "$pid_file")/stat"; } 2>/dev/null && [ "$state" != Z ]
}
say() { read -r up _ </proc/uptime; echo "$up $OCF_RESKEY_CRM_meta_on_node $*" >>'${journal}'; }
case $1 in
meta-data)
	echo '<resource-agent name="holder"><version>1.0</version><parameters/><actions><action name="start" timeout="20s"/><action name="stop" timeout="20s"/><action name="monitor" timeout="20s" interval="10s"/></actions></resource-agent>'
	;;
start)
	is_running && exit 0
	mkdir -p "\${pid_file%/*}"
	exec 9>>'${lock}'
	if flock -n 9; then say held; else say TWICE; fi
	setsid sleep 1000000 >/dev/null 2>&1 </dev/null &
	echo $! >"$pid_file"
	;;
stop)
	is_running && kill -9 "$(cat "$pid_file")"
	while is_running; do sleep 0.01; done
	rm -f "$pid_file"
	say released
	;;
monitor | status) is_running || exit 7 ;;
*) exit 3 ;;
esac
exit 0
`;
}
