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
        .with_link(url("https://ci.example/7"))
        .with_block(Block::Text("two\nlines".to_owned()))
        .with_block(Block::Fields(vec![("Branch".into(), "main".into()), ("By".into(), "ana".into())]))
        .with_block(Block::Code("error: boom\n".to_owned()))
        .with_block(Block::List(vec![
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
fn text_never_becomes_a_mention_a_link_or_markup() {
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
            .with_block(Block::Text(text.to_owned()))
            .with_block(Block::Code(format!("```\n{text}")))
            .with_block(Block::Fields(vec![(text.to_owned(), text.to_owned())]))
            .with_block(Block::List(vec![ListEntry { text: text.to_owned(), link: None }]));
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
fn only_web_links_become_links() {
    for link in ["javascript:alert(1)", "file:///etc/passwd", "slack://open", "data:text/html,x"] {
        let message = Message::new(Tone::Good, "done").with_link(url(link));
        assert!(!render(&message).blocks.to_string().contains("link"), "{link}");
    }
    let long = format!("https://ci.example/{}", "x".repeat(3_000));
    assert!(
        !render(&Message::new(Tone::Good, "done").with_link(url(&long))).blocks.to_string().contains("link")
    );
}

#[test]
fn nothing_empty_is_sent() {
    let message = Message::new(Tone::Good, " ")
        .with_block(Block::Text("\n ".to_owned()))
        .with_block(Block::Code(String::new()))
        .with_block(Block::Fields(Vec::new()))
        .with_block(Block::Fields(vec![("Branch".to_owned(), String::new())]))
        .with_block(Block::List(vec![ListEntry { text: String::new(), link: None }]));
    let blocks = render(&message).blocks;
    assert_eq!(blocks.as_array().unwrap().len(), 2, "{blocks}");
    assert!(seen(&blocks).contains("(no title)"), "Slack refuses empty texts: {blocks}");
    assert!(!blocks.to_string().contains("\"text\":\"\""), "{blocks}");
}

#[test]
fn text_over_the_limits_is_left_out_with_a_note() {
    let list = |count: usize| {
        Block::List((0..count).map(|n| ListEntry { text: format!("row {n}"), link: None }).collect())
    };
    let many = |block: Block, count: usize| {
        (0..count).fold(Message::new(Tone::Good, "t"), |message, _| message.with_block(block.clone()))
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
        Message::new(Tone::Good, "t".repeat(100_000)).with_block(list(3)),
        Message::new(Tone::Good, format!("t{}", "\u{301}".repeat(100_000))).with_block(list(3)),
    ];
    for (n, message) in cases.iter().enumerate() {
        let rendered = render(message);
        let blocks = rendered.blocks.as_array().unwrap();
        assert!(blocks.len() <= BLOCKS, "case {n}: {} blocks", blocks.len());
        let text = seen(&rendered.blocks);
        assert!(size(&text) <= TOTAL, "case {n}: {} characters", size(&text));
        assert!(size(&rendered.text) <= FALLBACK, "case {n}");
        let is_marked = text.ends_with("are left out") || text.contains("characters before this") || n >= 8;
        assert!(is_marked, "case {n}: {}", &text[text.len() - 60..]);
    }
}

#[test]
fn text_of_a_person_keeps_its_lines() {
    let long = "word ".repeat(2_300);
    let indented = format!("Steps:\n  - one\n{}\n  - last", "    detail\n".repeat(400).trim_end());
    let cases =
        ["Freeze until noon.\nThen not.", long.trim_end(), &indented, &"x".repeat(WHOLE - 2), "a\n\n\nb"];
    for written in cases {
        assert!(size(written) <= WHOLE);
        let alone = Message::new(Tone::Neutral, written);
        let beside = Message::new(Tone::Neutral, "an item").with_block(Block::Text(written.to_owned()));
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
    let message = Message::new(Tone::Good, "t").with_block(Block::Text("x".repeat(20_000)));
    let text = seen(&render(&message).blocks);
    let shown = text.chars().filter(|&c| c == 'x').count();
    let note = format!("… {} more characters are left out", thousands(20_000 - shown));
    assert!(text.ends_with(&note), "{}", &text[text.len() - 60..]);
}

#[test]
fn code_keeps_its_end() {
    let code: String = (0..5_000).map(|n| format!("line {n}\n")).collect();
    let message = Message::new(Tone::Bad, "failed")
        .with_block(Block::Code(code.clone()))
        .with_block(Block::Text("after it".to_owned()));
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
