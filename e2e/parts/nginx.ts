import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, OwnProcess } from "../harness/process.ts";
import { nginx, requirePath } from "./find.ts";
import { canConnect } from "./mosquitto.ts";

/** A real nginx around a `server { ... }` block, in a folder of its own. */
export async function startNginx(port: number, serverBlock: string): Promise<OwnProcess> {
  const folder = mkdtempSync(join(tmpdir(), "nginx-e2e-"));
  mkdirSync(join(folder, "temp"));
  const conf = `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/temp/body; proxy_temp_path ${folder}/temp/proxy; fastcgi_temp_path ${folder}/temp/fastcgi;
  uwsgi_temp_path ${folder}/temp/uwsgi; scgi_temp_path ${folder}/temp/scgi;
${serverBlock}
}
`;
  writeFileSync(join(folder, "nginx.conf"), conf);
  const process = new OwnProcess("nginx", requirePath(nginx), ["-p", folder, "-c", join(folder, "nginx.conf")]);
  await eventually("nginx listens", 10_000, () => {
    if (!process.running) throw new Error(process.output);
    return canConnect(port);
  });
  return process;
}
