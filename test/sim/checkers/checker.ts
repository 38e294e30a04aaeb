import type { DeviceCommand } from "../../../src/fencing/fence-types.ts";
import type { Cib } from "../../../src/model/cib.ts";
import type { AgentCommand, AgentOutcome } from "../../../src/model/operation.ts";
import type { MessagingCommand, PeerEvent } from "../../../src/model/peer.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { SimulatedHost } from "../simulated-host.ts";

/** What a running daemon believes, as far as an invariant speaks of it. */
export interface NodeObservation {
  readonly term: number;
  /** Acts as the DC, elected in this term. */
  readonly leads: boolean;
  /** The coordinator that it follows, empty if none. */
  readonly dc: string;
  readonly quorate: boolean;
  readonly members: readonly string[];
  /** Log index of the last command applied to the CIB. */
  readonly cibIndex: number;
  /** The CIB as text; asked for only when the index changed. */
  cibText(): string;
  /** Where the node has a real CIB. */
  readonly cib?: Cib;
  /** As the DC: nothing is left to do. */
  readonly settled: boolean;
}

/** One invariant. Each method returns what is wrong, or undefined. */
export interface Checker {
  readonly name: string;
  /** After every step of a daemon. */
  afterStep?(host: SimulatedHost, seen: NodeObservation): string | undefined;
  onActive?(host: SimulatedHost, resource: string, isActive: boolean): string | undefined;
  onRun?(host: SimulatedHost, command: AgentCommand): string | undefined;
  onOutcome?(host: SimulatedHost, command: AgentCommand, outcome: AgentOutcome): string | undefined;
  onPowerOff?(host: SimulatedHost): string | undefined;
  /** A promotable instance became promoted, or is it no more. */
  onPromoted?(host: SimulatedHost, resource: string, isPromoted: boolean): string | undefined;
  /** A host calls a fencing device. */
  onDevice?(
    host: SimulatedHost,
    command: DeviceCommand,
    cluster: SimulatedCluster,
  ): string | undefined;
  onGuardianStop?(host: SimulatedHost, resource: string): string | undefined;
  onCommand?(host: SimulatedHost, command: MessagingCommand): string | undefined;
  onPeerEvent?(host: SimulatedHost, event: PeerEvent): string | undefined;
  /** The daemon is gone, and so is what it knew without having written it down. */
  onDaemonEnd?(host: SimulatedHost): string | undefined;
  onDiskLost?(host: SimulatedHost): string | undefined;
  /** Once faults have stopped and the time to recover is over. */
  atEnd?(cluster: SimulatedCluster): string | undefined;
}

/** A run broke an invariant. The message says which, and when. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  readonly checker: string;

  constructor(checker: string, at: number, message: string) {
    super(`${checker} at ${(at / 1000).toFixed(4)} s: ${message}`);
    this.checker = checker;
  }
}
