import { createServer } from "node:http";

/** A small web service that says which node it runs on. Usage: web-server ADDRESS PORT NODE */
const [address = "0.0.0.0", port = "8080", node = "?"] = process.argv.slice(2);
createServer((_request, response) => {
  response.setHeader("connection", "close");
  response.end(`served by ${node}\n`);
}).listen(Number(port), address);
