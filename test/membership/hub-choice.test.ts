import { describe, expect, test } from "vitest";
import { chooseWord } from "../../src/membership/hub-choice.ts";
import type { HeardPeer } from "../../src/membership/link-matrix.ts";

/** `b hears a,c says 3.b!d`. */
function peer(text: string): HeardPeer {
  const [name = "", , hears = "", , viewId = ""] = text.split(" ");
  const advert = {
    priority: 100,
    viewId,
    dc: "",
    term: 0,
    quorate: true,
    definitionVersion: 1,
    activeDigest: "",
    load: 0,
  };
  return { name, incarnation: 1, advert, hears: new Set(hears.split(",")) };
}

function follows(own: { size: number; decides: boolean; name: string }, ...peers: string[]) {
  const word = chooseWord(own, peers.map(peer));
  return word === undefined ? "itself" : `${word.former}+${word.hops}`;
}

describe("whose word a node goes by", () => {
  const b = { size: 2, decides: true, name: "b" };

  test("its own where nobody hears more", () => {
    expect(follows(b, "c hears a,b says 1.c", "a hears b,c says 3.c+1")).toBe("itself");
  });

  test("that of a neighbour that hears more nodes", () => {
    expect(follows(b, "c hears a,b,d says 1.c")).toBe("c+1");
  });

  /**
   * Simulator, profile fencing, seed 70: a node restarted, so for a moment the judge heard fewer than
   * its followers still claimed. It followed one of them, and then nobody decided any more: the node
   * left out before was never let in again.
   */
  test("never its own as it comes back from a follower", () => {
    expect(follows(b, "a hears b,c,d says 3.b+1!d", "c hears a,b,d says 3.b+1!d")).toBe("itself");
  });

  test("a better judge's through a neighbour, but not through two", () => {
    const far = { size: 3, decides: true, name: "a" };
    expect(follows(far, "b hears a,c,j says 5.j+1")).toBe("j+2");
    expect(follows(far, "b hears a,c,j says 5.j+2")).toBe("itself");
  });

  test("no judge's that leaves itself out", () => {
    const far = { size: 3, decides: true, name: "a" };
    expect(follows(far, "b hears a,c,j says 5.j+1!j")).toBe("itself");
  });
});
