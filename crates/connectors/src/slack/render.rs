//! Messages as Slack shows them. Pure.
//!
//! Everything goes into `rich_text` blocks, whose texts Slack shows as they are: no markup, no mention, no emoji name
//! and no link is read out of them (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>). So nothing in
//! a title can call `@here`, and no code can end its own block.
//!
//! Limits: 50 blocks a message (documented). 3,000 characters a part is the documented limit of other blocks, kept here
//! too. The total is not documented; near 13,200 characters Slack answers `msg_blocks_too_long`.

use callboard_domain::{
    message::{Block, ListEntry, Message},
    text,
};
use serde_json::{Value, json};
use url::Url;

/// The longest message in characters; what is over is left out, and said to be.
const TOTAL: usize = 12_000;
/// The longest that surely goes in whole, with its mark and what stands between its parts.
pub(super) const WHOLE: usize = TOTAL - 2 * NOTE;
const PART: usize = 3_000;
const BLOCKS: usize = 50;
const LINE: usize = 300;
const FALLBACK: usize = 3_000;
const URL_BYTES: usize = 2_048;
/// Less of some output than this tells nobody anything.
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
    // What must be cut is cut to what a chat is said to take: only what goes in whole may use the rest.
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
        // A person's words: whole, and in their lines. What programs make fits on one, and leads somewhere.
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
            let (part, after) = head(rest, PART.min(self.left));
            self.left -= size(part);
            let elements = mark.take().into_iter().chain([words(part, None)]).collect();
            self.push(section(elements));
            // The parts stand below each other: the space between them is their end of line.
            rest = after.strip_prefix(['\n', ' ']).unwrap_or(after);
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
            let end = tail(clean, room - NOTE);
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
    match head(&text, max - 1) {
        (_, "") => text,
        (start, _) => format!("{start}…"),
    }
}

fn size(text: &str) -> usize {
    text.chars().count()
}

/// The first `max` characters and the rest, parted at white space where there is any near.
fn head(text: &str, max: usize) -> (&str, &str) {
    let Some((end, _)) = text.char_indices().nth(max) else {
        return (text, "");
    };
    let cut = text[..end].rfind('\n').or_else(|| text[..end].rfind(' ')).filter(|&at| at * 2 > end);
    text.split_at(cut.unwrap_or(end))
}

/// The last `max` characters, from the beginning of a line where there is one near.
fn tail(text: &str, max: usize) -> &str {
    let start = text.char_indices().rev().nth(max.saturating_sub(1)).map_or(0, |(at, _)| at);
    let end = &text[start..];
    match end.find('\n') {
        Some(at) if at * 2 < end.len() && start > 0 => &end[at + 1..],
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

/// The message in a text. It is sent with `parse: none`, where Slack reads only what stands in `<...>`, so escaping
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
mod tests {
    use callboard_domain::message::Tone;

    use super::*;

    fn url(text: &str) -> Option<Url> {
        Some(text.parse().unwrap())
    }

    /// Every text that a reader of the blocks sees.
    fn seen(blocks: &Value) -> String {
        match blocks {
            Value::Array(all) => all.iter().map(seen).collect(),
            Value::Object(one) => {
                let own = one.get("text").and_then(Value::as_str).unwrap_or_default();
                own.to_owned() + &one.get("elements").map(seen).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    #[test]
    fn each_part_has_its_block() {
        let message = Message::new(Tone::Bad, "web main failed")
            .linked(url("https://ci.example/7"))
            .with(Block::Text("two\nlines".to_owned()))
            .with(Block::Fields(vec![("Branch".into(), "main".into()), ("By".into(), "ana".into())]))
            .with(Block::Code("error: boom\n".to_owned()))
            .with(Block::List(vec![
                ListEntry { text: "first".into(), link: url("https://ci.example/1") },
                ListEntry { text: "second".into(), link: None },
            ]));
        let rich = |element: Value| json!({ "type": "rich_text", "elements": [element] });
        let section = |elements: Value| json!({ "type": "rich_text_section", "elements": elements });
        let bold = json!({ "bold": true });
        assert_eq!(
            render(&message).blocks,
            json!([
                rich(section(json!([
                    { "type": "text", "text": "✗ ", "style": bold },
                    { "type": "link", "url": "https://ci.example/7", "text": "web main failed", "style": bold },
                ]))),
                rich(section(json!([{ "type": "text", "text": "two\nlines" }]))),
                rich(section(json!([
                    { "type": "text", "text": "Branch: ", "style": bold },
                    { "type": "text", "text": "main" },
                    { "type": "text", "text": "\nBy: ", "style": bold },
                    { "type": "text", "text": "ana" },
                ]))),
                rich(json!({
                    "type": "rich_text_preformatted",
                    "elements": [{ "type": "text", "text": "error: boom" }],
                })),
                rich(json!({ "type": "rich_text_list", "style": "bullet", "elements": [
                    section(json!([{ "type": "link", "url": "https://ci.example/1", "text": "first" }])),
                    section(json!([{ "type": "text", "text": "second" }])),
                ]})),
            ])
        );
    }

    #[test]
    fn no_text_becomes_a_mention_a_link_or_markup() {
        let hostile = [
            "<!here> wake up",
            "<@U012AB3CD> look",
            "<https://evil.example|your bank>",
            "@channel @Here @EVERYONE",
            "*bold* _it_ `code` ```fence``` :tada:",
            "a &lt;!here&gt; b & c",
        ];
        for text in hostile {
            let message = Message::new(Tone::Neutral, text)
                .with(Block::Text(text.to_owned()))
                .with(Block::Code(format!("```\n{text}")))
                .with(Block::Fields(vec![(text.to_owned(), text.to_owned())]))
                .with(Block::List(vec![ListEntry { text: text.to_owned(), link: None }]));
            let rendered = render(&message);
            for block in rendered.blocks.as_array().unwrap() {
                assert_eq!(block["type"], "rich_text", "{text}");
            }
            let json = rendered.blocks.to_string();
            for parsed in ["mrkdwn", "\"user\"", "\"broadcast\"", "\"link\"", "\"emoji\""] {
                assert!(!json.contains(parsed), "{text}: {json}");
            }
            assert!(seen(&rendered.blocks).contains(text), "shown as it is: {text}");
            let fallback = rendered.text.to_ascii_lowercase();
            assert!(!fallback.contains(['<', '>']), "{fallback}");
            for call in ["@here", "@channel", "@everyone"] {
                assert!(!fallback.contains(call), "{fallback}");
            }
        }
        assert_eq!(
            fallback(&Message::new(Tone::Neutral, "ana@acme.example & co")),
            "• ana@acme.example &amp; co"
        );
    }

    #[test]
    fn only_web_links_lead_anywhere() {
        for link in ["javascript:alert(1)", "file:///etc/passwd", "slack://open", "data:text/html,x"] {
            let message = Message::new(Tone::Good, "done").linked(url(link));
            assert!(!render(&message).blocks.to_string().contains("link"), "{link}");
        }
        let long = format!("https://ci.example/{}", "x".repeat(3_000));
        assert!(
            !render(&Message::new(Tone::Good, "done").linked(url(&long))).blocks.to_string().contains("link")
        );
    }

    #[test]
    fn nothing_empty_is_sent() {
        let message = Message::new(Tone::Good, " ")
            .with(Block::Text("\n ".to_owned()))
            .with(Block::Code(String::new()))
            .with(Block::Fields(Vec::new()))
            .with(Block::Fields(vec![("Branch".to_owned(), String::new())]))
            .with(Block::List(vec![ListEntry { text: String::new(), link: None }]));
        let blocks = render(&message).blocks;
        assert_eq!(blocks.as_array().unwrap().len(), 2, "{blocks}");
        assert!(seen(&blocks).contains("(no title)"), "Slack refuses empty texts: {blocks}");
        assert!(!blocks.to_string().contains("\"text\":\"\""), "{blocks}");
    }

    #[test]
    fn what_is_over_the_limits_is_left_out_and_said_to_be() {
        let list = |count: usize| {
            Block::List((0..count).map(|n| ListEntry { text: format!("row {n}"), link: None }).collect())
        };
        let many = |block: Block, count: usize| {
            (0..count).fold(Message::new(Tone::Good, "t"), |message, _| message.with(block.clone()))
        };
        let cases = [
            many(Block::Text("x".repeat(100_000)), 1),
            many(Block::Text("words and words ".repeat(10_000)), 3),
            many(Block::Text("👨‍👩‍👧".repeat(20_000)), 1),
            many(Block::Code("line\n".repeat(50_000)), 1),
            many(Block::Code("line\n".repeat(50_000)), 60),
            many(Block::Text("short".to_owned()), 200),
            many(Block::Fields(vec![("n".repeat(900), "v".repeat(900)); 100]), 1),
            many(list(20_000), 1),
            Message::new(Tone::Good, "t".repeat(100_000)).with(list(3)),
            Message::new(Tone::Good, format!("t{}", "\u{301}".repeat(100_000))).with(list(3)),
        ];
        for (n, message) in cases.iter().enumerate() {
            let rendered = render(message);
            let blocks = rendered.blocks.as_array().unwrap();
            assert!(blocks.len() <= BLOCKS, "case {n}: {} blocks", blocks.len());
            let text = seen(&rendered.blocks);
            assert!(size(&text) <= TOTAL, "case {n}: {} characters", size(&text));
            assert!(size(&rendered.text) <= FALLBACK, "case {n}");
            let said = text.ends_with("are left out") || text.contains("characters before this") || n >= 8;
            assert!(said, "case {n}: {}", &text[text.len() - 60..]);
        }
    }

    #[test]
    fn a_persons_words_are_whole_and_in_their_lines() {
        let long = "word ".repeat(2_300);
        let indented = format!("Steps:\n  - one\n{}\n  - last", "    detail\n".repeat(400).trim_end());
        let cases =
            ["Freeze until noon.\nThen not.", long.trim_end(), &indented, &"x".repeat(WHOLE - 2), "a\n\n\nb"];
        for written in cases {
            assert!(size(written) <= WHOLE);
            let alone = Message::new(Tone::Neutral, written);
            let beside = Message::new(Tone::Neutral, "an item").with(Block::Text(written.to_owned()));
            for (message, before) in [(alone, "• "), (beside, "• an item")] {
                let blocks = render(&message).blocks;
                // Parts stand below each other.
                let parts: Vec<String> = blocks.as_array().unwrap().iter().map(seen).collect();
                let shown = parts.join("\n");
                let shown = shown.strip_prefix(before).unwrap().trim_start_matches('\n');
                let kept = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                match written.contains(' ') || written.contains('\n') {
                    true => assert_eq!(kept(shown), kept(written)),
                    false => assert_eq!(shown.replace('\n', ""), written),
                }
                assert!(!shown.contains("left out"), "{}", &shown[shown.len() - 60..]);
                for line in written.lines().filter(|line| size(line) < LINE) {
                    assert!(shown.lines().any(|it| it == line), "{line:?} is a line of its own");
                }
            }
        }
    }

    #[test]
    fn all_that_is_left_out_is_counted() {
        let message = Message::new(Tone::Good, "t").with(Block::Text("x".repeat(20_000)));
        let text = seen(&render(&message).blocks);
        let shown = text.chars().filter(|&c| c == 'x').count();
        let note = format!("… {} more characters are left out", thousands(20_000 - shown));
        assert!(text.ends_with(&note), "{}", &text[text.len() - 60..]);
    }

    #[test]
    fn code_keeps_its_end() {
        let code: String = (0..5_000).map(|n| format!("line {n}\n")).collect();
        let message = Message::new(Tone::Bad, "failed")
            .with(Block::Code(code.clone()))
            .with(Block::Text("after it".to_owned()));
        let text = seen(&render(&message).blocks);
        assert!(text.contains("line 4998\nline 4999") && !text.contains("line 0\n"));
        assert!(text.ends_with("after it"), "what follows is still there");
        let before = text.split("… ").nth(1).unwrap().split(' ').next().unwrap().replace(',', "");
        let shown = text.split("before this\n").nth(1).unwrap().strip_suffix("after it").unwrap();
        assert_eq!(before.parse::<usize>().unwrap() + shown.len(), code.trim_end().len());
        assert!(shown.starts_with("line "), "it starts at the beginning of a line: {}", &shown[..20]);
    }

    #[test]
    fn numbers_are_grouped() {
        for (count, expected) in [(7, "7"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(count), expected);
        }
    }
}
