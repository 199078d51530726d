//! A source that is read with an account of another's.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{AccountName, Item},
    source::{Batch, Cursor, Source},
};
use jiff::Timestamp;

/// Sources that are read with accounts, beside their own. They keep no cursor: each poll of theirs gives all that they have.
pub(crate) type Sources = [(AccountName, Arc<dyn Source>)];

/// An account's own source, with those beside it.
pub(crate) fn with_beside(
    own: Option<Arc<dyn Source>>,
    account: &AccountName,
    sources: &Sources,
) -> Option<Arc<dyn Source>> {
    let others = sources.iter().filter(|(name, _)| name == account).map(|(_, source)| Arc::clone(source));
    others.fold(own, |own, other| {
        Some(match own {
            Some(own) => Arc::new(Beside { own, other }),
            None => other,
        })
    })
}

struct Beside {
    own: Arc<dyn Source>,
    other: Arc<dyn Source>,
}

#[async_trait]
impl Source for Beside {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let mut batch = self.own.poll(since, now).await?;
        let Batch { snapshots, gone, gone_runs, complete, problems, .. } = self.other.poll(None, now).await?;
        batch.snapshots.extend(snapshots);
        batch.gone.extend(gone);
        batch.gone_runs.extend(gone_runs);
        batch.complete.extend(complete);
        batch.problems.extend(problems);
        Ok(batch)
    }

    fn watches(&self, item: &Item) -> bool {
        self.own.watches(item) || self.other.watches(item)
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        item::{ApprovalState, Kind},
        source::Scope,
    };

    use super::*;

    /// Gives one item, and the number of its polls as its cursor.
    struct Fixed(Item);

    #[async_trait]
    impl Source for Fixed {
        async fn poll(&self, since: Option<&Cursor>, _: Timestamp) -> Result<Batch, ServiceError> {
            let before = since.map_or(0, |cursor| cursor.0.parse::<u32>().unwrap());
            Ok(Batch {
                snapshots: vec![self.0.clone()],
                complete: vec![Scope::all(self.0.key.kind)],
                cursor: Some(Cursor((before + 1).to_string())),
                ..Batch::default()
            })
        }

        fn watches(&self, item: &Item) -> bool {
            item.key == self.0.key
        }
    }

    #[tokio::test]
    async fn both_are_read_and_the_cursor_is_the_accounts_own() {
        let pull = crate::tests::pull(1, "Try it", &[]);
        let asked = crate::tests::approval("web", ApprovalState::Waiting);
        let fixed = |item: &Item| -> Arc<dyn Source> { Arc::new(Fixed(item.clone())) };
        let sources = [(AccountName::from("forge"), fixed(&asked)), ("ci".into(), fixed(&pull))];
        let both = with_beside(Some(fixed(&pull)), &"forge".into(), &sources).unwrap();
        let batch = both.poll(Some(&Cursor("4".into())), Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(batch.snapshots, [pull.clone(), asked.clone()]);
        assert_eq!(batch.complete, [Scope::all(Kind::PullRequest), Scope::all(Kind::Approval)]);
        assert_eq!(batch.cursor, Some(Cursor("5".into())));
        assert!(both.watches(&pull) && both.watches(&asked));
        assert!(!both.watches(&crate::tests::pull(2, "Another", &[])));
        // An account that has none of its own is watched all the same; one that nothing stands beside stays as it is.
        assert!(with_beside(None, &"ci".into(), &sources).is_some());
        assert!(with_beside(None, &"chat".into(), &sources).is_none());
    }
}
