import { createSocket } from "node:dgram";
import { goFirst } from "./go-first.ts";

goFirst();

/** Answers each datagram with "TEXT NAME". Usage: udp-echo ADDRESS PORT NAME (needs ip_nonlocal_bind). */
const [address = "0.0.0.0", port = "0", name = "?"] = process.argv.slice(2);
const socket = createSocket("udp4");
socket.on("message", (message, peer) => {
  socket.send(`${message.toString()} ${name}`, peer.port, peer.address, () => undefined);
});
socket.bind(Number(port), address);
