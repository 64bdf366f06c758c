/** The written parts of docs/configuration.md, in both languages. */
export type PageLanguage = "en" | "zh-CN";

export interface PageTexts {
  readonly intro: string;
  readonly centrifugo: string;
  readonly proxies: string;
  readonly namespaces: string;
  readonly rpcNamespaces: string;
  readonly pushChannels: string;
  readonly own: string;
  readonly head: string;
  readonly refused: string;
  readonly unneeded: string;
  readonly live: string;
}

export const configurationTexts: Readonly<Record<PageLanguage, PageTexts>> = {
  en: {
    intro: `# Configuration

[简体中文](configuration.zh-CN.md)

Made from the table in \`packages/server/src/config/table/\` by \`scripts/generate-docs.ts\`.

Fleetcast starts without any configuration. What is set comes, later wins, from:

1. the defaults below,
2. a file (YAML, JSON or TOML): \`-c FILE\`, else \`FLEETCAST_CONFIG\`, else \`fleetcast.yaml\` or \`fleetcast.json\` in the working folder,
3. the environment: \`FLEETCAST_\` and the key in capitals, \`.\` as \`_\` (\`http_server.port\` is \`FLEETCAST_HTTP_SERVER_PORT\`); Centrifugo's keys also as
   \`CENTRIFUGO_...\` (both set and different: the start is refused). An empty variable is unset. A \`.env\` file is not read,
4. flags: \`--data-dir\`, and for \`serve\`, \`start\` and \`checkconfig\` the keys that are flags of Centrifugo, too (\`--http_server.port 9000\`, \`-p 9000\`). No secret is a
   flag: everybody on the machine can read a command line.

\`fleetcast checkconfig [--strict]\` says everything a start would say. A wrong value stops the start with file, key, value and what is expected, all at
once, with exit code 2. An unknown key is a warning with the nearest known name, and refused with \`--strict\`. A zero or an empty text where a default
exists is the default. Durations are written as \`"25s"\`, \`"300ms"\`, \`"720h"\`; a bare number in a file is nanoseconds. Keys are read without regard to case.
Texts by name (\`static_headers\`) are an object, or a list of \`{key, value}\`; \`\${CENTRIFUGO_VAR_X}\` in them is that variable. A value of type \`pem\`, and the private key of a certificate, is PEM text, the
same in base64, or the path of a file.

Keys that nobody sets (\`http_api.key\`, \`client.token.hmac_secret_key\`, \`push.centrifugo.proxy_secret\`, and some that only Fleetcast needs) are made at the
first start and kept in \`<data>/secrets.json\`, mode 0600.

\`SIGHUP\` lets \`fleetcast serve\` read its file again. It takes all of it or nothing: a file that a start would refuse, and one that changes a key which is not *live*,
changes nothing and says so in one line of the log. Connections live on; subscriptions of a namespace that is gone end.

\`fleetcast genconfig\` writes a first file with keys of its own, \`fleetcast defaultconfig\` and \`fleetcast defaultenv\` print every key with its value, \`fleetcast
configdoc\` shows this page in a browser. An editor that knows JSON Schema completes and checks a file with \`packages/server/schema/fleetcast.schema.json\`.`,
    centrifugo: `## Keys of Centrifugo v6

An existing Centrifugo file starts Fleetcast unchanged, or is refused with the list of the keys that Fleetcast does not honour and what to do about each.
**refused** means: any value but the default stops the start; what belongs to a refused key is taken and has no effect. **not needed** means: taken, and
another value than the default is a warning. **live** means: \`SIGHUP\` takes another value while everything runs. [Every option of Centrifugo v6.9.6](centrifugo-options.md) is listed with how it stands.`,
    proxies: `## Proxies

Each of \`client.proxy.connect\`, \`client.proxy.refresh\`, \`channel.proxy.<subscribe|publish|sub_refresh|map_publish|map_remove|shared_poll_refresh>\` and
\`rpc.proxy\` has these, and each entry of \`proxies\` with its \`name\`:`,
    namespaces: `## Namespaces

\`channel.without_namespace.<option>\` for channels without a namespace, and each entry of \`channel.namespaces\` with its \`name\`. While \`mqtt.enabled\`, the
namespaces \`telemetry\`, \`events\`, \`p_alert\`, \`user_cmd\`, \`fleet\`, \`feed\` and \`console_tail\` are there; one that the file defines is used as written.
In the environment: \`CENTRIFUGO_CHANNEL_NAMESPACES\` (JSON, or names separated by spaces) and \`CENTRIFUGO_CHANNEL_NAMESPACES_<NAME>_<OPTION>\`; the same for
\`rpc.namespaces\`, \`proxies\` and \`consumers\`.`,
    rpcNamespaces: "Each entry of `rpc.namespaces` has a `name` and:",
    pushChannels: "`push.channels.<namespace>.<option>`, Fleetcast's own:",
    own: "## Keys of Fleetcast",
    head: "| Key | Type | Default | Meaning | Here |",
    refused: "refused",
    unneeded: "not needed",
    live: "live",
  },
  "zh-CN": {
    intro: `# 配置

[English](configuration.md)

本页由 \`scripts/generate-docs.ts\` 根据 \`packages/server/src/config/table/\` 中的表生成；表格里的说明为英文。

Fleetcast 不需要任何配置即可启动。设置来自以下位置，后者优先：

1. 下面的默认值；
2. 文件（YAML、JSON 或 TOML）：\`-c FILE\`，否则 \`FLEETCAST_CONFIG\`，否则工作目录中的 \`fleetcast.yaml\` 或 \`fleetcast.json\`；
3. 环境变量：\`FLEETCAST_\` 加大写的键名，\`.\` 写作 \`_\`（\`http_server.port\` 即 \`FLEETCAST_HTTP_SERVER_PORT\`）；Centrifugo 的键也可以写作 \`CENTRIFUGO_...\`（两者同时设置且不同：
   拒绝启动）。空变量等于未设置。不读取 \`.env\` 文件；
4. 命令行参数：\`--data-dir\`；\`serve\`、\`start\`、\`checkconfig\` 还接受 Centrifugo 同名的参数（\`--http_server.port 9000\`、\`-p 9000\`）。密钥不能写在命令行上：本机所有人都能看到。

\`fleetcast checkconfig [--strict]\` 会说出启动时会说的一切。错误的值会阻止启动，并一次列出文件、键、值和期望，退出码为 2。未知的键是警告，并给出最接近的已知名称；加 \`--strict\` 则拒绝。
有默认值的键写零或空文本，等于默认值。时长写作 \`"25s"\`、\`"300ms"\`、\`"720h"\`；文件中不带单位的数字是纳秒。键名不区分大小写。按名称的文本（\`static_headers\`）写成对象，或
\`{key, value}\` 的列表；其中的 \`\${CENTRIFUGO_VAR_X}\` 会替换为该环境变量。类型为 \`pem\` 的值和证书的私钥可以是 PEM 文本、其 base64，或文件路径。

没有设置的密钥（\`http_api.key\`、\`client.token.hmac_secret_key\`、\`push.centrifugo.proxy_secret\`，以及几个只有 Fleetcast 需要的密钥）在首次启动时生成，保存在 \`<data>/secrets.json\`，权限 0600。

\`SIGHUP\` 让 \`fleetcast serve\` 重新读取文件：要么全部应用，要么完全不变。启动会拒绝的文件，以及改动了不支持热加载的键的文件，都不会改变任何东西，并在日志中写一行说明。连接保持不断；
被删除的命名空间的订阅会结束。

\`fleetcast genconfig\` 写出带有新密钥的第一个文件；\`fleetcast defaultconfig\` 与 \`fleetcast defaultenv\` 打印每个键及其值；\`fleetcast configdoc\` 在浏览器中显示本页。支持 JSON Schema 的编辑器可以用
\`packages/server/schema/fleetcast.schema.json\` 补全并检查文件。`,
    centrifugo: `## Centrifugo v6 的键

现有的 Centrifugo 文件可以原样启动 Fleetcast；否则启动被拒绝，并列出 Fleetcast 不支持的键以及每个键的处理办法。**拒绝**：默认值以外的任何值都会阻止启动；属于被拒绝的键的设置会被接受，但没有作用。
**不需要**：会被接受，与默认值不同时给出警告。**热加载**：\`SIGHUP\` 可以在运行中应用新的值。[Centrifugo v6.9.6 的全部选项](centrifugo-options.md)逐一列出了各自的处理方式。`,
    proxies: `## 代理

\`client.proxy.connect\`、\`client.proxy.refresh\`、\`channel.proxy.<subscribe|publish|sub_refresh|map_publish|map_remove|shared_poll_refresh>\` 和 \`rpc.proxy\` 各有以下设置；\`proxies\`
的每一项还有自己的 \`name\`：`,
    namespaces: `## 命名空间

没有命名空间的频道用 \`channel.without_namespace.<option>\`，\`channel.namespaces\` 的每一项有自己的 \`name\`。在 \`mqtt.enabled\` 时，命名空间 \`telemetry\`、\`events\`、\`p_alert\`、\`user_cmd\`、
\`fleet\`、\`feed\` 和 \`console_tail\` 默认存在；文件中定义的同名命名空间按文件所写使用。环境变量：\`CENTRIFUGO_CHANNEL_NAMESPACES\`（JSON，或用空格分隔的名称）与
\`CENTRIFUGO_CHANNEL_NAMESPACES_<NAME>_<OPTION>\`；\`rpc.namespaces\`、\`proxies\` 和 \`consumers\` 也是如此。`,
    rpcNamespaces: "`rpc.namespaces` 的每一项有 `name`，以及：",
    pushChannels: "`push.channels.<namespace>.<option>`，Fleetcast 自己的选项：",
    own: "## Fleetcast 的键",
    head: "| 键 | 类型 | 默认值 | 含义 | 处理 |",
    refused: "拒绝",
    unneeded: "不需要",
    live: "热加载",
  },
};
