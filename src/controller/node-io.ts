import type { Note } from "../core/note.ts";
import type { Millis, WallTime } from "../core/units.ts";
import type { DeviceCommand, DeviceOutcome, FenceAgentFacts } from "../fencing/fence-types.ts";
import type { WatchdogOrder } from "../fencing/self-fence.ts";
import type { ControlReply, ControlRequest, TimelineEntry } from "../model/control.ts";
import type { CheckSettings } from "../model/definition.ts";
import type { AgentCommand, AgentOutcome, GuardEntry } from "../model/operation.ts";
import type { MessagingCommand, PeerEvent } from "../model/peer.ts";
import type { TieBreakerAnswer, TieBreakerAsk } from "../model/vote-register.ts";
import type { WatchdogState } from "../model/watchdog.ts";

/** Everything that can happen to a node. The driver feeds these, one at a time, in order. */
export type NodeInput =
  | { readonly kind: "tick" }
  /** A reading of the wall clock; given before other inputs, whenever it may have moved. */
  | { readonly kind: "clock"; readonly wall: WallTime }
  | { readonly kind: "peer"; readonly event: PeerEvent }
  /** The `persist` of that token is on the disk. */
  | { readonly kind: "stored"; readonly token: number }
  | { readonly kind: "store-failed"; readonly token: number; readonly message: string }
  | { readonly kind: "agent-done"; readonly runId: number; readonly outcome: AgentOutcome }
  | { readonly kind: "device-done"; readonly runId: number; readonly outcome: DeviceOutcome }
  /** What the metadata of the definition's fence agents says; again when it may have changed. */
  | { readonly kind: "fence-agents"; readonly facts: ReadonlyMap<string, FenceAgentFacts> }
  /** What came of arming the watchdog; again when it is lost. */
  | { readonly kind: "watchdog-state"; readonly state: WatchdogState }
  | {
      readonly kind: "tie-breaker-answer";
      readonly id: number;
      readonly answer: TieBreakerAnswer;
    }
  /** A probe of a check has ended: which of its targets answered. */
  | { readonly kind: "probed"; readonly check: string; readonly passed: readonly string[] }
  | { readonly kind: "request"; readonly requestId: number; readonly request: ControlRequest }
  /** leave: move the resources away and say goodbye; stop: exit, leaving them running. */
  | { readonly kind: "shutdown"; readonly mode: "leave" | "stop" };

/** Everything a node may do to the world. The driver performs them in order. */
export type NodeOutput =
  | { readonly kind: "messaging"; readonly command: MessagingCommand }
  | {
      readonly kind: "persist";
      readonly token: number;
      readonly writes: readonly StoredWrite[];
    }
  | { readonly kind: "run"; readonly command: AgentCommand }
  | { readonly kind: "kill"; readonly runId: number }
  /** Call a fencing device; run ids of devices are apart from those of agents. */
  | { readonly kind: "run-device"; readonly command: DeviceCommand }
  | { readonly kind: "kill-device"; readonly runId: number }
  /** For this node's own watchdog. */
  | { readonly kind: "watchdog"; readonly order: WatchdogOrder }
  /** Probe a check once. */
  | { readonly kind: "probe"; readonly check: CheckSettings }
  | { readonly kind: "ask-tie-breaker"; readonly ask: TieBreakerAsk }
  | { readonly kind: "reply"; readonly requestId: number; readonly reply: ControlReply }
  /** The whole list of what the guardian must stop, and what is known to be stopped. */
  | {
      readonly kind: "guard";
      readonly entries: readonly GuardEntry[];
      readonly inactive: readonly string[];
    }
  /** Something that `status` shows may have changed. */
  | { readonly kind: "changed" }
  | { readonly kind: "timeline"; readonly entry: TimelineEntry }
  /**
   * A definition that was committed is in force. `isCurrent`: the driver writes it to cluster.yaml on this
   * node. Before that a node that was restarted knows an older one at times, and goes by it until it
   * hears of the newer; the file stays as it is meanwhile, and the same text follows once it is current.
   */
  | {
      readonly kind: "definition";
      readonly text: string;
      readonly version: number;
      readonly isCurrent: boolean;
    }
  | {
      readonly kind: "exit";
      readonly code: number;
      readonly reason: string;
      /** The others wait: the guardian is to wait for so long before it acts. */
      readonly guardMs?: Millis;
    }
  | Note;

/** One key of the node's storage; no bytes: the key is removed. */
export interface StoredWrite {
  readonly key: string;
  readonly bytes: Uint8Array | undefined;
}
