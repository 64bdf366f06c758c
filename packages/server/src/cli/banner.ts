/** What `fleetcast start` knows when everything runs. */
export interface BannerFacts {
  readonly dashboard: string;
  readonly tryPage: string;
  readonly explorer: string;
  readonly api: string;
  readonly mqtt: { readonly host: string; readonly port: number } | undefined;
  /** Machines without a credential are let in from this machine. */
  readonly openOnLoopback: boolean;
  readonly demoMachines: number;
  /** Only at the first start. */
  readonly password: string | undefined;
  /** Only at the first start, and only where we made it ourselves. */
  readonly apiKey: string | undefined;
  readonly secretsFile: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly readyMs: number;
  readonly nowMs: number;
}

/** The machine of the snippet: it joins the demo fleet with its first message. */
const snippetMachine = "VM-SH-021";

const texts = {
  en: {
    running: "Fleetcast is running.",
    dashboard: "Dashboard",
    login: "User admin, one-time password (set your own with the command below)",
    apiKey: "API key",
    tryPage: "Try page",
    explorer: "API explorer",
    demo: (count: number) => `Demo fleet: ${count} virtual machines, VM-SH-001 to VM-SH-${String(count).padStart(3, "0")}.`,
    open: "Machines without a credential are let in from this computer; mqtt.open_on_loopback: false ends that.",
    asMachine: `Speak as a machine (${snippetMachine} joins the fleet with its first message):`,
    publish: "Publish and broadcast from your own backend:",
    browser: "In the browser, with the official SDK:",
    secrets: "Secrets",
    newPassword: "New password for admin",
    data: "Data",
    log: "Log",
    ready: (ms: number) => `ready in ${ms} ms`,
  },
  zh: {
    running: "Fleetcast 已启动。",
    dashboard: "管理后台",
    login: "用户 admin，一次性密码 (password，可用下方命令重设)",
    apiKey: "API 密钥",
    tryPage: "试用页",
    explorer: "API 浏览器",
    demo: (count: number) => `演示机群：${count} 台虚拟售货机，VM-SH-001 至 VM-SH-${String(count).padStart(3, "0")}。`,
    open: "来自本机、没有凭据的机器可直接接入；设 mqtt.open_on_loopback: false 可关闭。",
    asMachine: `模拟一台机器发消息（${snippetMachine} 发出第一条消息即加入机群）：`,
    publish: "从自己的后端推送和广播：",
    browser: "在浏览器里用官方 SDK：",
    secrets: "密钥文件",
    newPassword: "为 admin 设置新密码",
    data: "数据目录",
    log: "日志",
    ready: (ms: number) => `就绪 ready，用时 ${ms} ms`,
  },
} as const;

/** Everything a newcomer can copy, and at a later start only where things lie: secrets are shown once. */
export function banner(facts: BannerFacts, language: "en" | "zh"): string {
  const text = texts[language];
  const first = facts.password !== undefined;
  const lines = ["", text.running, "", `  ${text.dashboard}: ${facts.dashboard}`];
  if (facts.password !== undefined) lines.push(`  ${text.login}: ${facts.password}`);
  if (facts.apiKey !== undefined) lines.push(`  ${text.apiKey}: ${facts.apiKey}`);
  if (!first) lines.push(`  ${text.tryPage}: ${facts.tryPage}`);
  lines.push(`  ${text.explorer}: ${facts.explorer}`);
  lines.push(`  ${text.secrets}: ${facts.secretsFile}`, `  ${text.newPassword}: npx fleetcast user password admin`);
  lines.push(`  ${text.data}: ${facts.dataDir}`, `  ${text.log}: ${facts.logFile}`, "");
  if (facts.demoMachines > 0) lines.push(text.demo(facts.demoMachines));
  if (facts.mqtt !== undefined && facts.openOnLoopback) lines.push(text.open);
  if (first) lines.push("", ...snippets(facts, text));
  lines.push("", text.ready(facts.readyMs));
  return lines.join("\n");
}

function snippets(facts: BannerFacts, text: (typeof texts)["en" | "zh"]): string[] {
  const lines: string[] = [];
  if (facts.mqtt !== undefined) {
    const { host, port } = facts.mqtt;
    lines.push(
      text.asMachine,
      `mosquitto_pub -h ${host} -p ${port} -i ${snippetMachine} -u ${snippetMachine} -t vm/${snippetMachine}/telemetry -q 1 -m '${telemetry(facts.nowMs)}'`,
      "",
    );
  }
  const key = facts.apiKey ?? "<http_api.key>";
  const call = (body: string): string => `curl -X POST ${facts.api} -H 'Authorization: Token ${key}' -d '${body}'`;
  lines.push(
    text.publish,
    call('{"method":"publish","params":{"channel":"telemetry:VM-SH-001","data":{"voltage":221.5,"msg":"实时电压波动"}}}'),
    call(
      '{"method":"broadcast","params":{"channels":["p_alert:global"],"data":{"level":"P0","content":"服务器集群将于凌晨 2 点进行系统升级"}}}',
    ),
    "",
    text.browser,
    facts.tryPage,
  );
  return lines;
}

/** The telemetry of the user's document, from now. */
function telemetry(nowMs: number): string {
  return JSON.stringify({
    id: snippetMachine,
    system: { voltage: 224.2, door_closed: true },
    environment: { temps: [-18.5, -18.2] },
    ts: new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z"),
  });
}
