import type { Command } from "commander";
import { configPage, filterScript } from "../config/print/html-page.ts";
import { jsonSchema } from "../config/print/json-schema.ts";
import { configurationPage, sectionTable } from "../config/print/key-table.ts";
import type { Route } from "../http/route.ts";
import { pageSecurityHeaders } from "../http/security.ts";
import { ListenError, listen } from "../runtime/listener.ts";
import { createRouter } from "../runtime/router.ts";
import { CommandRefused, print, quietLogger } from "./context.ts";

interface Flags {
  readonly markdown?: boolean;
  readonly schema?: boolean;
  readonly section?: string;
  readonly port: string;
}

/** `fleetcast configdoc`: every key, on a page of this machine's, as markdown, or as a JSON Schema. */
export function configdocCommand(program: Command): void {
  program
    .command("configdoc")
    .description("show every key of the configuration on a local page")
    .option("-m, --markdown", "print markdown instead")
    .option("--schema", "print the JSON Schema for editors instead")
    .option("-s, --section <path>", "only the keys below, such as client.token")
    .option("-p, --port <number>", "port of the page, on this machine only", "6060")
    .action((flags: Flags) => {
      const { section } = flags;
      const table = section === undefined ? configurationPage() : sectionTable(section);
      if (table === undefined) throw new CommandRefused(`--section ${section}: there are no keys below that`);
      if (flags.schema === true) print(JSON.stringify(jsonSchema(), undefined, 2));
      else if (flags.markdown === true) print(table.trimEnd());
      else servePage(section ?? "", flags.port);
    });
}

function servePage(section: string, wished: string): void {
  const port = Number(wished);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new CommandRefused(`--port ${wished}: expected a number from 1 to 65535`);
  const pages = [
    route("/", "text/html; charset=utf-8", configPage(section)),
    route("/filter.js", "text/javascript; charset=utf-8", filterScript),
  ];
  try {
    listen({
      address: "",
      port,
      secure: false,
      router: createRouter(pages, []),
      page: undefined,
      withoutPage: "404 page not found\n",
      bodyBytesMax: 1,
      websockets: undefined,
      log: quietLogger,
    });
  } catch (cause) {
    if (cause instanceof ListenError)
      throw new CommandRefused(`port ${port} cannot be had (${cause.code}); --port names another one`, { cause });
    throw cause;
  }
  print(`http://localhost:${port}/ shows every key; Ctrl-C ends it`);
}

function route(path: string, type: string, body: string): Route {
  return {
    method: "GET",
    path,
    listener: "external",
    bodyBytesMax: 1,
    handle: () => new Response(body, { headers: { "Content-Type": type, ...pageSecurityHeaders() } }),
  };
}
