//! A message keeps the chat's limits, however long it is.

use callboard_domain::{
    chat::DeliveryKey,
    message::{Block, ListEntry, Message, Tone},
};

use super::Subject;

impl Subject {
    pub(super) async fn keeps_the_limits(&self) {
        let Some((channel, rendered)) = self.chat else { return };
        let server = self.good_service().await;
        let chat = self.connect(&server.uri()).chat.expect("a chat");
        let row = ListEntry { text: "row ".repeat(50), link: None };
        let long = Message::new(Tone::Bad, "title ".repeat(2_000))
            .with(Block::Text("text ".repeat(20_000)))
            .with(Block::Fields(vec![("name".repeat(100), "value".repeat(2_000)); 100]))
            .with(Block::List(vec![row; 300]))
            .with(Block::Code("line of output 👨‍👩‍👧\n".repeat(20_000)));
        chat.post(channel, &long, &DeliveryKey("long".to_owned())).await.unwrap();
        let requests = server.received_requests().await.unwrap();
        let posted: Vec<_> = requests.iter().filter_map(rendered).collect();
        assert!(!posted.is_empty(), "nothing was posted");
        for text in posted {
            let (length, limit) = (text.chars().count(), chat.limits().max_chars);
            assert!(length <= limit, "{length} characters, where {limit} are allowed");
        }
    }
}
