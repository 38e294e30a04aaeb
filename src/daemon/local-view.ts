import type { WallTime } from "../core/units.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { StatusReport } from "../model/status-report.ts";
import type { DefinitionFile } from "./definition-file.ts";
import type { LocalTroubles } from "./local-troubles.ts";

/**
 * A status report with what only the outer layer of the node that answers knows: whether somebody
 * has edited its cluster.yaml and not applied it, and what is wrong with the node itself.
 */
export function withLocalView(
  request: ControlRequest,
  reply: ControlReply,
  file: DefinitionFile,
  troubles: LocalTroubles,
  at: WallTime,
): ControlReply {
  if (request.method !== "status" || !reply.ok) return reply;
  const report = reply.result as StatusReport;
  const definition =
    report.definition !== null && file.differs()
      ? { ...report.definition, localFileDiffers: true }
      : report.definition;
  const warnings = [...troubles.warnings(at), ...report.warnings];
  return { ok: true, result: { ...report, definition, warnings } };
}
