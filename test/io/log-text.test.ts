import { fstatSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { logText, writesToJournal } from "../../src/io/log-text.ts";

const ENTRY = {
  level: "warn",
  time: "2026-01-01T00:00:00.000Z",
  daemon: "node1",
  event: "member-lost",
  node: "node2",
  reason: "nothing was heard",
  ms: 300,
  message: "node2 is lost.",
};
const BRACKETS = '[member-lost node=node2 reason="nothing was heard" ms=300]';

describe("a log entry for people", () => {
  test("has the sentence first, then its code and what else is known", () => {
    expect(logText(ENTRY, false)).toBe(
      `2026-01-01T00:00:00.000Z warn  node1: node2 is lost. ${BRACKETS}\n`,
    );
  });

  test("tells the journal its priority, and leaves to it what it knows", () => {
    expect(logText(ENTRY, true)).toBe(`<4>node2 is lost. ${BRACKETS}\n`);
  });

  test("of several lines has its priority on each", () => {
    const entry = { level: "error", time: "", daemon: "node1", message: "one\ntwo" };
    expect(logText(entry, true)).toBe("<3>one\n<3>two\n");
  });

  test("leaves out what says nothing", () => {
    const none = { stderr: "", failed: [], acting: false };
    const entry = {
      level: "info",
      time: "",
      daemon: "a",
      event: "x",
      message: "m",
      rc: 0,
      ...none,
    };
    expect(logText(entry, true)).toBe("<6>m [x rc=0]\n");
  });

  test("cannot be mistaken for another by what it quotes", () => {
    const entry = {
      level: "info",
      time: "",
      daemon: "a",
      event: "x",
      message: "m",
      said: "1\n<3>2",
    };
    expect(logText(entry, true)).toBe('<6>m [x said="1\\n<3>2"]\n');
  });
});

test("standard output is the journal's only if systemd says so of this very stream", () => {
  expect(writesToJournal({})).toBe(false);
  expect(writesToJournal({ JOURNAL_STREAM: "1:2" })).toBe(false);
  const { dev, ino } = fstatSync(1, { bigint: true });
  expect(writesToJournal({ JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
});
