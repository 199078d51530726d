//! Whom an event asks for something, seen from me.

use crate::{
    event::{Event, EventName},
    identity::Identity,
    item::{Detail, Item, User},
};

/// True where an event asks me for something, or a team of mine, and had not asked me by then: a person who is asked by name
/// and by a team is asked once. Nobody asks themselves: a review of my own pull request is for the others of my team.
///
/// A request for a review that names nobody was recorded by an earlier version, which recorded only those of me.
pub fn concerns_me(event: &Event, item: &Item, me: &Identity) -> bool {
    match event.name {
        EventName::ReviewRequested if event.of.is_empty() => true,
        _ => names_me(&event.of, item, me) && !event.asked_before.iter().any(|id| me.is(id)),
    }
}

/// True where an event concerns others alone: they are asked, and I am not. Such an event is only recorded, except where a
/// rule reads its recipients.
pub fn concerns_others_only(event: &Event, item: &Item, me: &Identity) -> bool {
    event.name == EventName::ReviewRequested && !concerns_me(event, item, me)
}

/// True where I am among those who are asked, or a team of mine.
pub(super) fn names_me(of: &[User], item: &Item, me: &Identity) -> bool {
    let is_own = matches!(&item.detail, Detail::PullRequest(pull) if me.is(&pull.author));
    !is_own && of.iter().any(|user| me.is(&user.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::examples::{at, kim, pull_request};

    #[test]
    fn event_is_of_me_where_i_am_newly_asked() {
        let by = |author: &'static str| pull_request(|p| p.author = author.into());
        // author, of whom, asked before -> of me
        let cases: [(&str, &[&str], &[&str], bool); 11] = [
            ("ana", &["kim"], &[], true),
            ("ana", &["KIM"], &[], true),
            ("ana", &["team/web"], &[], true),
            ("ana", &["team/acme/web"], &[], true),
            ("ana", &["bo"], &[], false),
            ("ana", &["team/acme/release"], &[], false),
            ("ana", &["kim"], &["bo"], true),
            ("ana", &["team/acme/web"], &["bo", "kim"], false),
            ("ana", &["kim"], &["team/acme/web"], false),
            ("kim", &["team/web"], &[], false),
            // As an earlier version recorded it.
            ("ana", &[], &[], true),
        ];
        for (author, of, before, expected) in cases {
            let item = by(author);
            let event = Event {
                id: 1,
                item: item.key.clone(),
                name: EventName::ReviewRequested,
                at: at(1),
                seen_at: at(1),
                old: false,
                moot: false,
                moot_because: None,
                by: None,
                of: of.iter().copied().map(User::named).collect(),
                asked_before: before.iter().copied().map(str::to_owned).collect(),
                summary: String::new(),
            };
            let found = (concerns_me(&event, &item, &kim()), concerns_others_only(&event, &item, &kim()));
            assert_eq!(found, (expected, !expected), "{author}: {of:?} after {before:?}");
            // What asks nobody in particular is of nobody, and so not of others alone.
            let opened = Event { name: EventName::Opened, of: Vec::new(), ..event.clone() };
            assert!(!concerns_me(&opened, &item, &kim()) && !concerns_others_only(&opened, &item, &kim()));
            // An incident that is assigned to others concerns whoever watches it.
            let reassigned = Event { name: EventName::Reassigned, ..event };
            assert!(!concerns_others_only(&reassigned, &item, &kim()));
        }
    }
}
