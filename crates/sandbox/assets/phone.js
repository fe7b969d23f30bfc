// The customer's phone: loads the messages once, then lives on server-sent events.
'use strict';

(() => {
  const API = '/sandbox/api/';
  const byId = (id) => document.getElementById(id);
  const phone = byId('phone');
  const contacts = byId('contacts');
  const list = byId('messages');
  const composer = byId('composer');
  const input = byId('text');

  const messages = new Map(); // id -> message, in the order of arrival
  const devices = new Map(); // number -> device of the shop
  const chooser = byId('device');
  const bubbles = new Map(); // id -> bubble in the open chat
  let open = null; // the number whose chat is open
  let loaded = false;
  let source = null;
  let toastTimer = 0;

  const customer = (message) => (message.direction === 'from_customer' ? message.from : message.to);
  const rank = ['waiting', 'pending', 'sent', 'invalid', 'delivered', 'read'];
  const clock = new Intl.DateTimeFormat('id-ID', { hour: '2-digit', minute: '2-digit' });
  const calendar = new Intl.DateTimeFormat('id-ID', { day: 'numeric', month: 'long', year: 'numeric' });

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  // 6281234567890 -> +62 812-3456-7890
  function spelled(number) {
    if (number.includes('@')) return 'Grup ' + number.split('@')[0];
    const found = /^62(\d{3})(\d{3,4})(\d+)$/.exec(number);
    return found ? `+62 ${found[1]}-${found[2]}-${found[3]}` : '+' + number;
  }

  function dayOf(at) {
    const date = new Date(at);
    const midnight = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
    const days = Math.round((midnight(new Date()) - midnight(date)) / 86400000);
    if (days === 0) return 'Hari ini';
    if (days === 1) return 'Kemarin';
    return calendar.format(date);
  }

  const timeOf = (at) => clock.format(new Date(at));

  function toast(text) {
    const box = byId('toast');
    box.textContent = text;
    box.hidden = false;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { box.hidden = true; }, 2200);
  }

  function setState(text) {
    for (const node of document.querySelectorAll('[data-state]')) {
      const calm = node.closest('.chat') && open && text === CONNECTED;
      node.textContent = calm ? `di ponsel ${spelled(open)}` : text;
    }
  }

  const CONNECTED = 'terhubung';
  let connection = 'menghubungkan…';
  function setConnection(text) {
    connection = text;
    setState(text);
  }

  async function call(path, body) {
    const options = body === undefined ? {} : {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    };
    const response = await fetch(API + path, options);
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  // Contact list

  function unread(number) {
    let count = 0;
    for (const message of messages.values()) {
      const waiting = message.status === 'sent' || message.status === 'delivered';
      if (message.direction === 'to_customer' && message.to === number && waiting) count += 1;
    }
    return count;
  }

  function drawContacts() {
    const last = new Map();
    for (const message of messages.values()) {
      last.delete(customer(message));
      last.set(customer(message), message);
    }
    const rows = [...last].reverse().map(([number, message]) => {
      const row = element('button', 'contact');
      row.type = 'button';
      const count = unread(number);
      row.classList.toggle('unread', count > 0);
      const body = element('span', 'body');
      const top = element('span', 'row');
      top.append(element('span', 'name', spelled(number)), element('span', 'time', timeOf(message.at)));
      const below = element('span', 'row');
      below.append(element('span', 'preview', Markup.preview(message.text) || message.attachment || ''));
      if (count) below.append(element('span', 'badge', String(count)));
      body.append(top, below);
      row.append(element('span', 'avatar', number.slice(-2)), body);
      row.addEventListener('click', () => show(number, true));
      const item = element('li');
      item.append(row);
      return item;
    });
    contacts.replaceChildren(...rows);
    byId('empty').hidden = rows.length > 0;
  }

  let drawing = false;
  function drawContactsSoon() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => { drawing = false; drawContacts(); });
  }

  // Chat

  function copyButton(code) {
    const button = element('button', 'copy', 'Salin kode');
    button.type = 'button';
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(code);
      } catch {
        // Without permission, or on plain http beyond localhost, the old way still works.
        const field = element('textarea');
        field.value = code;
        document.body.append(field);
        field.select();
        document.execCommand('copy');
        field.remove();
      }
      button.textContent = 'Kode tersalin';
      setTimeout(() => { button.textContent = 'Salin kode'; }, 1800);
    });
    return button;
  }

  function drawStatus(bubble, message) {
    const words = { waiting: 'dijadwalkan', pending: 'menunggu', sent: 'terkirim', delivered: 'sampai', read: 'dibaca', invalid: 'gagal' };
    const tick = bubble.querySelector('.tick');
    tick.dataset.status = message.status;
    tick.setAttribute('aria-label', words[message.status] || message.status);
    tick.title = words[message.status] || message.status;
    if (message.status === 'invalid' && !bubble.querySelector('.problem')) {
      bubble.append(element('p', 'problem', 'Nomor ini tidak ada di WhatsApp. Pesan tidak sampai.'));
    }
  }

  function drawBubble(message, fresh) {
    const previous = list.lastElementChild;
    const day = dayOf(message.at);
    if (!previous || previous.dataset.day !== day) {
      const label = element('div', 'day', day);
      label.dataset.day = day;
      list.append(label);
    }
    const mine = message.direction === 'from_customer';
    const bubble = element('div', mine ? 'bubble mine' : 'bubble');
    bubble.dataset.day = day;
    bubble.dataset.side = mine ? 'mine' : 'theirs';
    bubble.dataset.id = message.id;
    if (list.lastElementChild.dataset.side !== bubble.dataset.side) bubble.classList.add('first');
    if (fresh) bubble.classList.add('fresh');
    if (message.attachment) bubble.append(element('div', 'attachment', '📎 ' + message.attachment));
    const text = element('div', 'text');
    const code = Markup.render(message.text, text);
    bubble.append(text);
    const meta = element('div', 'meta');
    meta.append(element('span', 'time', timeOf(message.at)), element('span', 'tick'));
    bubble.append(meta);
    if (code && !mine) bubble.append(copyButton(code));
    drawStatus(bubble, message);
    list.append(bubble);
    bubbles.set(message.id, bubble);
  }

  const nearEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 120;
  const toEnd = () => { list.scrollTop = list.scrollHeight; };

  function drawChat() {
    list.replaceChildren();
    bubbles.clear();
    for (const message of messages.values()) {
      if (customer(message) === open) drawBubble(message, false);
    }
    toEnd();
    markRead();
  }

  let reading = false;
  async function markRead() {
    if (!open || reading || document.visibilityState !== 'visible') return;
    const delivered = [...messages.values()].some((m) => m.direction === 'to_customer' && m.to === open && m.status === 'delivered');
    if (!delivered) return;
    reading = true;
    try {
      await call('read', { phone: open });
    } catch {
      // The next message or the next look at the page tries again.
    } finally {
      reading = false;
    }
  }

  function show(number, push) {
    open = number;
    phone.dataset.view = number ? 'chat' : 'list';
    setState(connection);
    if (number) {
      byId('title').textContent = 'Toko';
      chooseDevice();
      drawChat();
    } else {
      drawContacts();
    }
    const url = number ? `/sandbox/phone?phone=${encodeURIComponent(number)}` : '/sandbox/';
    if (push) history.pushState({ number }, '', url);
  }

  function fromAddress() {
    const number = (new URLSearchParams(location.search).get('phone') || '').trim();
    if (number.includes('@')) return number;
    const digits = number.replace(/\D/g, '').replace(/^0/, '62');
    return digits || null;
  }

  // Events

  function put(message, fresh) {
    const known = messages.get(message.id);
    if (known) {
      update({ id: message.id, status: message.status });
      return;
    }
    messages.set(message.id, message);
    drawContactsSoon();
    if (customer(message) === open) {
      const follow = nearEnd();
      drawBubble(message, fresh);
      if (follow || message.direction === 'from_customer') toEnd();
      markRead();
    }
  }

  function update(change) {
    const message = messages.get(change.id);
    if (!message || rank.indexOf(change.status) <= rank.indexOf(message.status)) return;
    message.status = change.status;
    const bubble = bubbles.get(change.id);
    if (bubble) drawStatus(bubble, message);
    drawContactsSoon();
    if (change.status === 'delivered') markRead();
  }

  async function load() {
    const [known, all] = await Promise.all([call('messages'), call('devices')]);
    devices.clear();
    for (const device of all.devices) devices.set(device.device, device);
    for (const message of known.messages) put(message, loaded);
    loaded = true;
    drawDevices();
    drawContacts();
  }

  // Devices

  const LINKS = {
    unpaired: 'belum dipasangkan', qr_shown: 'menunggu pindai', code_shown: 'menunggu kode', passkey_required: 'menunggu passkey',
    passkey_confirmation: 'konfirmasi passkey', paired: 'dipasangkan',
    connected: 'terhubung', disconnected: 'terputus', logged_out: 'dikeluarkan', banned: 'diblokir',
  };

  const deviceName = (device) => `${device.provider} · ${spelled(device.device)}`;

  async function steer(path, device) {
    try {
      await call(path, { device: device.device });
    } catch {
      toast('Tidak bisa sekarang. Coba lagi.');
    }
  }

  function drawDevice(device) {
    const item = element('li');
    const row = element('div', 'row');
    const link = element('span', 'link', LINKS[device.state] || device.state);
    link.dataset.state = device.state;
    row.append(element('span', 'name', deviceName(device)), link);
    item.append(row);
    const shown = device.qr || device.code;
    if (shown) {
      const scan = element('button', 'scan', device.qr ? 'Pindai' : 'Ketik kode');
      const refuse = element('button', 'refuse', 'Tolak');
      scan.type = refuse.type = 'button';
      scan.addEventListener('click', () => steer('scan', device));
      refuse.addEventListener('click', () => steer('refuse-scan', device));
      item.append(element('p', 'qr', shown), scan, refuse);
    }
    return item;
  }

  function drawDevices() {
    const all = [...devices.values()];
    const connected = all.filter((device) => device.connected).length;
    byId('devices-summary').textContent = `Perangkat: ${connected} dari ${all.length} terhubung`;
    byId('device-list').replaceChildren(...all.map(drawDevice));
    if (all.some((device) => device.qr || device.code)) byId('devices').open = true;
    const fonnte = all.filter((device) => device.provider === 'fonnte');
    byId('offline').hidden = fonnte.every((device) => device.connected);
    const chosen = chooser.value;
    chooser.replaceChildren(...all.map((device) => {
      const option = element('option', '', device.provider);
      option.value = device.device;
      option.title = deviceName(device);
      return option;
    }));
    if (devices.has(chosen)) chooser.value = chosen;
    else chooseDevice();
  }

  // The device of the newest message in the open chat is the one that an answer goes to.
  function chooseDevice() {
    const last = [...messages.values()].filter((message) => customer(message) === open).pop();
    const number = last && (last.direction === 'to_customer' ? last.from : last.to);
    const first = devices.keys().next().value;
    if (devices.size) chooser.value = devices.has(number) ? number : first;
  }

  function clear() {
    messages.clear();
    bubbles.clear();
    list.replaceChildren();
    drawContacts();
  }

  async function refresh() {
    try {
      await load();
    } catch {
      setConnection('menyambung kembali…');
    }
  }

  function listen() {
    source = new EventSource(API + 'events');
    const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
    // Loading after the stream is open leaves no gap; what comes twice is known by its id.
    source.addEventListener('open', () => { setConnection(CONNECTED); refresh(); });
    on('message', (message) => put(message, true));
    on('status', update);
    on('device', (device) => { devices.set(device.device, device); drawDevices(); });
    on('reset', () => { clear(); refresh(); });
    source.addEventListener('error', () => {
      setConnection('menyambung kembali…');
      // The browser reconnects by itself unless the server answered with an error.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    });
  }

  composer.addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text || !open) return;
    const button = composer.querySelector('button');
    button.disabled = true;
    try {
      const to = chooser.value ? { device: chooser.value } : {};
      const sent = await call('messages', { from: open, text, ...to });
      input.value = '';
      put(sent.message, true);
    } catch {
      toast('Pesan tidak terkirim. Coba lagi.');
    } finally {
      button.disabled = false;
      input.focus();
    }
  });

  byId('newcomer').addEventListener('submit', (event) => {
    event.preventDefault();
    const digits = byId('number').value.replace(/\D/g, '').replace(/^0/, '62');
    if (digits.length < 5 || digits.length > 15) {
      toast('Tulis nomor dengan 5 sampai 15 angka.');
      return;
    }
    byId('number').value = '';
    show(digits, true);
  });

  byId('back').addEventListener('click', () => show(null, true));
  window.addEventListener('popstate', () => show(fromAddress(), false));
  window.addEventListener('pagehide', () => source && source.close());
  window.addEventListener('pageshow', (event) => { if (event.persisted) listen(); });
  document.addEventListener('visibilitychange', markRead);

  show(fromAddress(), false);
  listen();
})();
