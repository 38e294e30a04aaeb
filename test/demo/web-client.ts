import { get } from "node:http";

/**
 * Asks a web server every 10 ms over new connections and prints "MONOTONIC_MS NODE GAP_MS" when
 * another node answers than before. Usage: web-client URL
 */
const [url = ""] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
let last = { at: now(), node: "" };
let asking = 0;

function ask(): void {
  if (asking >= 50) return;
  asking += 1;
  const request = get(url, { agent: false, timeout: 250 }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    response.on("end", () => answered(text.trim().split(" ").at(-1) ?? ""));
  });
  request.on("timeout", () => request.destroy());
  request.on("error", () => undefined);
  request.on("close", () => {
    asking -= 1;
  });
}

function answered(node: string): void {
  const at = now();
  if (node !== last.node) process.stdout.write(`${at} ${node} ${at - last.at}\n`);
  last = { at, node };
}

setInterval(ask, 10);
