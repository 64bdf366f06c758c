/* global Centrifuge */

/* The page of /v1/try: the code of the interface document, with the token fetched from the server it came from. */

const shownMax = 10;

async function fetchToken() {
  const response = await fetch("/v1/try/token");
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return response.json();
}

function socketAddress(url) {
  if (!url.startsWith("/")) return url;
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${url}`;
}

/* The code as a page of one's own would have it, with this server's address. */
function exampleCode(address) {
  return `<script src="${location.origin}/v1/sdk/centrifuge.js"></script>
<script>
const centrifuge = new Centrifuge('${address}', {
    token: 'YOUR_JWT_TOKEN'
});

centrifuge.on('connected', (ctx) => {
    console.log('✓ 已建立 WSS 实时连接', ctx.client);
});

const telemetry = centrifuge.newSubscription('telemetry:VM-SH-001');
telemetry.on('publication', (ctx) => console.log(ctx.data));
telemetry.subscribe();

centrifuge.connect();
</script>`;
}

function showLine(list, publication, atTop) {
  const line = document.createElement("li");
  line.textContent = JSON.stringify(publication.data);
  list.querySelector(".none")?.remove();
  if (atTop) list.prepend(line);
  else list.append(line);
  while (list.children.length > shownMax) list.lastElementChild.remove();
}

function watchChannel(centrifuge, section) {
  const part = (name) => section.querySelector(`[data-part="${name}"]`);
  const subscription = centrifuge.newSubscription(section.dataset.channel, { joinLeave: true });

  const countWatching = async () => {
    const stats = await subscription.presenceStats();
    part("watching").textContent = String(stats.numUsers);
  };
  const showHistory = async () => {
    const history = await subscription.history({ limit: shownMax, reverse: true });
    for (const publication of history.publications) showLine(part("history"), publication, false);
  };
  const orSay = (task) =>
    task().catch((error) => {
      part("watching").title = error.message ?? String(error);
    });

  subscription.on("publication", (ctx) => showLine(part("live"), ctx, true));
  subscription.on("join", () => orSay(countWatching));
  subscription.on("leave", () => orSay(countWatching));
  subscription.once("subscribed", () => orSay(showHistory));
  subscription.on("subscribed", () => orSay(countWatching));
  subscription.on("error", (ctx) => {
    part("watching").textContent = ctx.error.message;
  });
  subscription.subscribe();
}

async function start() {
  const words = document.body.dataset;
  const state = document.getElementById("state");
  const first = await fetchToken();
  const address = socketAddress(first.url);
  document.getElementById("code").textContent = exampleCode(address);

  const centrifuge = new Centrifuge(address, {
    token: first.token,
    getToken: async () => (await fetchToken()).token,
  });
  centrifuge.on("connected", (ctx) => {
    // biome-ignore lint/suspicious/noConsole: the line of the document's example, for whoever opens the browser's console.
    console.log("✓ 已建立 WSS 实时连接", ctx.client);
    state.textContent = words.connected;
    document.getElementById("client").textContent = ctx.client;
  });
  centrifuge.on("connecting", () => {
    state.textContent = words.connecting;
  });
  centrifuge.on("disconnected", (ctx) => {
    state.textContent = `${words.disconnected} (${ctx.code} ${ctx.reason})`;
  });
  for (const section of document.querySelectorAll("[data-channel]")) watchChannel(centrifuge, section);
  centrifuge.connect();
}

start().catch((error) => {
  document.getElementById("state").textContent = error.message;
});
