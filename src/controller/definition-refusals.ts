import { presentMessage, presentNodes } from "../cib/away-nodes.ts";
import type { ControlFailure, ControlRequest } from "../model/control.ts";
import type { Definition } from "../model/definition.ts";
import type { DeskOffice } from "./control-desk.ts";
import { fail } from "./replies.ts";

const CONFLICT_HINT = "look at `paceline config diff`, then apply again";
const PRESENT_HINT =
  "stop paceline there first (what runs there moves away), or, if it is off for good: paceline fence confirm NODE";

/** What the CIB refused, and what to do about it. */
export function withHint(refusal: ControlFailure): ControlFailure {
  const { code, message } = refusal;
  if (code === "VERSION_CONFLICT") return fail("CONFLICT", message, CONFLICT_HINT);
  return code === "NODE_PRESENT" ? fail(code, message, PRESENT_HINT) : refusal;
}

/**
 * Why a definition is not to be applied. Which version is in force is judged here for a dry run only:
 * our copy may be old.
 */
export function refuseApply(
  office: DeskOffice,
  definition: Definition,
  { baseVersion, dryRun }: Extract<ControlRequest, { method: "config-apply" }>,
): ControlFailure | undefined {
  const current = office.cib().definition;
  const differs = baseVersion !== undefined && baseVersion !== current?.version;
  if (dryRun === true && current !== undefined && differs) {
    const message = `version ${current.version} by ${current.author} is in force, not ${baseVersion}`;
    return fail("CONFLICT", message, CONFLICT_HINT);
  }
  const present = presentNodes(
    office.cib(),
    definition.nodes.map(({ name }) => name),
  );
  if (dryRun === true && present.length > 0) {
    return fail("NODE_PRESENT", presentMessage(present), PRESENT_HINT);
  }
  if (definition.cluster !== office.definition().cluster) {
    return fail(
      "INVALID_DEFINITION",
      `this is the cluster ${office.definition().cluster}, the file is for ${definition.cluster}`,
      "a cluster keeps its name for life",
    );
  }
  return undefined;
}
