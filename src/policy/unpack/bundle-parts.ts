import type {
  BundleDefinition,
  CloneDefinition,
  PrimitiveDefinition,
} from "../../model/policy-definition.ts";
import type { WorkingSet } from "../working-set.ts";
import { countOr, parseBoolean } from "./booleans.ts";
import { attributeSet } from "./remote-nodes.ts";

/**
 * What a bundle is made of (Pacemaker Explained, "Bundles"): per replica a container, perhaps an
 * address, and where it contains a resource a connection to the executor inside. The implicit
 * resources are written just as Pacemaker does, so that recorded digests compare right.
 */
export interface BundlePlan {
  readonly id: string;
  readonly type: string;
  readonly replicas: number;
  readonly perHost: number;
  readonly promotedMax: number;
  readonly controlPort: string | undefined;
  /** Address of every replica, where there is a range. */
  readonly addresses: readonly (string | undefined)[];
  readonly child: PrimitiveDefinition | undefined;
}

const CONTROL_PORT = "3121";
const REMOTE_KEY = "/etc/pacemaker/authkey";
const LOG_DIRECTORY = "/var/log/pacemaker/bundles";
const REMOTE_EXECUTOR = "/usr/sbin/pacemaker-remoted";

/** Reads the figures; undefined where the bundle cannot work. */
export function planBundle(definition: BundleDefinition): BundlePlan | undefined {
  const { container, network, child, id } = definition;
  if (container.type !== "docker" && container.type !== "podman") return undefined;
  const promotedMax = countOr(
    container.options.get("promoted-max") ?? container.options.get("masters"),
    0,
  );
  const replicas = Math.max(1, countOr(container.options.get("replicas"), promotedMax));
  let perHost = Math.max(1, countOr(container.options.get("replicas-per-host"), 1));
  const range = network?.get("ip-range-start");
  const controlPort = network?.get("control-port");
  if (range === undefined && controlPort !== undefined) perHost = 1;
  if (child !== undefined && range === undefined && controlPort === undefined) return undefined;
  return {
    id,
    type: container.type,
    replicas,
    perHost,
    promotedMax,
    controlPort,
    addresses: addressRange(range, replicas),
    child,
  };
}

function addressRange(start: string | undefined, count: number): (string | undefined)[] {
  const addresses: (string | undefined)[] = [];
  let next = start;
  for (let i = 0; i < count; i++) {
    addresses.push(next);
    next = next === undefined ? undefined : nextAddress(next);
  }
  return addresses;
}

/** The next IPv4 address that is neither a network's nor its broadcast's. */
function nextAddress(address: string): string | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (found === null) return undefined;
  const [a, b, c, d] = found.slice(1).map(Number) as [number, number, number, number];
  if (c > 253) return undefined;
  return d > 253 ? `${a}.${b}.${c + 1}.1` : `${a}.${b}.${c}.${d + 1}`;
}

/** Names of the nodes that bundles bring: one for every replica that contains a resource. */
export function bundleNodes(ws: WorkingSet): readonly string[] {
  return ws.definition.resources.flatMap((resource) => {
    if (resource.kind !== "bundle") return [];
    const plan = planBundle(resource);
    if (plan?.child === undefined) return [];
    return Array.from({ length: plan.replicas }, (_, offset) => `${plan.id}-${offset}`);
  });
}

/** The clone of what the bundle contains; its old suffix is part of recorded histories. */
export function contentClone(plan: BundlePlan, child: PrimitiveDefinition): CloneDefinition {
  const promotable = plan.promotedMax > 0;
  return {
    kind: "clone",
    id: `${plan.id}-${promotable ? "master" : "clone"}`,
    meta: [
      attributeSet(`${plan.id}-clone-meta`, {
        ordered: "true",
        "clone-max": String(plan.replicas),
        "clone-node-max": String(plan.perHost),
        "globally-unique": String(plan.perHost > 1),
        promotable: promotable ? "true" : undefined,
        "promoted-max": promotable ? String(plan.promotedMax) : undefined,
      }),
    ],
    params: [],
    child,
  };
}

/** Characters that an XML id cannot have become dots. */
function sanitizeId(id: string): string {
  return id.replace(/[^A-Za-z0-9._-]/g, ".");
}

function implicit(
  id: string,
  type: string,
  params: Readonly<Record<string, string | undefined>>,
): PrimitiveDefinition {
  const monitor = { id: `${id}-monitor-60s`, name: "monitor", interval: "60s" };
  return {
    kind: "primitive",
    id,
    agent: { class: "ocf", provider: "heartbeat", type },
    meta: [],
    params: [attributeSet(`${id}-params`, params)],
    operations: [{ ...monitor, options: new Map(), meta: [], params: [] }],
    utilization: [],
  };
}

export function addressResource(
  plan: BundlePlan,
  definition: BundleDefinition,
  offset: number,
): PrimitiveDefinition | undefined {
  const ip = plan.addresses[offset];
  if (ip === undefined) return undefined;
  return implicit(sanitizeId(`${plan.id}-ip-${ip}`), "IPaddr2", {
    ip,
    nic: definition.network?.get("host-interface"),
    cidr_netmask: definition.network?.get("host-netmask") ?? "32",
  });
}

export function containerResource(
  plan: BundlePlan,
  definition: BundleDefinition,
  offset: number,
): PrimitiveDefinition {
  const id = sanitizeId(`${plan.id}-${plan.type}-${offset}`);
  const { options } = definition.container;
  const command = options.get("run-command");
  const { runOptions, mountPoints } = containerOptions(plan, definition, offset);
  return implicit(id, plan.type, {
    image: options.get("image"),
    allow_pull: "true",
    force_kill: "false",
    reuse: "false",
    run_opts: runOptions,
    mount_points: mountPoints,
    run_cmd: command ?? (plan.child === undefined ? undefined : REMOTE_EXECUTOR),
    monitor_cmd: "/bin/true",
  });
}

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly options: string | undefined;
  /** Every replica has a directory of its own below the source. */
  readonly own: boolean;
}

function mounts(plan: BundlePlan, definition: BundleDefinition): Mount[] {
  const list: Mount[] = definition.storageMappings.flatMap((mapping) => {
    const source = mapping.get("source-dir") ?? mapping.get("source-dir-root");
    const target = mapping.get("target-dir");
    if (source === undefined || target === undefined) return [];
    const own = !mapping.has("source-dir");
    return [{ source, target, options: mapping.get("options"), own }];
  });
  if (plan.child === undefined) return list;
  const hasLogs = list.some((mount) => mount.target === "/var/log");
  list.push({ source: REMOTE_KEY, target: REMOTE_KEY, options: undefined, own: false });
  if (!hasLogs) {
    list.push({ source: LOG_DIRECTORY, target: "/var/log", options: undefined, own: true });
  }
  return list;
}

function ports(plan: BundlePlan, definition: BundleDefinition): [source: string, target: string][] {
  const list = definition.portMappings.flatMap((mapping): [string, string][] => {
    const port = mapping.get("port");
    const source = port ?? mapping.get("range");
    if (source === undefined || source === "") return [];
    return [[source, (port === undefined ? undefined : mapping.get("internal-port")) ?? source]];
  });
  const control = plan.controlPort ?? CONTROL_PORT;
  if (plan.child !== undefined) list.push([control, control]);
  return list;
}

function containerOptions(
  plan: BundlePlan,
  definition: BundleDefinition,
  offset: number,
): { runOptions: string; mountPoints: string } {
  const { options } = definition.container;
  const network = options.get("network");
  const address = plan.addresses[offset];
  const text = [
    plan.type === "docker" ? " --restart=no" : "",
    plan.addresses[0] === undefined ? "" : ` -h ${plan.id}-${offset}`,
    " -e PCMK_stderr=1",
    network === undefined ? "" : ` --net=${network}`,
    ` -e PCMK_remote_port=${plan.controlPort ?? CONTROL_PORT}`,
  ];
  const own: string[] = [];
  for (const mount of mounts(plan, definition)) {
    const source = mount.own ? `${mount.source}/${plan.id}-${offset}` : mount.source;
    if (mount.own) own.push(source);
    const suffix = mount.options === undefined ? "" : `:${mount.options}`;
    text.push(` -v ${source}:${mount.target}${suffix}`);
  }
  for (const [source, target] of ports(plan, definition)) {
    if (address !== undefined) text.push(` -p ${address}:${source}:${target}`);
    else if (network !== "host") text.push(` -p ${source}:${target}`);
  }
  const extra = options.get("options");
  if (extra !== undefined) text.push(` ${extra}`);
  text.push(` ${hostEntries(plan, definition)}`);
  return { runOptions: text.join(""), mountPoints: own.join(",") };
}

/** Makes the replicas known to each other by name. */
function hostEntries(plan: BundlePlan, definition: BundleDefinition): string {
  const addHost = parseBoolean(definition.network?.get("add-host")) !== false;
  return plan.addresses
    .map((address, offset) => {
      if (address === undefined) return "";
      const name = `${plan.id}-${offset}`;
      return addHost ? ` --add-host=${name}:${address}` : ` --hosts-entry=${address}=${name}`;
    })
    .join("");
}

/** How the connection reaches the executor in the container. */
export function connectionAddress(
  plan: BundlePlan,
  offset: number,
): { readonly address: string; readonly port: string } {
  // Without an address of its own it is reached by the name of its host.
  return { address: plan.addresses[offset] ?? "#uname", port: plan.controlPort ?? CONTROL_PORT };
}
