import { SeededRandom } from "../../src/core/random.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { whatIsMissing } from "./checkers/convergence.ts";
import { type BuiltCluster, buildCluster, type Profile } from "./cluster-simulation.ts";
import { bmcOf } from "./power-plant.ts";
import { PROFILES } from "./profiles.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/** A cluster of the simulator that a test takes through a course of events of its own. */
export interface SmallCluster extends BuiltCluster {
  /** Whether all is as it should be within that time; `hosts`: who takes part, by default all. */
  readonly settles: (withinMs: number, hosts?: readonly string[]) => boolean;
}

/** The profile of that name with just so many nodes. */
export function profileOf(name: string, nodes: number): Profile {
  return { ...PROFILES.find((profile) => profile.name === name)!, nodes: [nodes, nodes] };
}

/** A cluster with a trace, its daemons not started yet. `define`: its definition; default: a drawn one. */
export function smallCluster(
  seed: number,
  profile: Profile,
  define?: (names: readonly string[]) => string,
): SmallCluster {
  const built = buildCluster({ seed, profile, traceLimit: 50_000 }, new SeededRandom(seed));
  const { cluster, expected } = built;
  const text = define?.(cluster.hosts.map(({ name }) => name));
  if (text !== undefined) for (const host of cluster.hosts) host.definitionText = text;
  const settles = (withinMs: number, hosts?: readonly string[]) => {
    const wanted = hosts === undefined ? expected : { ...expected, hosts };
    return cluster.runUntil(() => whatIsMissing(cluster, wanted) === undefined, withinMs);
  };
  return { ...built, settles };
}

/** What a small definition says beside its nodes. */
export interface SmallDefinition {
  /** In the braces of `properties`. */
  readonly properties?: string;
  /** Lines under `resources`; default: two dummies, as the drawn clusters have them. */
  readonly resources?: string;
  /** In the brackets of `location`. */
  readonly location?: string;
  /** Lines under `fencing`; default: the devices of `powerControllers`. */
  readonly fencing?: string;
}

/** The text of a definition for these nodes. */
export function smallDefinition(names: readonly string[], more: SmallDefinition = {}): string {
  const { properties, location, fencing = `  devices:\n${powerControllers(names)}` } = more;
  const { resources = "  r1: { agent: dummy }\n  r2: { agent: dummy }\n" } = more;
  // node4 has the same address whoever is there beside it.
  const nodes = names.map((name) => `${name}: 10.77.0.${name.slice("node".length)}`).join(", ");
  return `cluster: sim
nodes: { ${nodes} }
messaging: { transport: unicast, advert-interval: 200ms }
${properties === undefined ? "" : `properties: { ${properties} }\n`}resources:
${resources}${location === undefined ? "" : `constraints: { location: [ ${location} ] }\n`}${
  fencing === "" ? "" : `fencing:\n${fencing}`
}`;
}

/** Lines under `devices`: a power controller for each node. */
export function powerControllers(names: readonly string[]): string {
  const params = "params: { off: x, on: x, status: x }";
  return names
    .map((name) => `    ${bmcOf(name)}: { agent: exec, targets: [${name}], ${params} }\n`)
    .join("");
}

/** Where the resource of `clusterAtHome` prefers to run. */
export const HOME = "node1";

/** Three nodes without fencing; r1 is at home, the DC is another node, and all clocks are alike. */
export function clusterAtHome(): SimulatedCluster {
  const { cluster } = smallCluster(3, profileOf("calm", 3), (names) =>
    smallDefinition(names, {
      resources: "  r1: { agent: dummy }\n",
      location: `{ resource: r1, node: ${HOME}, score: 100 }`,
      fencing: "",
    }),
  );
  const [first] = cluster.hosts;
  for (const host of cluster.hosts) host.clock.jump(first!.wall() - host.wall());
  cluster.startAll();
  const isReady = () => {
    return busyHostOf(cluster)?.name === HOME && ![undefined, HOME].includes(dcOf(cluster)?.name);
  };
  if (!cluster.runUntil(isReady, 20_000)) throw new Error(`nothing runs on ${HOME}`);
  cluster.runFor(2_000);
  return cluster;
}

/** The DC as it sees itself; undefined where there is none, which a test says that it does not expect. */
export function dcOf(cluster: SimulatedCluster): SimulatedHost {
  return cluster.hosts.find((host) => cluster.observe(host)?.leads) as SimulatedHost;
}

/** Some node on which something is active. */
export function busyHostOf(cluster: SimulatedCluster): SimulatedHost {
  return cluster.hosts.find((host) => host.world.active().size > 0) as SimulatedHost;
}

/** The status report of the DC. */
export function statusOf(cluster: SimulatedCluster): StatusReport {
  const reply = asked(cluster, { method: "status" }, 0);
  return (reply?.ok === true ? reply.result : undefined) as StatusReport;
}

/** What the DC answers within that time; undefined: nothing. */
export function asked(
  cluster: SimulatedCluster,
  request: ControlRequest,
  withinMs = 5_000,
): ControlReply | undefined {
  let reply: ControlReply | undefined;
  dcOf(cluster)?.request(request, (answer) => {
    reply = answer;
  });
  cluster.runUntil(() => reply !== undefined, withinMs, 10);
  return reply;
}
