import { bmcOf } from "./power-plant.ts";

/** The lines of a drawn definition that make a node part of the cluster, to be taken out and put back. */
export class MemberLines {
  readonly #nodes = new Map<string, string>();
  readonly #devices = new Map<string, string>();

  constructor(text: string, names: readonly string[]) {
    const lines = text.split("\n");
    for (const name of names) {
      const node = lines.find((line) => line.startsWith(`  ${name}: { addresses:`));
      if (node === undefined) throw new Error(`no line for ${name} in ${text}`);
      this.#nodes.set(name, node);
      const device = lines.find((line) => line.startsWith(`    ${bmcOf(name)}: `));
      if (device !== undefined) this.#devices.set(name, device);
    }
  }

  missingIn(text: string): string[] {
    const lines = text.split("\n");
    return [...this.#nodes].flatMap(([name, line]) => (lines.includes(line) ? [] : [name]));
  }

  without(text: string, name: string): string {
    const gone = [this.#nodes.get(name), this.#devices.get(name)];
    return text
      .split("\n")
      .filter((line) => !gone.includes(line))
      .join("\n");
  }

  withAll(text: string): string {
    return this.missingIn(text).reduce((made, name) => this.#with(made, name), text);
  }

  #with(text: string, name: string): string {
    return text
      .split("\n")
      .flatMap((line) => {
        if (line === "nodes:") return [line, this.#nodes.get(name)!];
        const device = this.#devices.get(name);
        return line === "  devices:" && device !== undefined ? [line, device] : [line];
      })
      .join("\n");
  }
}
