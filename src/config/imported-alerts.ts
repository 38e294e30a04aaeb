import type { AlertDefinition, AlertRecipient } from "../model/alert-definition.ts";
import type { AlertSettings } from "../model/definition.ts";
import type { AttributeSet } from "../model/rule.ts";

export interface ImportedAlerts {
  readonly alerts: readonly AlertSettings[];
  /** What the operator should know. */
  readonly remarks: readonly string[];
}

/** Meta attributes of alerts that are options here, by the same names. */
const OPTIONS = ["timeout", "timestamp-format"];

type Values = ReadonlyMap<string, string>;

/** What holds for an alert, or for one recipient of it. */
interface Settings {
  readonly meta: Values;
  readonly params: Values;
}

/**
 * Alerts of a CIB for our file, with their agents as commands. A recipient that has options of its
 * own gets an alert of its own.
 */
export function importAlerts(definitions: readonly AlertDefinition[]): ImportedAlerts {
  const remarks: string[] = [];
  const alerts = definitions.flatMap((each) => importAlert(each, remarks));
  return { alerts, remarks };
}

function importAlert(alert: AlertDefinition, remarks: string[]): AlertSettings[] {
  const common = readSettings(`alert ${alert.id}`, alert, remarks);
  if (common === undefined) return [];
  if (alert.recipients.length === 0) return [alertFor(alert, alert.id, common, [])];
  const alike: string[] = [];
  const others: AlertSettings[] = [];
  for (const recipient of alert.recipients) {
    const own = readRecipient(alert, recipient, remarks);
    if (own === undefined) continue;
    const { value } = recipient;
    if (own.meta.size + own.params.size === 0) alike.push(value);
    else others.push(alertFor(alert, `${alert.id}-${recipient.id}`, merged(common, own), [value]));
  }
  return alike.length === 0 ? others : [alertFor(alert, alert.id, common, alike), ...others];
}

function readRecipient(
  alert: AlertDefinition,
  recipient: AlertRecipient,
  remarks: string[],
): Settings | undefined {
  const label = `recipient ${recipient.id} of alert ${alert.id}`;
  if (!/\s/.test(recipient.value)) return readSettings(label, recipient, remarks);
  remarks.push(`- ${label} is left out: it has spaces in it`);
  return undefined;
}

/** Undefined where it is switched off. */
function readSettings(
  label: string,
  from: Pick<AlertDefinition, "meta" | "params">,
  remarks: string[],
): Settings | undefined {
  const meta = plainValues(from.meta);
  if (/^(0|false|off|no|n)$/i.test(meta.get("enabled") ?? "")) {
    remarks.push(`- ${label} is left out: it is not enabled`);
    return undefined;
  }
  meta.delete("enabled");
  for (const name of [...meta.keys()].filter((each) => !OPTIONS.includes(each))) {
    remarks.push(`- ${name} of ${label} is left out: alerts have no such option`);
    meta.delete(name);
  }
  for (const { id, rule } of [...from.meta, ...from.params]) {
    if (rule === undefined) continue;
    remarks.push(`- ${id} of ${label} is left out: alerts have no rules here`);
  }
  return { meta, params: plainValues(from.params) };
}

/** Of several sets the one with the highest score counts first. */
function plainValues(sets: readonly AttributeSet[]): Map<string, string> {
  const plain = sets.filter(({ rule }) => rule === undefined);
  const ascending = plain.toReversed().sort((a, b) => a.score - b.score);
  return new Map(ascending.flatMap(({ values }) => [...values]));
}

function merged(common: Settings, own: Settings): Settings {
  return {
    meta: new Map([...common.meta, ...own.meta]),
    params: new Map([...common.params, ...own.params]),
  };
}

function alertFor(
  { path, select, attributes }: AlertDefinition,
  name: string,
  { meta, params }: Settings,
  recipients: readonly string[],
): AlertSettings {
  const options = new Map<string, string>();
  for (const [option, list] of Object.entries({ select, attributes, recipients })) {
    if (list.length > 0) options.set(option, list.join(" "));
  }
  for (const [option, value] of meta) options.set(option, value);
  for (const [variable, value] of params) options.set(`env.${variable}`, value);
  return { name, command: shellQuoted(path), options };
}

/** Commands are the shell's here, and programs there. */
function shellQuoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
