import type { BundleDefinition } from "../model/policy-definition.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { type OptionTable, readOption } from "./option-table.ts";
import { readItems, readMap, type Word } from "./value-readers.ts";
import type { YamlEntry, YamlValue } from "./yaml-tree.ts";

const CONTAINERS = ["docker", "podman", "rkt"] as const;

/** Pacemaker Explained, "Bundles". */
const CONTAINER_OPTIONS: OptionTable = {
  noun: "container option",
  kinds: {
    image: "text",
    replicas: "count",
    "replicas-per-host": "count",
    "promoted-max": "count",
    network: "text",
    "run-command": "text",
    options: "text",
  },
  formerNames: { masters: "promoted-max" },
};
const NETWORK_OPTIONS: OptionTable = {
  noun: "network option",
  kinds: {
    "add-host": "boolean",
    "ip-range-start": "text",
    "host-netmask": "count",
    "host-interface": "text",
    "control-port": "count",
  },
};
const PORT_OPTIONS: OptionTable = {
  noun: "port mapping option",
  kinds: { id: "text", port: "count", "internal-port": "count", range: "text" },
};
const STORAGE_OPTIONS: OptionTable = {
  noun: "storage mapping option",
  kinds: {
    id: "text",
    "source-dir": "text",
    "source-dir-root": "text",
    "target-dir": "text",
    options: "text",
  },
};

type BundleParts = Pick<
  BundleDefinition,
  "container" | "network" | "portMappings" | "storageMappings"
> & { readonly child?: Word };

const CONTAINER_EXAMPLE = "podman: { image: … }";

/** Reads `bundle: { podman: {…}, network: {…}, ports: […], storage: […], primitive: id }`. */
export function readBundleParts(
  context: LoadContext,
  entry: YamlEntry,
  id: string,
): BundleParts | undefined {
  const map = readMap(context, entry.value, `bundle ${id}`, CONTAINER_EXAMPLE);
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, `bundle ${id}`, entry.keySpan);
  const given = CONTAINERS.filter((container) => fields.has(container));
  const network = fields.value("network");
  const portMappings = mappings(context, fields.value("ports"), PORT_OPTIONS, `ports of ${id}`);
  const storage = mappings(context, fields.value("storage"), STORAGE_OPTIONS, `storage of ${id}`);
  const child = fields.words("primitive")?.[0];
  fields.finish();
  const type = given[0];
  if (type === undefined || given.length > 1) {
    const message = `bundle ${id} needs exactly one of ${CONTAINERS.join(", ")}`;
    context.report.error("BUNDLE_KIND", entry.keySpan, message, CONTAINER_EXAMPLE);
    return undefined;
  }
  const options = optionMap(context, fields.value(type)!, CONTAINER_OPTIONS, `${type} of ${id}`);
  if (!options.has("image")) fields.missing(`${type}: image`, "the name of the container's image");
  return {
    container: { type, options },
    ...(network === undefined
      ? {}
      : { network: optionMap(context, network, NETWORK_OPTIONS, `network of ${id}`) }),
    portMappings,
    storageMappings: storage,
    ...(child === undefined ? {} : { child }),
  };
}

function mappings(
  context: LoadContext,
  value: YamlValue | undefined,
  table: OptionTable,
  label: string,
): Map<string, string>[] {
  if (value === undefined) return [];
  return readItems(value).map((item) => optionMap(context, item, table, label));
}

function optionMap(
  context: LoadContext,
  value: YamlValue,
  table: OptionTable,
  label: string,
): Map<string, string> {
  const options = new Map<string, string>();
  const example = `{ ${Object.keys(table.kinds).slice(0, 2).join(": …, ")}: … }`;
  for (const entry of readMap(context, value, label, example)?.entries ?? []) {
    const option = readOption(context, table, entry);
    if (option !== undefined) options.set(option.name, option.value);
  }
  return options;
}
