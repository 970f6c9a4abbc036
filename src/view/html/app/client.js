// The service that this page came from: its requests, and its events as they come.
"use strict";
(() => {
  let key = "";

  /** An error with the service's own message; `status` is HTTP's, or 0 without a response. */
  class ServiceError extends Error {
    constructor(message, status) {
      super(message);
      this.name = "ServiceError";
      this.status = status;
    }
  }

  const headers = () => {
    if (/[^\x21-\x7e]/.test(key)) throw new ServiceError("key: expected letters, digits and signs without accents", 401);
    return key ? { Authorization: `Bearer ${key}` } : {};
  };

  const messageOf = (body, status) => {
    try {
      return JSON.parse(body).error.message;
    } catch {
      return `the service answered with status ${status}`;
    }
  };

  const ask = async (path, options = {}) => {
    const given = { ...headers(), ...options.headers };
    let response;
    try {
      response = await fetch(path, { ...options, headers: given, cache: "no-store" });
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") throw error;
      throw new ServiceError("the service is not responding; is it running?", 0);
    }
    if (response.ok) return response;
    throw new ServiceError(messageOf(await response.text(), response.status), response.status);
  };

  /** Server-sent events of a response: calls on(name, data) for each. */
  const events = async (response, on) => {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = [];
    let name = "message";
    let data = [];
    const line = (text) => {
      if (text.startsWith("event: ")) name = text.slice(7);
      else if (text.startsWith("data: ")) data.push(text.slice(6));
      else if (text === "" && data.length > 0) {
        on(name, data.join("\n"));
        name = "message";
        data = [];
      }
    };
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = value.split("\n");
      rest.push(parts[0]);
      if (parts.length === 1) continue; // a result of megabytes is one line
      line(rest.join(""));
      for (const part of parts.slice(1, -1)) line(part);
      rest = [parts[parts.length - 1]];
    }
  };

  llmx.client = {
    ServiceError,
    setKey: (text) => { key = text.trim(); },
    get: async (path) => (await ask(path)).json(),
    /** The result of a request. `signal` cancels it; calls on.token(text) and on.progress({stage, done, ahead}). */
    explain: async (body, signal, on) => {
      const response = await ask("/v1/explain/stream", { method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      let result = null;
      await events(response, (name, data) => {
        if (name === "result") result = JSON.parse(data);
        else if (name === "token") on.token(JSON.parse(data).text);
        else if (name === "progress") on.progress(JSON.parse(data));
        else if (name === "error") throw new ServiceError(JSON.parse(data).error.message, 200);
      });
      if (result === null) throw new ServiceError("the service closed the connection without a result", 0);
      return result;
    },
  };
})();
