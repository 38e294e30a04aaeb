import type { WallTime } from "../core/units.ts";
import type { NodeSettings } from "../model/definition.ts";
import type { LinkReport } from "../model/status-report.ts";

/** Which links carry which peer, as the messaging layer told. */
export class LinkTable {
  /** Another daemon with this node's name, as last heard. */
  namesake: { readonly address: string; readonly at: WallTime } | undefined;
  readonly #links = new Map<string, { up: boolean; since: WallTime }>();

  set(node: string, link: number, up: boolean, since: WallTime): void {
    this.#links.set(`${node} ${link}`, { up, since });
  }

  reports(nodes: readonly NodeSettings[]): Map<string, LinkReport[]> {
    const reports = new Map<string, LinkReport[]>();
    for (const node of nodes) {
      const rows: LinkReport[] = [];
      for (const [link, address] of node.addresses.entries()) {
        const known = this.#links.get(`${node.name} ${link}`);
        if (known === undefined) continue;
        rows.push({
          link,
          address,
          up: known.up,
          since: known.since,
          roundTripMs: null,
          lossPercent: null,
        });
      }
      reports.set(node.name, rows);
    }
    return reports;
  }
}
