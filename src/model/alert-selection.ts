import type { AlertSettings } from "./definition.ts";

/** Told of where `select` is absent: Pacemaker's default. */
const USUAL = ["nodes", "fencing", "resources"];

/** An option that is a list: its words, or those that stand in for it. */
export function alertWords(
  settings: AlertSettings,
  option: string,
  otherwise: readonly string[],
): readonly string[] {
  const text = settings.options.get(option)?.trim();
  return text === undefined || text === "" ? otherwise : text.split(/\s+/);
}

/** Whether an alert is to tell of such things; of attributes only those that it names, if any. */
export function isAbout(settings: AlertSettings, subject: string, attribute?: string): boolean {
  if (!alertWords(settings, "select", USUAL).includes(subject)) return false;
  if (attribute === undefined) return true;
  return alertWords(settings, "attributes", [attribute]).includes(attribute);
}
