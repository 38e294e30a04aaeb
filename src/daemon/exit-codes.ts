/** Exit codes of pacelined. systemd restarts it after all but `stayDown`. */
export const DAEMON_EXIT = {
  ok: 0,
  /** Something went wrong that a restart may cure. */
  failed: 1,
  /** Wrong arguments or an invalid definition: a restart cannot help, a person must. */
  stayDown: 100,
} as const;
