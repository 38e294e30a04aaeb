import type { StatusReport } from "../../model/status-report.ts";
import { type Paint, plain } from "./paint.ts";
import { agoText } from "./time-text.ts";

/** The tickets of a cluster: name, state, and how long ago it was granted. */
export function ticketRows({ tickets = [], at }: StatusReport, paint: Paint): string[][] {
  return tickets.map(({ id, granted, standby, lastGranted }) => [
    paint("bold", plain(id)),
    granted ? paint("green", "granted") : paint("yellow", "not granted"),
    standby ? paint("yellow", "standby") : "",
    lastGranted === undefined ? "" : `${granted ? "" : "last "}granted ${agoText(lastGranted, at)}`,
  ]);
}
