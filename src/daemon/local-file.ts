import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { StatusReport } from "../model/status-report.ts";
import type { DefinitionFile } from "./definition-file.ts";

/**
 * A status report with what only the outer layer of the node that answers knows: whether somebody
 * has edited its cluster.yaml and not applied it.
 */
export function withLocalFile(
  request: ControlRequest,
  reply: ControlReply,
  file: DefinitionFile,
): ControlReply {
  if (request.method !== "status" || !reply.ok || !file.differs()) return reply;
  const report = reply.result as StatusReport;
  if (report.definition === null) return reply;
  const definition = { ...report.definition, localFileDiffers: true };
  return { ok: true, result: { ...report, definition } };
}
