//! Messages in neutral blocks, which every channel renders in its own markup.
//!
//! All text in here is data: a renderer escapes it, so that no title becomes a mention, a tag or an escape.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::item;

/// A message for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Message {
    /// Its tone: shown as a mark or colour.
    pub tone: Tone,
    /// The one line that sums it up.
    pub title: String,
    /// Where the title leads.
    pub link: Option<Url>,
    /// More, in order.
    pub blocks: Vec<Block>,
}

/// The tone of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Under way.
    Running,
    /// Ended well.
    Good,
    /// Ended badly, or broke.
    Bad,
    /// Wants a person.
    Attention,
    /// Not known.
    Unknown,
    /// Just so that you know.
    Neutral,
}

impl Tone {
    /// A mark in plain text, readable without colour.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Running => "◔",
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Attention => "◆",
            Self::Unknown => "?",
            Self::Neutral => "•",
        }
    }
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Plain text, maybe of several lines.
    Text(String),
    /// Names and values, shown side by side.
    Fields(Vec<(String, String)>),
    /// Output, in a fixed-width face; its end is what counts.
    Code(String),
    /// A list, one row each, with where it leads.
    List(Vec<ListEntry>),
}

/// A row of a [`Block::List`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct ListEntry {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub link: Option<Url>,
}

impl Message {
    /// A message of one line.
    pub fn new(tone: Tone, title: impl Into<String>) -> Self {
        Self { tone, title: title.into(), link: None, blocks: Vec::new() }
    }

    /// The same with a link on its title.
    #[must_use]
    pub fn with_link(mut self, link: Option<Url>) -> Self {
        self.link = link;
        self
    }

    /// The same with one more block.
    #[must_use]
    pub fn with_block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Takes out every link that is not safe to follow ([`item::keep_safe_link`]).
    pub fn clean_links(&mut self) {
        item::keep_safe_link(&mut self.link);
        clean_links(&mut self.blocks);
    }

    /// The message as plain text, as a terminal, a log or the built-in room shows it.
    pub fn plain(&self) -> String {
        let mut out = format!("{} {}", self.tone.mark(), self.title);
        for block in &self.blocks {
            out.push('\n');
            match block {
                Block::Text(text) => out.push_str(text),
                Block::Code(code) => out.push_str(code.trim_end()),
                Block::Fields(fields) => {
                    let lines: Vec<_> =
                        fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                    out.push_str(&lines.join("\n"));
                }
                Block::List(rows) => {
                    let lines: Vec<_> = rows.iter().map(|row| format!("- {}", row.text)).collect();
                    out.push_str(&lines.join("\n"));
                }
            }
        }
        out
    }
}

/// Takes out every link of these blocks that is not safe to follow ([`item::keep_safe_link`]).
pub fn clean_links(blocks: &mut [Block]) {
    for block in blocks {
        match block {
            Block::List(entries) => {
                entries.iter_mut().for_each(|entry| item::keep_safe_link(&mut entry.link))
            }
            Block::Text(_) | Block::Fields(_) | Block::Code(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_are_safe_to_follow_are_kept() {
        let cases = [
            ("https://ci.example/7", Some("https://ci.example/7")),
            ("javascript:alert(1)", None),
            ("data:text/html,<script>alert(1)</script>", None),
            ("file:///etc/passwd", None),
        ];
        for (link, expected) in cases {
            let link = Url::parse(link).ok();
            let entry = ListEntry { text: "job".into(), link: link.clone() };
            let mut message =
                Message::new(Tone::Bad, "web failed").with_link(link).with_block(Block::List(vec![entry]));
            message.clean_links();
            let Block::List(entries) = &message.blocks[0] else { unreachable!() };
            let kept = [&message.link, &entries[0].link].map(|link| link.as_ref().map(Url::as_str));
            assert_eq!(kept, [expected, expected]);
        }
    }
}
