import type { TryLanguage } from "../v1/try/try-page.ts";

interface ExplorerTexts {
  readonly title: string;
  readonly intro: string;
  readonly key: string;
  readonly use: string;
  readonly nobody: string;
  readonly signedIn: string;
  readonly wrongKey: string;
  readonly keyTaken: string;
  readonly failed: string;
}

const texts: Readonly<Record<TryLanguage, ExplorerTexts>> = {
  "zh-CN": {
    title: "API 浏览器",
    intro: "在此查看并试用 HTTP API。调用是真实的：发布的消息会到达订阅者，下发的指令会到达机器。",
    key: "API 密钥",
    use: "使用",
    nobody: "请先在管理后台登录，或输入 API 密钥。",
    signedIn: "已登录：",
    wrongKey: "密钥不正确，或此地址不提供服务端 API。",
    keyTaken: "正在使用 API 密钥。",
    failed: "服务器没有应答。",
  },
  en: {
    title: "API explorer",
    intro: "Read about the HTTP API here, and try it. Calls are real: what you publish reaches subscribers, a command reaches its machine.",
    key: "API key",
    use: "Use",
    nobody: "Sign in on the dashboard, or enter the API key.",
    signedIn: "Signed in: ",
    wrongKey: "The key is wrong, or the server API is not at this address.",
    keyTaken: "The API key is in use.",
    failed: "The server does not answer.",
  },
};

/** Where the page finds things; everything on its own origin. */
export interface ExplorerPlaces {
  /** What the page and its files lie under. */
  readonly base: string;
  /** Where the document is for whoever has the API key; undefined without a server API. */
  readonly keyDocument: string | undefined;
}

/** One page; its scripts and styles are files of their own because the content policy allows no inline code. */
export function explorerPage(language: TryLanguage, { base, keyDocument }: ExplorerPlaces): string {
  const text = texts[language];
  const said = (["nobody", "signedIn", "wrongKey", "keyTaken", "failed"] as const).map(
    (name) => `data-${name.toLowerCase()}="${escaped(text[name])}"`,
  );
  const keyForm = `<form id="key"><label>${text.key} <input type="password" name="key" autocomplete="off" required></label> <button>${text.use}</button></form>`;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text.title} · Fleetcast</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${escaped(base)}/swagger-ui.css">
<link rel="stylesheet" href="${escaped(base)}/explorer.css">
<script src="${escaped(base)}/swagger-ui.js" defer></script>
<script src="${escaped(base)}/explorer.js" defer></script>
</head>
<body data-language="${language}" data-document="${escaped(keyDocument ?? "")}" ${said.join(" ")}>
<header>
<h1>${text.title}</h1>
<p>${text.intro}</p>
${keyDocument === undefined ? "" : keyForm}
<p id="state" role="status"></p>
</header>
<main id="explorer"></main>
</body>
</html>
`;
}

/** A configured path may hold any character. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
