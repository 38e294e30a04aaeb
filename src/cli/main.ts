#!/usr/bin/env -S node --max-semi-space-size=2
import { createInterface } from "node:readline/promises";
import { runCli } from "./run-cli.ts";
import { wantsColor } from "./views/paint.ts";

/** Writes that fail because the reader went away (`paceline status | head`) are no error. */
function ignoreBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

async function ask(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await prompt.question(question);
  } finally {
    prompt.close();
  }
}

ignoreBrokenPipe(process.stdout);
ignoreBrokenPipe(process.stderr);
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  color: wantsColor(process.env, process.stdout.isTTY === true),
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  now: () => Date.now(),
  ask,
});
