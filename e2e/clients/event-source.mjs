// As much of the browser's EventSource as the official client uses; Node has none.
export class EventSource {
  onopen = () => {};
  onmessage = () => {};
  onerror = () => {};
  #abort = new AbortController();

  constructor(url) {
    this.#read(url).catch((error) => {
      if (!this.#abort.signal.aborted) this.onerror(error);
    });
  }

  close() {
    this.#abort.abort();
  }

  async #read(url) {
    const answer = await fetch(url, { headers: { accept: "text/event-stream" }, signal: this.#abort.signal });
    const type = answer.headers.get("content-type") ?? "";
    if (answer.status !== 200 || !type.startsWith("text/event-stream")) throw new Error(`${answer.status} ${type}`);
    this.onopen();
    const decoder = new TextDecoder();
    let rest = "";
    let data = [];
    for await (const chunk of answer.body) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split(/\r\n|\r|\n/);
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
        if (line !== "" || data.length === 0) continue;
        this.onmessage({ data: data.join("\n") });
        data = [];
      }
    }
    throw new Error("the stream ended");
  }
}
