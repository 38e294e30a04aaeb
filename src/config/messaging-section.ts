import type { MessagingSettings } from "../model/definition.ts";
import { isMulticast, isReservedMulticast, parseIp } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import type { NodeSource } from "./nodes-section.ts";
import type { Span } from "./source-text.ts";
import { quote, readMap } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

/**
 * Defaults. 100 ms between advertisements: three missed ones and the skew stay well under half a
 * second, at ten small frames a second. The group is of the administratively scoped block
 * (RFC 2365), which routers don't forward. 1400 bytes of UDP payload pass Ethernet, also in tunnels.
 */
const DEFAULTS: MessagingSettings = {
  transport: "multicast",
  group: "239.255.77.1",
  port: 7700,
  advertIntervalMs: 100,
  keyFile: "/etc/paceline/key",
  maxDatagram: 1400,
};

/** For clusters of IPv6 addresses: not assigned to anybody (T flag), within the site (RFC 4291). */
const GROUP_IPV6 = "ff15::77:1";

/** Timers of a busy machine are no finer; below, a false alarm is all that is gained. */
const ADVERT_INTERVAL_MIN_MS = 10;
const ADVERT_INTERVAL_MAX_MS = 60_000;

export interface MessagingSource {
  readonly settings: MessagingSettings;
  readonly groupFamily: 4 | 6;
}

export function readMessaging(
  context: LoadContext,
  entry: YamlEntry | undefined,
  nodes: readonly NodeSource[],
): MessagingSource {
  const defaultGroup = groupFor(nodes);
  const links = nodes.reduce((most, node) => Math.max(most, node.addresses.length), 1);
  const map = entry && readMap(context, entry.value, "messaging", "messaging: { port: 7700 }");
  if (entry === undefined || map === undefined) {
    const groupFamily = defaultGroup === GROUP_IPV6 ? 6 : 4;
    return { settings: { ...DEFAULTS, group: defaultGroup }, groupFamily };
  }
  const fields = new MapFields(context, map, "messaging", entry.keySpan);
  const transport = fields.choice("transport", ["multicast", "unicast"]) ?? DEFAULTS.transport;
  const group = fields.text("group") ?? defaultGroup;
  const groupSpan = fields.entry("group")?.value.span ?? entry.keySpan;
  const port = fields.integer("port", { min: 1, max: 65_535 }) ?? DEFAULTS.port;
  const limits = { min: ADVERT_INTERVAL_MIN_MS, max: ADVERT_INTERVAL_MAX_MS };
  const advertIntervalMs = fields.duration("advert-interval", limits) ?? DEFAULTS.advertIntervalMs;
  const keyFile = fields.text("key-file") ?? DEFAULTS.keyFile;
  checkKeyFile(context, fields, keyFile);
  const maxDatagram = fields.integer("max-datagram", { min: 548, max: 65_507 });
  fields.finish();
  if (port + links - 1 > 65_535) {
    const message = `link ${links - 1} would use port ${port + links - 1}: link n adds n to the port`;
    const hint = `${65_535 - links + 1} or less`;
    context.report.error("BAD_NUMBER", fields.entry("port")?.value.span, message, hint);
  }
  const settings: MessagingSettings = {
    transport,
    group,
    port,
    advertIntervalMs,
    keyFile,
    maxDatagram: maxDatagram ?? DEFAULTS.maxDatagram,
  };
  return { settings, groupFamily: checkGroup(context, group, groupSpan) };
}

function groupFor(nodes: readonly NodeSource[]): string {
  const addresses = nodes.flatMap((node) => node.addresses);
  const onlyIpv6 = addresses.length > 0 && addresses.every((each) => each.ip.family === 6);
  return onlyIpv6 ? GROUP_IPV6 : DEFAULTS.group;
}

function checkGroup(context: LoadContext, group: string, span: Span): 4 | 6 {
  const ip = parseIp(group);
  if (ip === undefined || !isMulticast(ip)) {
    const message = `${quote(group)} is no multicast group`;
    const hint = "an address of 239.255.0.0/16, such as 239.255.77.1, or of ff00::/8";
    context.report.error("BAD_GROUP", span, message, hint);
    return ip?.family ?? 4;
  }
  if (isReservedMulticast(ip)) {
    const message = `the multicast group ${group} belongs to routing protocols`;
    context.report.error("BAD_GROUP", span, message, "take one of 239.255.0.0/16, or ff05::/16");
  }
  return ip.family;
}

function checkKeyFile(context: LoadContext, fields: MapFields, keyFile: string): void {
  if (keyFile.startsWith("/")) return;
  const span = fields.entry("key-file")?.value.span;
  const message = `${quote(keyFile)} is no absolute path (messaging: key-file)`;
  context.report.error("BAD_PATH", span, message, `from the root: ${DEFAULTS.keyFile}`);
}
