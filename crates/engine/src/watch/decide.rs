//! What is to be done about an event: the decision of the rules, in the form that the store keeps with the event.

use std::{sync::Arc, time::Duration};

use callboard_domain::{rules::NotifyLevel, run::Run};

use crate::{
    active_config::ActiveConfig,
    store::{Decide, EventDecision, NewEvent, Notice, Post},
};

/// The active rules.
struct ActiveRules(Arc<ActiveConfig>);

/// The active rules, as the store asks them.
pub(crate) fn by(active: Arc<ActiveConfig>) -> Arc<dyn Decide> {
    Arc::new(ActiveRules(active))
}

impl Decide for ActiveRules {
    fn decide(&self, NewEvent { event, item, me, snoozed }: NewEvent<'_>) -> EventDecision {
        let ActiveConfig { rules, config, .. } = &*self.0;
        let decision = rules.decide(event, item, me);
        let is_shown = !snoozed && matches!(decision.action, NotifyLevel::Notify | NotifyLevel::Important);
        let posts = decision.post.iter().zip(&decision.posted_by).map(|(channel, rule)| {
            let (to, note) = match config.address(channel) {
                Ok(address) => (address, None),
                // A template has named a channel that does not exist: the event must not be lost for that.
                Err(what) => {
                    let note = format!("Meant for another channel: {what}");
                    (config.default_channel.clone(), Some(note))
                }
            };
            Post { to, note, rule: rule.clone() }
        });
        EventDecision {
            posts: posts.collect(),
            silence: decision.action == NotifyLevel::Silence,
            notice: is_shown.then(|| Notice {
                important: decision.action == NotifyLevel::Important,
                group: decision.group.clone(),
            }),
            record: serde_json::to_string(&decision).unwrap_or_default(),
        }
    }

    fn is_doing_of(&self, run: &Run, NewEvent { event, me, .. }: NewEvent<'_>) -> bool {
        let role = self.0.registry.find(&run.command).ok().and_then(|entry| entry.spec.role);
        run.did(role, event, me)
    }

    fn remembered(&self) -> Duration {
        self.0.retention().record
    }
}
