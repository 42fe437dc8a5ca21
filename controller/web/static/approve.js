// A person's own key: made here, kept here, never taken out; and what is signed with it.
//
// A token is a compact JWS (RFC 7515) with Ed25519, as `inventory/approval.py` and `inventory/token.py` read it. What is
// signed is taken from the plan's exact text, whose digest this script reckons itself: a page that shows one plan and
// names the digest of another is not signed.
"use strict";

(() => {
  const BASE = "secondline";
  const SHELF = "keys";
  const bytes = (text) => new TextEncoder().encode(text);
  const base64url = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const hex = (buffer) => [...new Uint8Array(buffer)].map((one) => one.toString(16).padStart(2, "0")).join("");
  const sha256 = (content) => crypto.subtle.digest("SHA-256", content);

  const shelf = (mode, act) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(BASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(SHELF);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const asked = act(opening.result.transaction(SHELF, mode).objectStore(SHELF));
        asked.onsuccess = () => { resolve(asked.result); opening.result.close(); };
        asked.onerror = () => reject(asked.error);
      };
    });
  const keyOf = (person) => shelf("readonly", (store) => store.get(person));
  const keep = (person, pair) => shelf("readwrite", (store) => store.put(pair, person));
  const forget = (person) => shelf("readwrite", (store) => store.delete(person));

  const publicOf = async (pair) => base64url(await crypto.subtle.exportKey("raw", pair.publicKey));
  // RFC 7638: the members that are required, in the order of their names, without spaces.
  const kidOf = async (x) => base64url(await sha256(bytes(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)));

  const sign = async (pair, typ, statement) => {
    const header = { alg: "Ed25519", typ, kid: await kidOf(await publicOf(pair)) };
    const said = `${base64url(bytes(JSON.stringify(header)))}.${base64url(bytes(JSON.stringify(statement)))}`;
    const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, bytes(said));
    return `${said}.${base64url(signature)}`;
  };

  // What no text of a host may do to who reads it here.
  const inert = (text) =>
    String(text).replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu,
      (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, "0")}`);

  const linesOf = (operation) => {
    switch (operation.kind) {
      case "command": return [operation.argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ")]
        .concat(operation.stdin ? operation.stdin.split("\n").map((line) => `< ${line}`) : []);
      case "write": return [operation.content === null ? `rm ${operation.path}` : `> ${operation.path} (${operation.mode.toString(8)})`]
        .concat((operation.content ?? "").split("\n").filter(Boolean).map((line) => `+${line}`));
      case "attributes": return [operation.entry].concat(operation.values.map(([name, values]) => `${name} = ${values.join(", ")}`));
      case "configure": return operation.lines;
      default: return [JSON.stringify(operation)];
    }
  };

  const show = (place, plan) => {
    place.replaceChildren();
    for (const part of plan.parts) {
      const title = document.createElement("h3");
      title.textContent = inert(part.host);
      const list = document.createElement("ol");
      for (const step of part.steps) {
        const item = document.createElement("li");
        const code = document.createElement("pre");
        code.tabIndex = 0;
        code.textContent = linesOf(step.do).map(inert).join("\n");
        item.append(code);
        list.append(item);
      }
      place.append(title, list);
    }
  };

  const setUpApproval = async (area) => {
    const { plan, digest, ticket, person } = area.dataset;
    const wrong = area.querySelector("[data-wrong]");
    const dialog = area.querySelector("[data-check]");
    const pair = await keyOf(person);
    area.querySelector("[data-no-key]").hidden = Boolean(pair);
    area.querySelector("[data-sign=approval]").hidden = !pair;

    const confirmed = (content) =>
      new Promise((resolve) => {
        area.querySelector("[data-shown-digest]").textContent = digest;
        show(area.querySelector("[data-shown]"), content);
        dialog.returnValue = "no";
        dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
        dialog.showModal();
      });

    const tell = (text) => { wrong.textContent = text; wrong.hidden = false; };

    const asked = async (form, typ) => {
      const answer = await fetch(`/plans/${plan}/text`, { headers: { accept: "text/plain" } });
      if (!answer.ok) return tell(wrong.dataset.failed);
      const raw = await answer.arrayBuffer();
      if (hex(await sha256(raw)) !== digest) return tell(wrong.dataset.differs);
      const content = JSON.parse(new TextDecoder().decode(raw));
      if (!(await confirmed(content))) return undefined;
      const hours = Number(form.querySelector("[data-hours]")?.value ?? 24);
      const at = Math.floor(Date.now() / 1000);
      const statement = {
        version: 1,
        id: base64url(crypto.getRandomValues(new Uint8Array(18))),
        plan: digest,
        playbook: content.playbook,
        customer: content.customer,
        hosts: content.parts.map((part) => part.host),
        ticket,
        at,
        expires: at + hours * 3600,
      };
      form.querySelector("[name=token]").value = await sign(pair, typ, statement);
      form.submit();
      return undefined;
    };

    for (const form of document.querySelectorAll("[data-sign]")) {
      form.addEventListener("submit", (event) => {
        if (!pair && form.dataset.sign === "rejection") { event.preventDefault(); return tell(wrong.dataset.failed); }
        event.preventDefault();
        wrong.hidden = true;
        return asked(form, `${form.dataset.sign}+jws`).catch(() => tell(wrong.dataset.failed));
      });
    }
  };

  const setUpKey = async (area) => {
    const { person, name } = area.dataset;
    const part = (mark) => area.querySelector(`[data-${mark}]`);
    const refresh = async () => {
      const pair = await keyOf(person);
      part("none").hidden = Boolean(pair);
      part("there").hidden = !pair;
      if (!pair) return;
      const x = await publicOf(pair);
      part("line").textContent = `ed25519 ${x} ${name}`;
      for (const row of document.querySelectorAll("[data-pinned]")) {
        row.querySelector("[data-is-this]").hidden = row.dataset.pinned !== x;
      }
    };
    part("make").addEventListener("click", async () => {
      try {
        await keep(person, await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]));
        await refresh();
        part("line").focus();
      } catch {
        part("unable").hidden = false;
      }
    });
    part("copy").addEventListener("click", async () => {
      await navigator.clipboard.writeText(`${part("line").textContent}\n`);
      part("copied").textContent = part("copied").dataset.text;
    });
    part("forget").addEventListener("click", async () => { await forget(person); await refresh(); });
    await refresh();
  };

  for (const area of document.querySelectorAll("[data-approve]")) setUpApproval(area);
  for (const area of document.querySelectorAll("[data-key][data-person]")) setUpKey(area);
})();
