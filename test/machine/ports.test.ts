import { createServer } from "node:net";
import { expect, test } from "vitest";
import { listeners, parseListeners } from "../../machine/ports.ts";

const SS = `LISTEN 0      4096       127.0.0.1:12379      0.0.0.0:*    users:(("etcd",pid=2007,fd=8),("etcd",pid=2007,fd=9))
LISTEN 0      128          0.0.0.0:2024       0.0.0.0:*          
LISTEN 0      511                *:18080            *:*    users:(("node",pid=7,fd=20))
LISTEN 0      4096            [::1]:631           [::]:*    users:(("cups d",pid=9,fd=3))
`;

test("parseListeners reads address, port and process", () => {
  expect(parseListeners(SS)).toEqual([
    { address: "127.0.0.1", port: 12_379, process: { name: "etcd", pid: 2_007 } },
    { address: "0.0.0.0", port: 2_024 },
    { address: "*", port: 18_080, process: { name: "node", pid: 7 } },
    { address: "[::1]", port: 631, process: { name: "cups d", pid: 9 } },
  ]);
});

test("nothing listens in an empty text", () => {
  expect(parseListeners("")).toEqual([]);
});

test("listeners finds a socket of this process", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const found = (await listeners()).find((listener) => listener.port === port);
  server.close();
  expect(found).toMatchObject({ address: "127.0.0.1", process: { pid: process.pid } });
});
