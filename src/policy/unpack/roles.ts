import { ROLE, type RoleRank } from "../working-set.ts";

/** Reads a role by its name, old names too; undefined where it is none. */
export function parseRole(text: string | undefined): RoleRank | undefined {
  switch (text?.toLowerCase()) {
    case "stopped":
      return ROLE.stopped;
    case "started":
      return ROLE.started;
    case "unpromoted":
    case "slave":
      return ROLE.unpromoted;
    case "promoted":
    case "master":
      return ROLE.promoted;
    default:
      return undefined;
  }
}
