// The registration page: number and name, then the code, then the data.
"use strict";
(() => {
  const POLL_MS = 1500;
  const KEY = "wartel.registration";

  const $ = (id) => document.getElementById(id);
  const root = $("registration");
  const texts = JSON.parse(root.dataset.texts);
  const codeLength = Number(root.dataset.codeLength);
  const callingCode = root.dataset.callingCode;
  const say = (key, values = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

  // ---- What must survive a reload. Only this tab sees it, and it goes when the registration is done.

  const load = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEY)) || {};
    } catch {
      return {};
    }
  };
  let state = load();
  const keep = (change) => {
    state = { ...state, ...change };
    try {
      sessionStorage.setItem(KEY, JSON.stringify(state));
    } catch {
      // Without storage everything works but a reload.
    }
  };
  const forget = () => {
    state = {};
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // As above.
    }
  };

  // ---- Talking to the service. Its clock counts, not the one of the phone.

  // The header Date has whole seconds, so the difference is known to about half a second; waits are longer by more.
  const SLACK_MS = 1000;
  let clockAhead = 0;
  const now = () => Date.now() + clockAhead;

  const call = async (method, path, body) => {
    const headers = { "Accept": "application/json", "Accept-Language": root.dataset.lang };
    if (body) headers["Content-Type"] = "application/json";
    const asked = Date.now();
    try {
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
      const date = Date.parse(answer.headers.get("Date") || "");
      const ahead = date + 500 - (asked + Date.now()) / 2;
      // Within a second of what is known it is the same clock: countdowns do not step back and forth.
      if (!Number.isNaN(date) && Math.abs(ahead - clockAhead) > SLACK_MS) clockAhead = ahead;
      const content = await answer.json().catch(() => ({}));
      return { ok: answer.ok && content.success === true, status: answer.status, ...content };
    } catch {
      return { ok: false, status: 0, message: texts.offline };
    }
  };

  // ---- Steps

  let step = "phone";
  const show = (name) => {
    step = name;
    const order = ["phone", "code", "data", "done"];
    for (const section of root.querySelectorAll("[data-step]")) section.hidden = section.dataset.step !== name;
    for (const item of root.querySelectorAll(".steps li")) {
      const done = order.indexOf(item.dataset.for) < order.indexOf(name);
      item.toggleAttribute("data-done", done);
      if (item.dataset.for === name) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    root.querySelector(".steps").hidden = name === "done";
    if (name === "code") watch();
    else unwatch();
  };

  // ---- Errors beside their fields

  const inputs = (form) => [...form.querySelectorAll("input, textarea")];
  const errorOf = (input) => $(`${input.id}-error`);

  const setError = (input, message) => {
    const error = errorOf(input);
    error.textContent = message || "";
    error.hidden = !message;
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const alertIn = (form, message, good = false) => {
    const alert = form.querySelector("[data-alert]");
    alert.textContent = message || "";
    alert.hidden = !message;
    alert.classList.toggle("good", good);
  };
  const suggest = (number) => {
    const button = $("phone-suggestion");
    button.hidden = !number;
    button.textContent = number ? say("try_suggestion", { number }) : "";
    button.dataset.number = number || "";
  };
  const clear = (form) => {
    alertIn(form);
    inputs(form).forEach((input) => setError(input));
    if (form.id === "phone-form") suggest();
  };

  /** Shows a problem beside the fields that it names, and above the form what is left of it. */
  const explain = (form, problem) => {
    let first = null;
    for (const { field, message } of problem.errors || []) {
      const input = inputs(form).find((one) => one.name === field);
      if (!input) continue;
      setError(input, message);
      first = first || input;
    }
    if (form.id === "phone-form") suggest(problem.suggestion);
    if (first) first.focus();
    else alertIn(form, problem.message || texts.unclear);
  };

  /** Runs a form once at a time: its buttons rest until the answer is there. */
  const onSubmit = (form, work) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (form.getAttribute("aria-busy") === "true") return;
      clear(form);
      const empty = inputs(form).filter((input) => input.required && !input.value.trim());
      empty.forEach((input) => setError(input, texts.required));
      if (empty.length) return empty[0].focus();
      await busy(form, work);
    });
  };
  const busy = async (form, work) => {
    form.setAttribute("aria-busy", "true");
    const buttons = [...form.closest("section").querySelectorAll("button")].filter((button) => !button.disabled);
    buttons.forEach((button) => (button.disabled = true));
    try {
      await work();
    } finally {
      form.removeAttribute("aria-busy");
      buttons.forEach((button) => (button.disabled = false));
      tick();
    }
  };

  // ---- Step 1: number and name

  /** What people and address books put into numbers. The service itself takes none of it. */
  const plain = (number) => number.replace(/[\s().\-\u2010-\u2015\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "");

  /** What the service says if it took the request; it says "sent" only if it knows. */
  const requestCode = async (form) => {
    const body = { phone: state.phone, full_name: state.name };
    if (state.id) body.verification_id = state.id;
    const answer = await call("POST", "api/registrations/public/request-otp", body);
    if (answer.ok) {
      keepVerification(answer.data);
      return answer.message;
    }
    if (answer.retry_after && state.id) keep({ resendAt: now() + answer.retry_after * 1000 });
    explain(form, answer);
    return null;
  };
  const keepVerification = (data) =>
    keep({
      id: data.verification_id,
      masked: data.phone,
      delivery: data.delivery,
      verification: data.state || "pending",
      tries: data.attempts_left,
      expiresAt: Date.parse(data.expires_at),
      resendAt: Date.parse(data.resend_at),
    });

  const phoneForm = $("phone-form");
  onSubmit(phoneForm, async () => {
    const phone = plain($("phone").value);
    if (phone !== state.phone) forget();
    keep({ phone, name: $("full_name").value.trim() });
    if (!(await requestCode(phoneForm))) return;
    toCode();
  });
  $("phone-suggestion").addEventListener("click", (event) => {
    $("phone").value = event.currentTarget.dataset.number;
    setError($("phone"));
    suggest();
    phoneForm.requestSubmit();
  });

  // ---- Step 2: the code

  const codeForm = $("code-form");
  const toCode = () => {
    clear(codeForm);
    $("otp").value = "";
    $("sent-to").textContent = state.masked;
    show("code");
    showFacts();
    $("otp").focus();
  };

  const clock = (ms) => {
    const secs = Math.max(0, Math.round(ms / 1000));
    return `${Math.floor(secs / 60)}:${String(secs % 60).padStart(2, "0")}`;
  };
  const isOver = () => state.verification !== "pending" || state.expiresAt <= now();

  const showFacts = () => {
    const delivery = $("delivery");
    const key =
      state.verification === "locked" ? "locked"
      : state.verification !== "pending" ? "expired"
      : state.expiresAt <= now() ? "code_expired"
      : state.delivery;
    const text = texts[key] || texts.queued;
    // Written only when it changes, so that it is read out once.
    if (delivery.textContent !== text) delivery.textContent = text;
    delivery.dataset.state = isOver() ? "over" : state.delivery;
    $("tries").textContent = say("tries_left", { count: state.tries });
    tick();
  };
  const tick = () => {
    if (step !== "code") return;
    const left = state.expiresAt - now();
    $("expiry").textContent = isOver() ? "" : say("valid_for", { time: clock(left) });
    if (left <= 0 && $("delivery").dataset.state !== "over") showFacts();
    const wait = state.resendAt + SLACK_MS - now();
    const resend = $("resend");
    resend.textContent = wait > 0 ? say("resend_in", { time: clock(Math.max(1000, wait - SLACK_MS)) }) : texts.resend;
    resend.disabled = wait > 0 || codeForm.getAttribute("aria-busy") === "true";
  };

  let ticking = null;
  let polling = null;
  const watch = () => {
    unwatch();
    ticking = setInterval(tick, 1000);
    poll();
  };
  const unwatch = () => {
    clearInterval(ticking);
    clearTimeout(polling);
    ticking = polling = null;
  };
  const isSettled = () => isOver() || ["read", "failed"].includes(state.delivery);
  const poll = () => {
    clearTimeout(polling);
    polling = null;
    if (step !== "code" || isSettled() || document.hidden) return;
    polling = setTimeout(async () => {
      const id = state.id;
      const answer = await call("GET", `api/verifications/${id}`);
      // The answer may come after the number was changed.
      if (step !== "code" || id !== state.id) return;
      if (answer.ok) {
        keepVerification(answer.data);
        showFacts();
      } else if (answer.status === 404) {
        keep({ verification: "expired" });
        showFacts();
      }
      poll();
    }, POLL_MS);
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && step === "code") {
      tick();
      poll();
    }
  });

  onSubmit(codeForm, async () => {
    const code = $("otp").value.replace(/[\s-]/g, "");
    if (!new RegExp(`^[0-9]{${codeLength}}$`).test(code)) {
      setError($("otp"), say("code_incomplete", { count: codeLength }));
      return $("otp").focus();
    }
    const answer = await call("POST", "api/registrations/public/verify-otp", { verification_id: state.id, otp: code });
    if (answer.ok) {
      keep({ proof: answer.data.proof, proofUntil: Date.parse(answer.data.proof_expires_at), id: null });
      return toData();
    }
    if (answer.code === "wrong_code") keep({ tries: answer.attempts_left });
    if (answer.code === "too_many_attempts") keep({ verification: "locked", tries: 0 });
    if (answer.code === "no_active_code") keep({ verification: "expired" });
    showFacts();
    explain(codeForm, answer);
    if (answer.code === "wrong_code") $("otp").select();
  });
  $("resend").addEventListener("click", () => {
    clear(codeForm);
    return busy(codeForm, async () => {
      const message = await requestCode(codeForm);
      if (!message) return;
      $("otp").value = "";
      showFacts();
      alertIn(codeForm, message, true);
      watch();
      $("otp").focus();
    });
  });
  $("change-number").addEventListener("click", () => toPhone());

  const toPhone = (message) => {
    const { phone, name } = state;
    forget();
    clear(phoneForm);
    $("phone").value = phone || $("phone").value;
    $("full_name").value = name || $("full_name").value;
    show("phone");
    if (message) alertIn(phoneForm, message);
    $("phone").focus();
  };

  // ---- Step 3: the data

  const dataForm = $("data-form");
  const toData = () => {
    clear(dataForm);
    $("verified-number").textContent = state.masked;
    if (!$("data-full_name").value) $("data-full_name").value = state.name || "";
    show("data");
    $("data-heading").focus();
  };
  onSubmit(dataForm, async () => {
    const body = { proof: state.proof, full_name: $("data-full_name").value.trim() };
    for (const field of ["email", "address"]) {
      const value = $(`data-${field}`).value.trim();
      if (value) body[field] = value;
    }
    const answer = await call("POST", "api/registrations/public", body);
    if (answer.ok) return toDone(answer.data);
    if (answer.code === "phone_not_verified") return toPhone(texts.proof_expired);
    if (answer.code === "already_registered") return toPhone(answer.message);
    explain(dataForm, answer);
  });

  const toDone = (data) => {
    forget();
    [phoneForm, codeForm, dataForm].forEach((form) => form.reset());
    $("done-number").textContent = data.phone;
    $("registration-id").textContent = data.registration_id;
    show("done");
    $("done-heading").focus();
  };
  $("copy-id").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText($("registration-id").textContent);
      button.textContent = texts.copied;
    } catch {
      // Not allowed to copy: select it, so that the person can.
      getSelection().selectAllChildren($("registration-id"));
    }
  });
  $("again").addEventListener("click", () => toPhone());

  // ---- The sandbox phone opens at the number that was typed.

  const sandbox = $("sandbox-link");
  if (sandbox) {
    const base = sandbox.getAttribute("href");
    sandbox.addEventListener("click", () => {
      let digits = (state.phone || plain($("phone").value)).replace(/^\+/, "");
      if (digits.startsWith("0")) digits = callingCode + digits.slice(1);
      const join = base.includes("?") ? "&" : "?";
      sandbox.href = /^[0-9]{6,15}$/.test(digits) ? `${base}${join}phone=${digits}` : base;
    });
  }

  // ---- Where a reload left off

  const resume = async () => {
    if (state.proof && state.proofUntil > now()) return toData();
    if (state.name) $("full_name").value = state.name;
    if (state.phone) $("phone").value = state.phone;
    if (!state.id) return;
    const answer = await call("GET", `api/verifications/${state.id}`);
    if (answer.ok && answer.data.state === "pending") {
      keepVerification(answer.data);
      toCode();
    } else if (answer.ok || answer.status === 404) {
      keep({ id: null });
    }
  };
  resume();
})();
