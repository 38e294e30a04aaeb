import type { Millis } from "../../src/core/units.ts";
import type { DeviceCommand, DeviceOutcome } from "../../src/fencing/fence-types.ts";
import type { TieBreakerAnswer, TieBreakerAsk } from "../../src/model/vote-register.ts";
import type { AgentWorld } from "./agent-world.ts";
import type { ComposedDaemon, Transmit } from "./composed-daemon.ts";
import type { CrashingDisk } from "./crashing-disk.ts";
import type { EventQueue } from "./event-queue.ts";
import type { NodeClock } from "./node-clock.ts";
import type { HostEvent } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import type { Trace } from "./trace.ts";

/** Makes the daemon of a host, as its `main` would, from what is on the disk. */
export type DaemonFactory = (host: SimulatedHost, incarnation: number) => ComposedDaemon;

/** What a simulated host is made of, and the world that it stands in. */
export interface HostParts {
  readonly name: string;
  readonly queue: EventQueue;
  readonly clock: NodeClock;
  readonly disk: CrashingDisk;
  readonly world: AgentWorld;
  readonly trace: Trace;
  readonly factory: DaemonFactory;
  readonly transmit: (from: string, output: Transmit) => void;
  /** Calls a fencing device; returns what kills the call. */
  readonly callDevice: (
    from: string,
    command: DeviceCommand,
    done: (outcome: DeviceOutcome) => void,
  ) => () => void;
  readonly askTieBreaker: (
    from: string,
    ask: TieBreakerAsk,
    done: (answer: TieBreakerAnswer) => void,
  ) => void;
  /**
   * Told after every step of the daemon, before what it wants is carried out; `hasChanged`: its main
   * thread had a part in it.
   */
  readonly onStep: (hasChanged: boolean) => void;
  readonly onEvent: (event: HostEvent) => void;
  /** How long the guardian gives a dead daemon to come back. */
  readonly guardGraceMs: Millis;
}
