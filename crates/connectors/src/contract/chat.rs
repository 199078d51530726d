//! A chat does what its limits declare, and no more; a message keeps to their length, however long it was.

use callboard_domain::{
    chat::{DeliveryKey, Edited},
    message::{Block, ListEntry, Message, Tone},
};
use wiremock::MockServer;

use super::subject::{Subject, now};

/// One character as people count, of five code points.
const FAMILY: &str = "👨\u{200d}👩\u{200d}👧";

impl Subject {
    pub(super) async fn keeps_the_limits(&self) {
        let Some((channel, rendered)) = self.chat else { return };
        let server = self.good_service().await;
        let chat = self.connect(&server.uri()).chat.expect("a chat");
        let row = ListEntry { text: "row ".repeat(50), link: None };
        let long = Message::new(Tone::Bad, "title ".repeat(2_000))
            .with_block(Block::Text("text ".repeat(20_000)))
            .with_block(Block::Fields(vec![("name".repeat(100), "value".repeat(2_000)); 100]))
            .with_block(Block::List(vec![row; 300]))
            .with_block(Block::Code(format!("line of output {FAMILY}\n").repeat(20_000)));
        // It cannot be parted at white space.
        let families = format!("x{}", FAMILY.repeat(3_000));
        let unparted = Message::new(Tone::Bad, "families")
            .with_block(Block::Text(families.clone()))
            .with_block(Block::Code(families.clone()));
        for message in [long, unparted, Message::new(Tone::Bad, families)] {
            chat.post(channel, &message, &DeliveryKey("long".to_owned())).await.unwrap();
        }
        let requests = server.received_requests().await.unwrap();
        let posted: Vec<_> = requests.iter().filter_map(rendered).collect();
        assert!(!posted.is_empty(), "nothing was posted");
        let limits = chat.limits();
        for text in posted {
            let length = limits.unit.measure(&text);
            assert!(length <= limits.length, "{length}, where {} are allowed", limits.length);
            let left = text.replace(FAMILY, "");
            assert!(!left.contains(['👨', '👩', '👧', '\u{200d}']), "a character is cut in two");
        }
    }

    pub(super) async fn declared_limits_hold(&self) {
        let Some((channel, _)) = self.chat else { return };
        let server = self.good_service().await;
        let chat = self.connect(&server.uri()).chat.expect("a chat");
        let limits = chat.limits();
        let (key, other) = (DeliveryKey("delivery-1".to_owned()), DeliveryKey("delivery-2".to_owned()));
        let message = Message::new(Tone::Good, "web main passed");
        let posted = chat.post(channel, &message, &key).await.unwrap();
        assert!(
            !posted.id.is_empty() || !(limits.edits || limits.threads),
            "what is edited or answered has a name"
        );

        let before = self.writes_to(&server).await.len();
        let edited = chat.edit(&posted, &message).await;
        assert_eq!(matches!(edited, Ok(Edited::Done)), limits.edits, "{edited:?}");
        let replied = chat.reply(&posted, &message, &other).await;
        assert_eq!(replied.is_ok(), limits.threads, "{replied:?}");
        let sent = self.writes_to(&server).await.split_off(before);
        // Each names what it edits or answers; what is not there sends nothing.
        let naming = sent.iter().filter(|text| !posted.id.is_empty() && text.contains(&posted.id)).count();
        let able = [limits.edits, limits.threads].into_iter().filter(|able| *able).count();
        assert_eq!((sent.len(), naming), (able, able), "{sent:?}");

        let found = chat.find(channel, None, &key, now()).await;
        assert_eq!(found.as_ref().is_ok_and(Option::is_some), limits.finds, "{found:?}");
        let before = self.writes_to(&server).await.len();
        if limits.idempotent {
            let again = chat.post(channel, &message, &key).await.unwrap();
            assert_eq!(again.id, posted.id, "the same key is the same message");
            let sent = self.writes_to(&server).await.split_off(before);
            assert!(sent.iter().all(|text| text.contains(&key.0)), "only the key identifies it: {sent:?}");
        }
        let unused = [limits.buttons, limits.reactions, limits.listens];
        assert_eq!(unused, [false; 3], "there is no call for it yet, so no chat can be said to do it");
    }

    /// What was sent to change something: the path and the body of each request.
    async fn writes_to(&self, server: &MockServer) -> Vec<String> {
        let requests = server.received_requests().await.unwrap();
        let writes = requests.iter().filter(|request| (self.writes)(request));
        writes.map(|it| format!("{} {}", it.url, String::from_utf8_lossy(&it.body))).collect()
    }
}
