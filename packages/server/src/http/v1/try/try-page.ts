export type TryLanguage = "zh-CN" | "en";

/** The first of the two languages that the browser names; English when it names neither. */
export function tryLanguage(acceptLanguage: string | null): TryLanguage {
  for (const part of (acceptLanguage ?? "").toLowerCase().split(",", 20)) {
    const tag = part.split(";")[0]!.trim();
    if (tag === "zh" || tag.startsWith("zh-")) return "zh-CN";
    if (tag === "en" || tag.startsWith("en-")) return "en";
  }
  return "en";
}

interface TryTexts {
  readonly title: string;
  readonly intro: string;
  readonly state: string;
  readonly connecting: string;
  readonly connected: string;
  readonly disconnected: string;
  readonly watching: string;
  readonly live: string;
  readonly none: string;
  readonly history: string;
  readonly code: string;
  readonly send: string;
}

const texts: Readonly<Record<TryLanguage, TryTexts>> = {
  "zh-CN": {
    title: "实时推送试用页",
    intro: "本页在浏览器中运行接口规范第 2.2 节的代码：用一个短期令牌（sub 为 admin_user_01）建立连接，并订阅下面两个频道。",
    state: "连接",
    connecting: "正在连接…",
    connected: "✓ 已建立实时连接",
    disconnected: "已断开",
    watching: "正在查看的人数",
    live: "实时消息",
    none: "还没有消息。",
    history: "最近 10 条历史",
    code: "同样的代码，写在你自己的页面里",
    send: "在终端里发一条",
  },
  en: {
    title: "Live push, to try",
    intro:
      "This page runs the code of section 2.2 of the interface document: it connects with a short-lived token (sub admin_user_01) and subscribes to the two channels below.",
    state: "Connection",
    connecting: "Connecting…",
    connected: "✓ Live connection established",
    disconnected: "Disconnected",
    watching: "People watching",
    live: "Live publications",
    none: "Nothing yet.",
    history: "Last 10 of history",
    code: "The same code, in a page of your own",
    send: "Send one from a terminal",
  },
};

const machine = "VM-SH-001";
const channels = [`telemetry:${machine}`, `events:${machine}`];

/** One page; its script and style are files of their own because the content policy allows no inline code. */
export function tryPage(language: TryLanguage): string {
  const text = texts[language];
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text.title} · Fleetcast</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/v1/try/try.css">
<script src="/v1/sdk/centrifuge.js" defer></script>
<script src="/v1/try/try.js" defer></script>
</head>
<body data-connecting="${text.connecting}" data-connected="${text.connected}" data-disconnected="${text.disconnected}">
<main>
<h1>${text.title}</h1>
<p>${text.intro}</p>
<p>${text.state}: <strong id="state" role="status">${text.connecting}</strong> <code id="client"></code></p>
${channels.map((channel) => channelSection(channel, text)).join("\n")}
<section>
<h2>${text.code}</h2>
<pre id="code"></pre>
<h2>${text.send}</h2>
<pre id="send">mosquitto_pub -u ${machine} -q 1 -t vm/${machine}/telemetry -m '{"id":"${machine}","system":{"voltage":224.2,"door_closed":true},"environment":{"temps":[-18.5,-18.2]},"ts":"2026-01-26T14:50:00Z"}'</pre>
</section>
</main>
</body>
</html>
`;
}

function channelSection(channel: string, text: TryTexts): string {
  return `<section data-channel="${channel}">
<h2><code>${channel}</code></h2>
<p>${text.watching}: <strong data-part="watching">–</strong></p>
<h3>${text.live}</h3>
<ol data-part="live"><li class="none">${text.none}</li></ol>
<h3>${text.history}</h3>
<ol data-part="history"><li class="none">${text.none}</li></ol>
</section>`;
}
