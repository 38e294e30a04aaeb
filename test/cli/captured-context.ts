import type { CliContext } from "../../src/cli/cli-context.ts";
import { createPaint } from "../../src/cli/views/paint.ts";

/** A context that keeps what is printed. */
export function capture(more: Partial<CliContext> = {}) {
  const texts = { out: "", err: "" };
  const context = {
    json: false,
    paint: createPaint(false),
    now: () => 1_800_000_000_000,
    out: (text: string) => {
      texts.out += text;
    },
    err: (text: string) => {
      texts.err += text;
    },
    ...more,
  } as CliContext;
  return { context, texts };
}
