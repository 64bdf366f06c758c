/* global SwaggerUIBundle */

// The explorer: Swagger UI over the document of the server that this page comes from. Who is signed in on the dashboard calls
// /v1 with that session; the server API is called with the key that is typed here, which this page keeps in memory only.

const { dataset } = document.body;
const state = document.getElementById("state");
const form = document.getElementById("key");
let csrf = "";
let key = "";
let isShown = false;

/** Our own keys instead of the dialog for each scheme of the document. */
const noAuthorizeButtons = () => ({
  wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null },
});

function show(spec) {
  if (isShown) return;
  isShown = true;
  SwaggerUIBundle({
    spec,
    domNode: document.getElementById("explorer"),
    plugins: [noAuthorizeButtons],
    validatorUrl: null,
    deepLinking: false,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    requestInterceptor: withCredentials,
  });
}

function withCredentials(request) {
  const { origin, pathname } = new URL(request.url, location.href);
  if (origin !== location.origin) return request;
  const isV1 = pathname.startsWith("/v1/");
  if (isV1 && csrf !== "" && request.method !== "GET") request.headers["X-Fleetcast-CSRF"] = csrf;
  if (!isV1 && key !== "") request.headers["X-API-Key"] = key;
  return request;
}

async function openWithSession() {
  // The dashboard's own mark: without it nobody is signed in, and there is nothing to ask.
  if (localStorage.getItem("fleetcast.signed-in") === null || !location.pathname.startsWith("/v1/")) return false;
  const me = await fetch("/v1/me");
  if (!me.ok) return false;
  const { name, csrf: value } = await me.json();
  csrf = value;
  const answer = await fetch(`/v1/openapi.json?lang=${dataset.language}`);
  if (!answer.ok) return false;
  show(await answer.json());
  state.textContent = dataset.signedin + name;
  return true;
}

async function openWithKey(typed) {
  const answer = await fetch(`${dataset.document}?lang=${dataset.language}`, { headers: { "X-API-Key": typed } });
  if (!answer.ok) {
    state.textContent = dataset.wrongkey;
    return;
  }
  key = typed;
  show(await answer.json());
  state.textContent = dataset.keytaken;
}

const failed = () => {
  state.textContent = dataset.failed;
};

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = form.elements.namedItem("key");
  openWithKey(field.value.trim())
    .then(() => {
      field.value = "";
    })
    .catch(failed);
});

openWithSession()
  .then((isOpen) => {
    if (!isOpen) state.textContent = dataset.nobody;
  })
  .catch(failed);
