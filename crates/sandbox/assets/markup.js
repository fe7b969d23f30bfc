// WhatsApp's markup as DOM nodes. Text only ever becomes text nodes, so no message can bring markup of its own.
'use strict';

const Markup = (() => {
  const TAGS = { '*': 'strong', '_': 'em', '~': 's' };
  const CODE_LINE = /^\s*\*(\d{4,10})\*\s*$/;
  const word = (char) => char !== undefined && /[\p{L}\p{N}]/u.test(char);
  const space = (char) => char === undefined || /\s/.test(char);

  // Where the run that opens at `start` closes, or -1. It stays on its line, and neither edge has a space inside.
  function closing(text, start, mark) {
    const line = text.indexOf('\n', start);
    const end = line === -1 ? text.length : line;
    if (word(text[start - 1]) || space(text[start + 1])) return -1;
    for (let at = text.indexOf(mark, start + 2); at !== -1 && at < end; at = text.indexOf(mark, at + 1)) {
      if (!space(text[at - 1]) && !word(text[at + 1])) return at;
    }
    return -1;
  }

  function inline(text, parent, depth) {
    let plain = '';
    const flush = () => {
      if (plain) parent.append(document.createTextNode(plain));
      plain = '';
    };
    let at = 0;
    while (at < text.length) {
      if (text.startsWith('```', at)) {
        const end = text.indexOf('```', at + 3);
        if (end > at + 3) {
          flush();
          const block = document.createElement('pre');
          block.textContent = text.slice(at + 3, end).replace(/^\n|\n$/g, '');
          parent.append(block);
          at = end + 3;
          continue;
        }
      }
      const mark = text[at];
      if ((TAGS[mark] || mark === '`') && depth < 4) {
        const end = closing(text, at, mark);
        if (end !== -1) {
          flush();
          const run = document.createElement(TAGS[mark] || 'code');
          const inner = text.slice(at + 1, end);
          if (mark === '`') run.textContent = inner;
          else inline(inner, run, depth + 1);
          parent.append(run);
          at = end + 1;
          continue;
        }
      }
      plain += mark;
      at += 1;
    }
    flush();
  }

  // Renders a message into `parent`; gives back the first one-time code in it, or null.
  function render(text, parent) {
    let code = null;
    let pending = [];
    const flush = () => {
      if (pending.length) inline(pending.join('\n'), parent, 0);
      pending = [];
    };
    for (const line of text.split('\n')) {
      const found = CODE_LINE.exec(line);
      if (!found) {
        pending.push(line);
        continue;
      }
      flush();
      const digits = document.createElement('strong');
      digits.className = 'code';
      digits.textContent = found[1];
      parent.append(digits);
      code = code || found[1];
    }
    flush();
    return code;
  }

  // The same text on one line and without marks, for the contact list.
  function preview(text) {
    return text.replace(/```/g, '').replace(/(^|\s)[*_~`]+(?=\S)/g, '$1').replace(/(\S)[*_~`]+(?=\s|$)/g, '$1').replace(/\s+/g, ' ').trim();
  }

  return { render, preview };
})();
