//! Messages as Slack shows them. Pure.
//!
//! Everything goes into `rich_text` blocks, whose texts Slack shows as they are: no markup, no mention, no emoji name
//! and no link is read out of them (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>). So nothing in
//! a title can call `@here`, and no code can end its own block.
//!
//! Limits: 50 blocks a message (documented). 3,000 characters a part is the documented limit of other blocks, kept here
//! too. The total is not documented; near 13,200 characters Slack answers `msg_blocks_too_long`.

use callboard_domain::{
    length::LengthUnit,
    message::{Block, ListEntry, Message},
    text,
};
use serde_json::{Value, json};
use url::Url;

/// How Slack's limits are counted; its documents state only "characters".
pub(super) const UNIT: LengthUnit = LengthUnit::Characters;
/// The longest message; the rest is left out, with a note.
const TOTAL: usize = 12_000;
/// The longest that fits in full, with its mark and what separates its parts.
pub(super) const WHOLE: usize = TOTAL - 2 * NOTE;
const PART: usize = 3_000;
const BLOCKS: usize = 50;
const LINE: usize = 300;
const FALLBACK: usize = 3_000;
const URL_BYTES: usize = 2_048;
/// Less of some output than this is of no use.
const LEAST_CODE: usize = 200;
/// For the note of what was left out, in the text and in code.
const NOTE: usize = 50;

/// A message as Slack takes it.
#[derive(Debug, PartialEq)]
pub(super) struct Rendered {
    /// For notifications and for programs that read it out; in Slack's `mrkdwn`, escaped.
    pub text: String,
    pub blocks: Value,
}

pub(super) fn render(message: &Message) -> Rendered {
    // A message that must be cut is cut to the published limit: only one that fits in full may use the rest.
    let page = Some(laid_out(message, TOTAL)).filter(|page| page.omitted == 0);
    let page = page.unwrap_or_else(|| laid_out(message, WHOLE));
    Rendered { text: fallback(message), blocks: Value::Array(page.end()) }
}

fn laid_out(message: &Message, room: usize) -> Page {
    let mut page = Page { blocks: Vec::new(), left: room - NOTE, omitted: 0 };
    page.title(message);
    for block in &message.blocks {
        match block {
            Block::Text(words) => page.text(words),
            Block::Fields(fields) => page.fields(fields),
            Block::Code(code) => page.code(code),
            Block::List(rows) => page.list(rows),
        }
    }
    page
}

/// The blocks so far, and what room is left.
struct Page {
    blocks: Vec<Value>,
    left: usize,
    omitted: usize,
}

impl Page {
    fn title(&mut self, message: &Message) {
        let mark = words(&format!("{} ", message.tone.mark()), Some("bold"));
        let all = text::block(&message.title, usize::MAX);
        let all = trimmed(&all);
        // What a person wrote: whole, and in its lines. What programs make fits on one, and leads somewhere.
        if message.link.is_none() && (all.contains('\n') || size(all) > LINE) {
            self.left -= 2;
            return self.flow(all, Some(mark));
        }
        let title = match line(&message.title) {
            empty if empty.is_empty() => "(no title)".to_owned(),
            title => title,
        };
        let link = message.link.as_ref().filter(|url| may_link(url));
        self.left -= size(&title) + link.map_or(0, |url| url.as_str().len()) + 2;
        self.push(section(vec![mark, linked(&title, link, Some("bold"))]));
    }

    fn text(&mut self, text: &str) {
        let clean = text::block(text, usize::MAX);
        self.flow(trimmed(&clean), None);
    }

    /// A text in its lines, in as many parts as it takes; the first after `mark`.
    fn flow(&mut self, text: &str, mut mark: Option<Value>) {
        let mut rest = text;
        while !rest.trim().is_empty() && self.has_room() {
            let (mut part, mut after) = UNIT.part(rest, PART.min(self.left));
            if part.is_empty() && self.left >= PART {
                (part, after) = UNIT.head_of_code_points(rest, PART);
            }
            // No character is cut in two where the space ends.
            if part.is_empty() {
                break;
            }
            self.left -= size(part);
            let elements = mark.take().into_iter().chain([words(part, None)]).collect();
            self.push(section(elements));
            // The parts are below each other: the space between them is their end of line.
            rest = after;
        }
        self.omitted += size(rest.trim());
    }

    fn fields(&mut self, fields: &[(String, String)]) {
        let mut lines = Vec::new();
        for (name, value) in fields {
            let (name, value) = (line(name), line(value));
            let name = format!("{name}: ");
            let end = if lines.is_empty() { "" } else { "\n" };
            if self.fits(size(&name) + size(&value) + 1) {
                lines.push(words(&format!("{end}{name}"), Some("bold")));
                lines.extend((!value.is_empty()).then(|| words(&value, None)));
            }
        }
        if !lines.is_empty() {
            self.push(section(lines));
        }
    }

    fn list(&mut self, rows: &[ListEntry]) {
        let mut shown = Vec::new();
        for row in rows {
            let line = line(&row.text);
            let link = row.link.as_ref().filter(|url| may_link(url));
            if !line.is_empty() && self.fits(size(&line) + link.map_or(0, |url| url.as_str().len()) + 1) {
                shown.push(section(vec![linked(&line, link, None)]));
            }
        }
        if !shown.is_empty() {
            self.push(json!({ "type": "rich_text_list", "style": "bullet", "elements": shown }));
        }
    }

    /// Output: its end is what counts, so that is what stays.
    fn code(&mut self, code: &str) {
        let clean = text::block(code, usize::MAX);
        let clean = clean.trim_matches('\n').trim_end();
        let room = PART.min(self.left);
        let all = size(clean);
        let shown = if all <= room {
            clean.to_owned()
        } else if room >= LEAST_CODE {
            let end = tail_of_lines(clean, room - NOTE);
            format!("… {} characters before this\n{end}", thousands(all - size(end)))
        } else {
            String::new()
        };
        if shown.is_empty() || !self.has_room() {
            self.omitted += all;
            return;
        }
        self.left -= size(&shown);
        self.push(json!({ "type": "rich_text_preformatted", "elements": [words(&shown, None)] }));
    }

    fn has_room(&self) -> bool {
        // The last block is for the note.
        self.left > 0 && self.blocks.len() < BLOCKS - 1
    }

    /// Takes the room, or counts it as omitted. After something was left out, nothing later is shown.
    fn fits(&mut self, size: usize) -> bool {
        if self.has_room() && self.omitted == 0 && size <= self.left {
            self.left -= size;
            true
        } else {
            self.omitted += size;
            false
        }
    }

    fn push(&mut self, element: Value) {
        self.blocks.push(json!({ "type": "rich_text", "elements": [element] }));
    }

    fn end(mut self) -> Vec<Value> {
        if self.omitted > 0 {
            let note = format!("… {} more characters are left out", thousands(self.omitted));
            self.push(section(vec![words(&note, Some("italic"))]));
        }
        self.blocks
    }
}

/// Without empty lines around it; the first line keeps its indent.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\n').trim_end()
}

fn section(elements: Vec<Value>) -> Value {
    json!({ "type": "rich_text_section", "elements": elements })
}

fn words(text: &str, style: Option<&str>) -> Value {
    styled(json!({ "type": "text", "text": text }), style)
}

fn linked(text: &str, link: Option<&Url>, style: Option<&str>) -> Value {
    match link {
        Some(url) => styled(json!({ "type": "link", "url": url, "text": text }), style),
        None => words(text, style),
    }
}

fn styled(mut element: Value, style: Option<&str>) -> Value {
    if let Some(style) = style {
        element["style"] = json!({ style: true });
    }
    element
}

fn may_link(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.as_str().len() <= URL_BYTES
}

/// One line of at most [`LINE`] of Slack's characters: what people count as one can be many of them.
fn line(text: &str) -> String {
    limited(text::line(text, LINE), LINE)
}

fn limited(text: String, max: usize) -> String {
    match UNIT.head(&text, max - 1) {
        (_, "") => text,
        (start, _) => format!("{start}…"),
    }
}

fn size(text: &str) -> usize {
    UNIT.measure(text)
}

/// The last `max` characters, from the beginning of a line where there is one near.
fn tail_of_lines(text: &str, max: usize) -> &str {
    let end = UNIT.tail(text, max);
    match end.find('\n') {
        Some(at) if at * 2 < end.len() && end.len() < text.len() => &end[at + 1..],
        _ => end,
    }
}

fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The message in a text. It is sent with `parse: none`, where Slack reads only what is in `<...>`, so escaping
/// suffices (<https://docs.slack.dev/messaging/formatting-message-text>); `@here` and its like are written with a wide
/// `＠` all the same, for clients that make their own mind up.
fn fallback(message: &Message) -> String {
    let plain = limited(text::block(&message.plain(), usize::MAX), FALLBACK);
    let mut out = String::with_capacity(plain.len());
    for (at, c) in plain.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' if calls_everybody(&plain[at + 1..]) => out.push('＠'),
            c => out.push(c),
        }
    }
    out
}

fn calls_everybody(after_at: &str) -> bool {
    ["here", "channel", "everyone", "group"]
        .iter()
        .any(|word| after_at.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests;
